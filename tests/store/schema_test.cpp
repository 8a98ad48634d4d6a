// SPDX-License-Identifier: Apache-2.0
#include "store/schema/schema.h"

#include <fstream>
#include <sstream>

#include "tests/catch.h"

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
    std::ifstream file(std::string(HONE_SOURCE_DIR) + "/store/schema/sqlite/" +
                       std::string(migration.name) + ".sql");
    std::stringstream text;
    text << file.rdbuf();
    REQUIRE(migration.sql == text.str());
  }
}

}  // namespace
}  // namespace hone::store
