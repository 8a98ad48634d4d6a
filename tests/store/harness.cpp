// SPDX-License-Identifier: Apache-2.0
#include "tests/store/harness.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>

#include "base/check.h"
#include "store/sqlite/checked_file.h"

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

namespace {

const int kWritable = SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;

std::string FirstAnswer(SQLite::Database& database, const std::string& sql) {
  SQLite::Statement statement(database, sql);
  return statement.executeStep() ? statement.getColumn(0).getString() : std::string();
}

}  // namespace

std::string RawSql(const std::filesystem::path& file, const std::string& sql) {
  SQLite::Database database(file.string(), kWritable, 5000, sqlite::CheckedFiles());
  return FirstAnswer(database, sql);
}

std::string PlainSql(const std::filesystem::path& file, const std::string& sql) {
  SQLite::Database database(file.string(), kWritable, 5000);
  return FirstAnswer(database, sql);
}

void MakeFirstSchema(const std::filesystem::path& file, const std::filesystem::path& rows_of) {
  SQLite::Database database(file.string(), kWritable, 5000);
  const store::Migration& first = store::SqliteMigrations()[0];
  database.exec("PRAGMA journal_mode = WAL; " + std::string(first.sql));
  database.exec("ATTACH '" + rows_of.string() + "' AS other");
  for (const char* rows : {"experiments", "events", "snapshots", "outbox", "requests",
                           "observations", "collector_offsets"}) {
    database.exec(std::string("INSERT INTO ") + rows + " SELECT * FROM other." + rows);
  }
  database.exec(
      "INSERT INTO trials SELECT trial, name, phase, attempt, parameters, metrics, objective, "
      "objective_number, ending, message, created_at, started_at, ended_at FROM other.trials; "
      "INSERT INTO migrations SELECT * FROM other.migrations WHERE number = 1; "
      "PRAGMA main.application_id = 1752133221; PRAGMA main.user_version = 1");
}

}  // namespace hone::test
