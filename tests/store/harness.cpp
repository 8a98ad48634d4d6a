// SPDX-License-Identifier: Apache-2.0
#include "tests/store/harness.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>

#include "base/check.h"

namespace hone::test {

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "hone-store-XXXXXX").string();
  HONE_CHECK(::mkdtemp(name.data()) != nullptr, "a temporary folder is needed");
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;  // nothing to be done about what stays behind
  std::filesystem::remove_all(path_, ignored);
}

SqliteHarness::SqliteHarness() : folder_(std::make_unique<TempFolder>()), file_(folder_->File()) {
  Reopen();
}

SqliteHarness::SqliteHarness(const std::filesystem::path& file, SqliteOptions options)
    : file_(file), options_(options) {
  Reopen();
}

void SqliteHarness::Reopen() {
  store_.reset();
  options_.clock = &clock_;
  auto opened = SqliteStore::Create(file_, options_);
  HONE_CHECK(opened.has_value(), opened ? "" : opened.error().message);
  store_ = std::move(*opened);
}

std::string Bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

std::string RawSql(const std::filesystem::path& file, const std::string& sql) {
  SQLite::Database database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000);
  SQLite::Statement statement(database, sql);
  return statement.executeStep() ? statement.getColumn(0).getString() : std::string();
}

}  // namespace hone::test
