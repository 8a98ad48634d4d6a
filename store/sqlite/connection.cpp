// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/connection.h"

#include <sqlite3.h>
#include <unistd.h>

namespace hone::sqlite {
namespace {

// No mmap: a file that was cut short must end in an error, not in SIGBUS.
// cell_size_check: damaged pages are found when they are read.
constexpr char kCommonPragmas[] =
    "PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;";

// FULL: a commit is on the disk when `done` hears of it. Checkpoints are rare and large, because
// hot pages are written again and again (measured: docs/ledger.md).
constexpr char kWriterPragmas[] =
    "PRAGMA synchronous = FULL;"
    "PRAGMA secure_delete = OFF;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -65536;"
    "PRAGMA wal_autocheckpoint = 8192;"
    "PRAGMA journal_size_limit = 67108864;";

constexpr char kReaderPragmas[] =
    "PRAGMA query_only = ON;"
    "PRAGMA cache_size = -8192;";

constexpr char kFindKey[] = "SELECT key FROM experiments WHERE id = ?";

int FlagsOf(Access access) {
  switch (access) {
    case Access::kRead:
      return SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX;
    case Access::kFrozen:
      return SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX | SQLite::OPEN_URI;
    case Access::kWrite:
      return SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX;
    case Access::kCreate:
      return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX;
  }
  return 0;
}

std::string NameOf(const std::filesystem::path& path, Access access) {
  if (access != Access::kFrozen) {
    return path.string();
  }
  std::string uri = "file:";
  for (const char c : path.string()) {
    if (c == '%' || c == '?' || c == '#') {
      uri += c == '%' ? "%25" : c == '?' ? "%3f" : "%23";
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

Access ReadAccess(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const bool writable = ::access(folder.c_str(), W_OK) == 0;
  return writable || std::filesystem::exists(path.string() + "-wal") ? Access::kRead
                                                                     : Access::kFrozen;
}

Connection::Connection(const std::filesystem::path& path, Access access, Duration busy_timeout)
    : database_(NameOf(path, access), FlagsOf(access),
                static_cast<int>(
                    std::chrono::duration_cast<std::chrono::milliseconds>(busy_timeout).count()),
                CheckedFiles()) {
  database_.exec(kCommonPragmas);
  if (access == Access::kRead || access == Access::kFrozen) {
    database_.exec(kReaderPragmas);
    return;
  }
  const bool is_new = database_.execAndGet("PRAGMA page_count").getInt64() == 0;
  has_stamps_ = Reserve(kStampBytes) == kStampBytes || is_new;
  const std::string mode = database_.execAndGet("PRAGMA journal_mode = WAL").getString();
  if (mode != "wal") {
    throw SQLite::Exception("the file system of " + path.string() + " allows no WAL, only " + mode);
  }
  database_.exec(kWriterPragmas);
}

void Connection::MakeStamps() {
  database_.exec("VACUUM");
  has_stamps_ = true;
}

/// @param bytes  at the end of each page, from the next chance on. @returns how many there were
int Connection::Reserve(int bytes) {
  sqlite3_file_control(database_.getHandle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
  return bytes;
}

SQLite::Statement& Connection::Prepared(const char* sql) {
  const auto it = statements_.find(sql);
  if (it != statements_.end()) {
    return it->second;
  }
  return statements_.try_emplace(sql, database_, sql).first->second;
}

std::optional<std::int64_t> Connection::KeyOf(const ExperimentId& experiment) {
  const auto it = keys_.find(experiment.text);
  if (it != keys_.end()) {
    return it->second;
  }
  Use find(*this, kFindKey);
  if (!find.Text(experiment.text).Step()) {
    return std::nullopt;
  }
  const std::int64_t key = find.GetInt(0);
  keys_.emplace(experiment.text, key);
  return key;
}

void Connection::RememberKey(const ExperimentId& experiment, std::int64_t key) {
  keys_.insert_or_assign(experiment.text, key);
}

void Connection::Begin() {
  Use(*this, "BEGIN IMMEDIATE").Run();
}

void Connection::Commit() {
  Use(*this, "COMMIT").Run();
}

void Connection::Rollback() noexcept {
  keys_.clear();  // a key may be of a row that is taken back here
  if (sqlite3_get_autocommit(database_.getHandle()) == 0) {
    database_.tryExec("ROLLBACK");  // if it fails, the next Begin tells
  }
}

Use& Use::Int(std::int64_t value) {
  statement_.bind(next_++, value);
  return *this;
}

Use& Use::Text(const std::string& value) {
  statement_.bindNoCopy(next_++, value);
  return *this;
}

Use& Use::Blob(std::string_view value) {
  const char* bytes = value.empty() ? "" : value.data();  // a null pointer would be NULL
  statement_.bindNoCopy(next_++, static_cast<const void*>(bytes), static_cast<int>(value.size()));
  return *this;
}

Use& Use::Real(const std::optional<double>& value) {
  if (value) {
    statement_.bind(next_++, *value);
  } else {
    statement_.bind(next_++);
  }
  return *this;
}

Use& Use::Time(Timestamp value) {
  return Time(value == Timestamp{} ? std::nullopt : std::optional(value));
}

Use& Use::Time(const std::optional<Timestamp>& value) {
  if (value) {
    return Int(value->time_since_epoch().count());
  }
  statement_.bind(next_++);
  return *this;
}

std::int64_t Use::GetInt(int column) const {
  return statement_.getColumn(column).getInt64();
}

std::uint64_t Use::GetUnsigned(int column) const {
  return static_cast<std::uint64_t>(GetInt(column));
}

std::string Use::GetText(int column) const {
  return statement_.getColumn(column).getString();
}

std::optional<double> Use::GetReal(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  return value.isNull() ? std::nullopt : std::optional(value.getDouble());
}

std::optional<Timestamp> Use::GetTime(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  return value.isNull() ? std::nullopt : std::optional(Timestamp(Duration(value.getInt64())));
}

}  // namespace hone::sqlite
