// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/connection.h"

#include <pqxx/pqxx>
#include <stdexcept>

#include "base/text.h"
#include "store/postgres/text_codec.h"

namespace hone::postgres {
namespace {

constexpr char kFindKey[] = "SELECT key FROM experiments WHERE id = $1";

// What a commit promises holds after a power cut even where the server's default is another; a
// stronger default than "on" stays. The deadlines free rows that a process holds which stands
// still.
constexpr char kSettings[] =
    "SET client_encoding = 'UTF8'; SET client_min_messages = warning; SET lock_timeout = '20s'; "
    "SET idle_in_transaction_session_timeout = '30s'; "
    "SET default_transaction_isolation = 'read committed'; "
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'";

// The positions of a transaction: 20 bits of 63.
constexpr std::int64_t kPositions = std::int64_t{1} << 20;

}  // namespace

struct Rows::Data {
  pqxx::result result;

  [[nodiscard]] pqxx::field At(std::size_t row, int column) const {
    return result[static_cast<pqxx::result::size_type>(row)][column];
  }
};

Rows::Rows(std::unique_ptr<Data> data) : data_(std::move(data)) {}
Rows::~Rows() = default;
Rows::Rows(Rows&&) noexcept = default;

std::size_t Rows::Count() const {
  return static_cast<std::size_t>(data_->result.size());
}

std::int64_t Rows::Changed() const {
  return static_cast<std::int64_t>(data_->result.affected_rows());
}

std::int64_t Rows::GetInt(std::size_t row, int column) const {
  const pqxx::field field = data_->At(row, column);
  return ParseInt({field.c_str(), static_cast<std::size_t>(field.size())}).value_or(0);
}

std::uint64_t Rows::GetUnsigned(std::size_t row, int column) const {
  return static_cast<std::uint64_t>(GetInt(row, column));
}

std::string Rows::GetText(std::size_t row, int column) const {
  const pqxx::field field = data_->At(row, column);
  return Original(std::string(field.c_str(), static_cast<std::size_t>(field.size())));
}

std::string Rows::GetBlob(std::size_t row, int column) const {
  const pqxx::field field = data_->At(row, column);
  return FromHex({field.c_str(), static_cast<std::size_t>(field.size())});
}

std::optional<double> Rows::GetReal(std::size_t row, int column) const {
  const pqxx::field field = data_->At(row, column);
  if (field.is_null()) {
    return std::nullopt;
  }
  return ParseDouble({field.c_str(), static_cast<std::size_t>(field.size())});
}

std::optional<Timestamp> Rows::GetTime(std::size_t row, int column) const {
  return data_->At(row, column).is_null() ? std::nullopt
                                          : std::optional(Timestamp(Duration(GetInt(row, column))));
}

struct Connection::Session {
  explicit Session(const std::string& url) : connection(url) {}

  pqxx::connection connection;
  pqxx::quiet_errorhandler quiet{connection};  // what the server remarks is not for stderr
  std::unique_ptr<pqxx::work> transaction;
};

Connection::Connection(const Address& address, Duration statement_timeout)
    : session_(std::make_unique<Session>(address.url)) {
#if PQXX_VERSION_MAJOR < 7
  // A session that was made anew in secret would run the rest of a transaction outside of it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  session_->connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
#endif
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(statement_timeout).count();
  pqxx::nontransaction plain(session_->connection);
  plain.exec(kSettings);
  plain.exec("SET statement_timeout = " + std::to_string(milliseconds));
}

Connection::~Connection() {
  Rollback();
}

Rows Connection::Execute(const char* sql, const Values& values) {
  const auto found = statements_.find(sql);
  if (found == statements_.end()) {
    const std::string name = "hone_" + std::to_string(statements_.size());
    session_->connection.prepare(name, sql);
    statements_.emplace(sql, name);
  }
  const std::string& name = statements_.at(sql);
  const auto run = [&](pqxx::transaction_base& transaction) {
    return std::make_unique<Rows::Data>(
        Rows::Data{transaction.exec_prepared(name, pqxx::prepare::make_dynamic_params(values))});
  };
  if (session_->transaction != nullptr) {
    return Rows(run(*session_->transaction));
  }
  pqxx::nontransaction alone(session_->connection);
  return Rows(run(alone));
}

void Connection::ExecuteScript(const std::string& sql) {
  if (session_->transaction != nullptr) {
    session_->transaction->exec(sql);
    return;
  }
  pqxx::nontransaction(session_->connection).exec(sql);
}

void Connection::Begin() {
  session_->transaction = std::make_unique<pqxx::work>(session_->connection);
}

void Connection::Commit() {
  session_->transaction->commit();
  session_->transaction.reset();
}

void Connection::Rollback() noexcept {
  keys_.clear();  // a key may be of a row that is taken back here
  session_->transaction.reset();
}

std::optional<std::int64_t> Connection::KeyOf(const ExperimentId& experiment) {
  if (const auto it = keys_.find(experiment.text); it != keys_.end()) {
    return it->second;
  }
  const Rows found = Use(*this, kFindKey).Text(experiment.text).Run();
  if (found.Count() == 0) {
    return std::nullopt;
  }
  const std::int64_t key = found.GetInt(0, 0);
  keys_.emplace(experiment.text, key);
  return key;
}

void Connection::RememberKey(const ExperimentId& experiment, std::int64_t key) {
  keys_.insert_or_assign(experiment.text, key);
}

std::int64_t Connection::TakePositions(std::size_t count) {
  const std::int64_t first = next_position_;
  const auto wanted = static_cast<std::int64_t>(count);
  if (first % kPositions + wanted > kPositions) {
    throw std::length_error("more than 1048576 events in one transaction");
  }
  next_position_ += wanted;
  return first;
}

Use& Use::Int(std::int64_t value) {
  values_.emplace_back(std::to_string(value));
  return *this;
}

Use& Use::Text(std::string_view value) {
  values_.emplace_back(Stored(value));
  return *this;
}

Use& Use::Blob(std::string_view value) {
  values_.emplace_back("\\x" + ToHex(value));
  return *this;
}

Use& Use::Real(const std::optional<double>& value) {
  values_.push_back(value ? std::optional(FormatDouble(*value)) : std::nullopt);
  return *this;
}

Use& Use::Time(Timestamp value) {
  return Time(value == Timestamp{} ? std::nullopt : std::optional(value));
}

Use& Use::Time(const std::optional<Timestamp>& value) {
  if (value) {
    return Int(value->time_since_epoch().count());
  }
  return Null();
}

Use& Use::Null() {
  values_.emplace_back();
  return *this;
}

Use& Use::Ints(const std::vector<std::int64_t>& values) {
  ArrayText array;
  for (const std::int64_t value : values) {
    array.Add(std::to_string(value));
  }
  values_.emplace_back(std::move(array).Take());
  return *this;
}

Use& Use::Texts(const std::vector<std::string_view>& values) {
  ArrayText array;
  for (const std::string_view value : values) {
    array.Add(Stored(value));
  }
  values_.emplace_back(std::move(array).Take());
  return *this;
}

Use& Use::Table(RowsText rows) {
  values_.emplace_back(std::move(rows).Take());
  return *this;
}

Use& Use::Reals(const std::vector<std::optional<double>>& values) {
  ArrayText array;
  for (const std::optional<double>& value : values) {
    array.Add(value ? std::optional(FormatDouble(*value)) : std::nullopt);
  }
  values_.emplace_back(std::move(array).Take());
  return *this;
}

Use& Use::Times(const std::vector<std::optional<Timestamp>>& values) {
  ArrayText array;
  for (const std::optional<Timestamp>& value : values) {
    array.Add(value ? std::optional(std::to_string(value->time_since_epoch().count()))
                    : std::nullopt);
  }
  values_.emplace_back(std::move(array).Take());
  return *this;
}

}  // namespace hone::postgres
