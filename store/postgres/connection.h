// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "core/ids.h"
#include "store/postgres/text_codec.h"
#include "store/postgres/url.h"

namespace hone::postgres {

/// Rows that a statement returned.
class Rows {
 public:
  struct Data;
  explicit Rows(std::unique_ptr<Data> data);
  ~Rows();
  Rows(Rows&&) noexcept;
  Rows& operator=(Rows&&) = delete;
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  [[nodiscard]] std::size_t Count() const;
  /// Rows that were changed.
  [[nodiscard]] std::int64_t Changed() const;
  [[nodiscard]] std::int64_t GetInt(std::size_t row, int column) const;
  [[nodiscard]] std::uint64_t GetUnsigned(std::size_t row, int column) const;
  [[nodiscard]] std::string GetText(std::size_t row, int column) const;
  /// Of a column made by encode(..., 'hex').
  [[nodiscard]] std::string GetBlob(std::size_t row, int column) const;
  [[nodiscard]] std::optional<double> GetReal(std::size_t row, int column) const;
  [[nodiscard]] std::optional<Timestamp> GetTime(std::size_t row, int column) const;

 private:
  std::unique_ptr<Data> data_;
};

/// A session with the server and its prepared statements. Members throw what libpqxx throws; after
/// kUnavailable the session is of no use any more.
/// @threads  one at a time
class Connection {
 public:
  /// Connects. @param statement_timeout  after which the server ends a statement
  Connection(const Address& address, Duration statement_timeout);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  using Values = std::vector<std::optional<std::string>>;
  /// Runs a statement, prepared at its first use, inside a transaction if one was begun.
  /// @param sql  of static storage: the pointer is the key
  Rows Execute(const char* sql, const Values& values);
  /// Runs several statements without values.
  void ExecuteScript(const std::string& sql);

  void Begin();
  void Commit();
  /// Ends a transaction, if one is under way; forgets keys.
  void Rollback() noexcept;

  /// The key of an experiment, deleted ones too. Found ones are remembered.
  std::optional<std::int64_t> KeyOf(const ExperimentId& experiment);
  void RememberKey(const ExperimentId& experiment, std::int64_t key);

  /// Of the transaction that was begun: its events have positions from here on.
  void SetFirstPosition(std::int64_t position) { next_position_ = position; }
  /// The first of `count` positions that follow one another.
  std::int64_t TakePositions(std::size_t count);

 private:
  struct Session;
  std::unique_ptr<Session> session_;
  std::unordered_map<const char*, std::string> statements_;
  std::unordered_map<std::string, std::int64_t> keys_;
  std::int64_t next_position_ = 0;
};

/// One use of a statement: values take the places of $1, $2, ... in the order of the calls.
class Use {
 public:
  Use(Connection& connection, const char* sql) : connection_(connection), sql_(sql) {}

  Use& Int(std::int64_t value);
  Use& Unsigned(std::uint64_t value) { return Int(static_cast<std::int64_t>(value)); }
  Use& Text(std::string_view value);
  Use& Blob(std::string_view value);
  Use& Real(const std::optional<double>& value);
  /// Nothing for a time that is not set.
  Use& Time(Timestamp value);
  Use& Time(const std::optional<Timestamp>& value);
  Use& Null();
  /// Arrays, for unnest().
  Use& Ints(const std::vector<std::int64_t>& values);
  Use& Texts(const std::vector<std::string_view>& values);
  Use& Reals(const std::vector<std::optional<double>>& values);
  Use& Times(const std::vector<std::optional<Timestamp>>& values);
  /// Rows of a table, for unnest().
  Use& Table(RowsText rows);

  /// Runs it. Rows of a statement that returns none: empty, with the number that it changed.
  Rows Run() { return connection_.Execute(sql_, values_); }

 private:
  Connection& connection_;
  const char* sql_;
  Connection::Values values_;
};

/// The one integer that stands for a trial.
inline std::int64_t TrialKey(std::int64_t experiment, TrialNumber number) {
  return (experiment << 32) | static_cast<std::int64_t>(number);
}

}  // namespace hone::postgres
