// SPDX-License-Identifier: Apache-2.0
#include "api/server/auth/token_file.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/sha256.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"

namespace hone::auth {
namespace {

using testing::TempFolder;

Token Full() {
  const auto now = *ParseTimestamp("2026-01-31T12:00:00Z");
  return {.id = {},
          .name = "ada's notebook",
          .role = Role::kEditor,
          .namespaces = {"default", "vision"},
          .hash = {},
          .created_at = now,
          .expires_at = now + std::chrono::hours(1)};
}

TEST_CASE("tokens: what a client shows is parsed, and nothing that only looks like it", "[api]") {
  Token token = Full();
  const std::string text = Mint(token);
  const auto shown = ParseShown(text);
  REQUIRE(shown.has_value());
  CHECK(shown->id == token.id);
  CHECK(Sha256Of(shown->secret) == token.hash);
  CHECK(TextOf(*shown) == text);
  for (const std::string& other :
       {std::string(), text + "0", text.substr(1), text + "_", "hone_" + token.id,
        "hone__" + shown->secret, "HONE" + text.substr(4), text.substr(0, text.size() - 1) + "G"}) {
    CHECK_FALSE(ParseShown(other).has_value());
  }
}

TEST_CASE("tokens: the file has them all, no secret of theirs, and is for its owner alone",
          "[api]") {
  const TempFolder folder;
  const auto file = TokenFile(folder / "data");
  CHECK(ReadTokens(file) == TokenBook());
  Token token = Full();
  const std::string shown = Mint(token);
  REQUIRE(ChangeTokens(file, [&](TokenBook& book) -> Status {
            book.tokens.push_back(token);
            return {};
          }).has_value());
  const auto book = ReadTokens(file);
  REQUIRE(book.has_value());
  REQUIRE(book->tokens.size() == 1);
  CHECK(book->tokens[0] == token);
  CHECK(book->trial_key.size() == 64);
  CHECK(book->Find(token.id) != nullptr);
  CHECK(book->Find("00000000") == nullptr);
  CHECK(ReadFile(file)->find(ParseShown(shown)->secret) == std::string::npos);
  struct stat there {};
  REQUIRE(::stat(file.c_str(), &there) == 0);
  CHECK((there.st_mode & 0777) == 0600);

  REQUIRE(ChangeTokens(file, [](TokenBook& b) -> Status {
            b.tokens[0].revoked_at = b.tokens[0].created_at;
            return {};
          }).has_value());
  CHECK(ReadTokens(file)->trial_key == book->trial_key);
  CHECK(StandingOf(ReadTokens(file)->tokens[0], token.created_at) == "revoked");
}

TEST_CASE("tokens: a change that fails writes nothing; a file that is not ours is refused",
          "[api]") {
  const TempFolder folder;
  const auto file = TokenFile(folder.path());
  const auto failed =
      ChangeTokens(file, [](TokenBook&) -> Status { return Fail(Code::kNotFound, "none"); });
  CHECK(failed.error().code == Code::kNotFound);
  CHECK_FALSE(std::filesystem::exists(file));

  struct Case {
    const char* name;
    const char* text;
    mode_t mode;
    Code code;
  };
  const Case cases[] = {
      {"others may read it", R"({"version": 1, "trialKey": "", "tokens": []})", 0644,
       Code::kFailedPrecondition},
      {"no JSON", R"({"trialKey": "deadbeef", )", 0600, Code::kDataLoss},
      {"empty", "", 0600, Code::kDataLoss},
      {"another version", R"({"version": 2, "trialKey": "", "tokens": []})", 0600, Code::kDataLoss},
      {"a token without its hash",
       R"({"version": 1, "trialKey": "", "tokens": [{"id": "1", "name": "", "role": "admin"}]})",
       0600, Code::kDataLoss},
      {"an unheard-of role",
       R"({"version": 1, "trialKey": "", "tokens": [{"id": "1", "name": "", "role": "root"}]})",
       0600, Code::kDataLoss},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      REQUIRE(WriteFile(file, c.text).has_value());
      REQUIRE(::chmod(file.c_str(), c.mode) == 0);
      const auto book = ReadTokens(file);
      REQUIRE_FALSE(book.has_value());
      CHECK(book.error().code == c.code);
      CHECK(book.error().message.find("deadbeef") == std::string::npos);
    }
  }
}

}  // namespace
}  // namespace hone::auth
