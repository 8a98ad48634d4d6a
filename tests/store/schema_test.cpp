// SPDX-License-Identifier: Apache-2.0
#include "store/schema/schema.h"

#include <fstream>
#include <sstream>
#include <vector>

#include "core/event_codec.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace hone::store {
namespace {

TEST_CASE("schema: CRC-32C of the standard's examples", "[store]") {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue for "123456789".
  REQUIRE(Checksum("123456789") == "e3069283");
  REQUIRE(Checksum(std::string(32, '\0')) == "8a9136aa");
  REQUIRE(Checksum(std::string(32, '\xff')) == "62a8ab43");
  REQUIRE(Checksum("") == "00000000");
}

TEST_CASE("schema: the program carries the files as they are", "[store]") {
  const auto migrations = SqliteMigrations();
  REQUIRE_FALSE(migrations.empty());
  int due = 1;
  for (const Migration& migration : migrations) {
    CAPTURE(migration.name);
    REQUIRE(migration.number == due++);
    std::ifstream file(test::SourceFolder() / "store/schema/sqlite" /
                       (std::string(migration.name) + ".sql"));
    std::stringstream text;
    text << file.rdbuf();
    REQUIRE(migration.sql == text.str());
  }
}

TEST_CASE("docs/ledger.md names each table and each kind of event", "[store]") {
  std::ifstream file(test::SourceFolder() / "docs/ledger.md");
  std::stringstream page;
  page << file.rdbuf();
  std::vector<std::string> words(EventKinds().begin(), EventKinds().end());
  for (const Migration& migration : SqliteMigrations()) {
    std::istringstream sql{std::string(migration.sql)};
    for (std::string line; std::getline(sql, line);) {
      std::istringstream parts(line);
      std::string create;
      std::string what;
      std::string name;
      parts >> create >> what >> name;
      if (create == "CREATE" && (what == "TABLE" || what == "VIEW")) {
        words.push_back(name);
      }
    }
  }
  REQUIRE(words.size() > 30);
  for (const std::string& word : words) {
    CAPTURE(word);
    REQUIRE(page.str().find("`" + word + "`") != std::string::npos);
  }
}

}  // namespace
}  // namespace hone::store
