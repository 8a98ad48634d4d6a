// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/process.h"
#include "tests/catch.h"

/// Certificates for TLS, made by the program openssl where they are needed.
namespace hone::test {

inline constexpr const char* kOpenssl = "/usr/bin/openssl";

/// Whether they can be made here; says so if not.
inline bool HasOpenssl() {
  if (std::filesystem::exists(kOpenssl)) {
    return true;
  }
  WARN("skipped: there is no openssl (tools/setup.sh --test installs it)");
  return false;
}

/// NAME.crt and NAME.key of an authority or a party in a folder.
class Certificates {
 public:
  explicit Certificates(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// One that signs others.
  void MakeAuthority(const std::string& name) const {
    Run({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
         "2", "-subj", "/CN=" + name, "-out", Certificate(name), "-keyout", Key(name)});
  }
  /// One for 127.0.0.1 and localhost that `authority` signed; also good as a client's.
  void Make(const std::string& name, const std::string& authority) const {
    const std::string request = (folder_ / (name + ".csr")).string();
    Run({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
         "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-out", request,
         "-keyout", Key(name)});
    Run({"x509", "-req", "-in", request, "-CA", Certificate(authority), "-CAkey", Key(authority),
         "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", Certificate(name)});
  }

  [[nodiscard]] std::string Certificate(const std::string& name) const {
    return (folder_ / (name + ".crt")).string();
  }
  [[nodiscard]] std::string Key(const std::string& name) const {
    return (folder_ / (name + ".key")).string();
  }

 private:
  static void Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kOpenssl);
    const auto out = RunAndRead(arguments, std::chrono::seconds(60));
    INFO((out ? "" : out.error().Text()));
    REQUIRE(out.has_value());
  }

  std::filesystem::path folder_;
};

}  // namespace hone::test
