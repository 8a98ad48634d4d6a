// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "core/ids.h"
#include "store/sqlite/checked_file.h"

namespace hone::sqlite {

/// kCreate is kWrite on a file that may be missing. kFrozen reads a file that nobody can write,
/// such as one on a read-only disk, where SQLite could not make its shared index.
enum class Access { kRead, kFrozen, kWrite, kCreate };

/// How a reader opens this file: kFrozen if its folder cannot be written and no log lies beside it.
Access ReadAccess(const std::filesystem::path& path);

/// An open database file and its prepared statements. Members throw SQLite::Exception.
/// @threads  one at a time
class Connection {
 public:
  /// @param busy_timeout  how long to wait for another process's write
  Connection(const std::filesystem::path& path, Access access, Duration busy_timeout);

  /// Prepared at the first call, kept for the next ones.
  /// @param sql  of static storage: the pointer is the key
  SQLite::Statement& Prepared(const char* sql);

  /// The key of an experiment, deleted ones too. Found ones are remembered.
  std::optional<std::int64_t> KeyOf(const ExperimentId& experiment);
  void RememberKey(const ExperimentId& experiment, std::int64_t key);

  void Begin();
  void Commit();
  /// Ends a transaction that may stand or may have been rolled back by SQLite; forgets keys.
  void Rollback() noexcept;

  /// Whether the pages of the file have room for checksums. Older files have none.
  [[nodiscard]] bool HasStamps() const { return has_stamps_; }
  /// Gives them room: writes the whole file anew. Not in a transaction.
  void MakeStamps();

  [[nodiscard]] SQLite::Database& database() { return database_; }

 private:
  int Reserve(int bytes);

  SQLite::Database database_;
  bool has_stamps_ = false;
  std::unordered_map<const char*, SQLite::Statement> statements_;
  std::unordered_map<std::string, std::int64_t> keys_;
};

/// One use of a prepared statement: values are bound in the order of the question marks, without
/// copies (they must outlive the use). The statement is reset at the end, so that it holds no
/// snapshot.
class Use {
 public:
  Use(Connection& connection, const char* sql) : statement_(connection.Prepared(sql)) {}
  ~Use() { statement_.tryReset(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  Use& Int(std::int64_t value);
  Use& Unsigned(std::uint64_t value) { return Int(static_cast<std::int64_t>(value)); }
  Use& Text(const std::string& value);
  Use& Text(const std::string&& value) = delete;
  Use& Blob(std::string_view value);
  Use& Real(const std::optional<double>& value);
  /// Nothing for a time that is not set.
  Use& Time(Timestamp value);
  Use& Time(const std::optional<Timestamp>& value);

  /// @returns false at the end
  bool Step() { return statement_.executeStep(); }
  /// Runs a statement without rows. @returns rows changed by it
  int Run() { return statement_.exec(); }

  [[nodiscard]] std::int64_t GetInt(int column) const;
  [[nodiscard]] std::uint64_t GetUnsigned(int column) const;
  [[nodiscard]] std::string GetText(int column) const;
  [[nodiscard]] std::optional<double> GetReal(int column) const;
  [[nodiscard]] std::optional<Timestamp> GetTime(int column) const;

 private:
  SQLite::Statement& statement_;
  int next_ = 1;
};

/// The one integer that stands for a trial; see store/schema/sqlite/0001_initial.sql.
inline std::int64_t TrialKey(std::int64_t experiment, TrialNumber number) {
  return (experiment << 32) | static_cast<std::int64_t>(number);
}

}  // namespace hone::sqlite
