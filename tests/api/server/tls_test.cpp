// SPDX-License-Identifier: Apache-2.0
#include "api/server/tls.h"

#include <sys/stat.h>

#include "base/file.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"
#include "tests/support/certificates.h"

namespace hone {
namespace {

TEST_CASE("tls: nothing is asked for, nothing is loaded", "[api]") {
  const auto none = LoadTls({});
  REQUIRE(none.has_value());
  CHECK_FALSE(none->has_value());
}

TEST_CASE("tls: files that do not fit are refused with the flag that names them", "[api]") {
  if (!test::HasOpenssl()) {
    return;
  }
  const testing::TempFolder folder;
  const test::Certificates made(folder.path());
  made.MakeAuthority("ca");
  made.Make("server", "ca");
  made.Make("other", "ca");
  const std::string cert = made.Certificate("server");
  const std::string key = made.Key("server");
  const auto good = LoadTls({cert, key, made.Certificate("ca")});
  REQUIRE((good && *good));
  CHECK((*good)->certificate == ReadFile(cert));
  CHECK((*good)->key == ReadFile(key));

  const std::string open = (folder / "open.key").string();
  REQUIRE(WriteFile(open, *ReadFile(key)).has_value());
  REQUIRE(::chmod(open.c_str(), 0644) == 0);
  const std::string text = (folder / "text.pem").string();
  REQUIRE(WriteFile(text, "no PEM").has_value());
  struct Case {
    const char* name;
    TlsFiles files;
    const char* field;
  };
  const Case cases[] = {
      {"no key", {cert, "", ""}, "--tls-key"},
      {"no certificate", {"", key, ""}, "--tls-cert"},
      {"clients' alone", {"", "", cert}, "--tls-cert"},
      {"a missing file", {cert + "x", key, ""}, "--tls-cert"},
      {"a key for a certificate", {key, key, ""}, "--tls-cert"},
      {"a certificate for a key", {cert, cert, ""}, "--tls-key"},
      {"another's key", {cert, made.Key("other"), ""}, "--tls-key"},
      {"a key that everybody may read", {cert, open, ""}, "--tls-key"},
      {"a text for the clients' authority", {cert, key, text}, "--tls-client-ca"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const auto refused = LoadTls(c.files);
      REQUIRE_FALSE(refused.has_value());
      CHECK(refused.error().code == Code::kInvalidArgument);
      CHECK(refused.error().field == c.field);
    }
  }
}

}  // namespace
}  // namespace hone
