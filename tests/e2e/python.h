// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/text.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

/// Clients in Python of what hone serves.
namespace hone::test {

inline constexpr const char* kPython = "/usr/bin/python3";

/// Stubs of a file below api/proto for Python in a folder below the program's own; empty with a
/// word on it if this machine has no gRPC for Python.
inline std::string MakeStubs(HoneProgram& hone, const std::string& proto) {
  if (hone.StartProgram({kPython, "-c", "import grpc, google.protobuf"}).Wait().exit_code != 0) {
    WARN("skipped: Python has no grpc (tools/setup.sh --test installs it)");
    return "";
  }
  const std::filesystem::path stubs = hone.work() / "stubs";
  std::filesystem::create_directories(stubs);
  const auto made =
      hone.StartProgram({"/usr/bin/protoc", "-I", SourceFolder().string(),
                         "--python_out=" + stubs.string(), "--grpc_out=" + stubs.string(),
                         "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin",
                         (SourceFolder() / proto).string()})
          .Wait();
  INFO(made.err);
  REQUIRE(made.exit_code == 0);
  return stubs.string();
}

/// Where a service that was started with port 0 listens.
inline std::string AddressOf(const RunningProgram& service) {
  constexpr std::string_view kWords = "listening on ";
  REQUIRE(Eventually([&] { return service.OutSoFar().ends_with('\n'); }));
  const std::string line = service.OutSoFar();
  REQUIRE(line.starts_with(kWords));
  return std::string(Trim(std::string_view(line).substr(kWords.size())));
}

}  // namespace hone::test
