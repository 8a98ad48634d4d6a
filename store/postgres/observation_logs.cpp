// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/observation_logs.h"

#include <utility>

#include "base/guarded.h"
#include "store/postgres/connection.h"
#include "store/postgres/log_writer.h"
#include "store/postgres/postgres_error.h"

namespace hone {
namespace {

using postgres::Address;
using postgres::Connection;
using postgres::Rows;
using postgres::Try;
using postgres::Use;

constexpr Duration kStatementTimeout = std::chrono::seconds(30);

constexpr char kEncoding[] = "SELECT current_setting('server_encoding')";
constexpr char kIsThere[] = "SELECT to_regclass('observation_logs') IS NOT NULL";
constexpr char kColumns[] =
    "SELECT count(*) FROM information_schema.columns WHERE table_name = 'observation_logs' AND "
    "table_schema = (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = "
    "c.relnamespace WHERE c.oid = to_regclass('observation_logs')) AND (column_name, data_type) IN "
    "(('trial_name', 'character varying'), ('time', 'timestamp without time zone'), "
    "('metric_name', 'character varying'), ('value', 'text'), ('id', 'integer'), ('id', 'bigint'))";
// Katib's, with an index: its own reads the whole table for each trial.
constexpr char kCreate[] =
    "CREATE TABLE IF NOT EXISTS observation_logs (trial_name VARCHAR(255) NOT NULL, "
    "id serial PRIMARY KEY, time TIMESTAMP(6), metric_name VARCHAR(255) NOT NULL, "
    "value TEXT NOT NULL); "
    "CREATE INDEX IF NOT EXISTS observation_logs_trial ON observation_logs (trial_name)";
constexpr int kColumnCount = 5;

constexpr char kSelect[] =
    "SELECT (extract(epoch FROM time) * 1000000)::bigint, metric_name, value "
    "FROM observation_logs WHERE trial_name = $1 AND time >= $2::timestamp "
    "AND time <= $3::timestamp AND ($4 = '' OR metric_name = $4) "
    "ORDER BY time, id";
constexpr char kAsk[] = "SELECT 1";

Connection& Connected(std::unique_ptr<Connection>& connection, const Address& address) {
  if (connection == nullptr) {
    connection = std::make_unique<Connection>(address, kStatementTimeout);
  }
  return *connection;
}

/// One statement runs on a connection again if the server had gone away in between.
template <class F>
auto Twice(std::unique_ptr<Connection>& connection, const Address& address, const char* what,
           F&& body) {
  const auto once = [&] {
    return Try(what, address.secrets, [&] { return body(Connected(connection, address)); });
  };
  const bool was_open = connection != nullptr;
  auto answer = once();
  if (!answer && answer.error().code == Code::kUnavailable) {
    connection.reset();
    return was_open ? once() : answer;
  }
  return answer;
}

std::string Bound(const std::optional<Timestamp>& at, const char* otherwise) {
  return at ? FormatMicros(*at) : otherwise;
}

std::vector<LoggedMetric> Select(Connection& connection, const LogQuery& query) {
  const Rows rows = Use(connection, kSelect)
                        .Text(query.trial)
                        .Text(Bound(query.from, "-infinity"))
                        .Text(Bound(query.until, "infinity"))
                        .Text(query.metric)
                        .Run();
  std::vector<LoggedMetric> found;
  found.reserve(rows.Count());
  for (std::size_t i = 0; i < rows.Count(); ++i) {
    found.push_back(
        {Timestamp(Duration(rows.GetInt(i, 0))), rows.GetText(i, 1), rows.GetText(i, 2)});
  }
  return found;
}

class PostgresLogs final : public ObservationLogs {
 public:
  PostgresLogs(const Address& address, Duration patience)
      : address_(address), writer_(address, patience) {}

  void Report(std::string trial, std::vector<LoggedMetric> metrics, Done done) override {
    std::size_t bytes = trial.size();
    for (const LoggedMetric& metric : metrics) {
      bytes += trial.size() + metric.metric.size() + metric.value.size() + sizeof metric;
    }
    writer_.Submit({.trial = std::move(trial),
                    .metrics = std::move(metrics),
                    .done = std::move(done),
                    .bytes = bytes});
  }

  Result<std::vector<LoggedMetric>> Get(const LogQuery& query) override {
    return reader_.WithLock([&](auto& reader) {
      return Twice(reader, address_, "read an observation log",
                   [&](Connection& connection) { return Select(connection, query); });
    });
  }

  void Delete(std::string trial, Done done) override {
    const std::size_t bytes = trial.size();
    writer_.Submit(
        {.trial = std::move(trial), .removes = true, .done = std::move(done), .bytes = bytes});
  }

  Status Check() override {
    return prober_.WithLock([&](auto& prober) {
      return Twice(prober, address_, "ask the database",
                   [&](Connection& connection) { Use(connection, kAsk).Run(); });
    });
  }

 private:
  const Address address_;
  // A connection of its own each: a long read must not make the database look dead.
  Guarded<std::unique_ptr<Connection>> reader_;
  Guarded<std::unique_ptr<Connection>> prober_;
  postgres::LogWriter writer_;
};

/// Katib's table as it is, or a new one.
Status HaveTable(Connection& connection) {
  if (Use(connection, kEncoding).Run().GetText(0, 0) != "UTF8") {
    return Fail(Code::kFailedPrecondition, "the database is not in the encoding UTF8");
  }
  if (Use(connection, kIsThere).Run().GetText(0, 0) == "f") {
    connection.ExecuteScript(kCreate);
  }
  if (Use(connection, kColumns).Run().GetInt(0, 0) != kColumnCount) {
    return Fail(Code::kFailedPrecondition,
                "the database has a table observation_logs that is not Katib's: its columns are "
                "trial_name and metric_name VARCHAR, id integer, time TIMESTAMP, value TEXT");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ObservationLogs>> OpenPostgresLogs(const std::string& url,
                                                          const PostgresLogOptions& options) {
  HONE_ASSIGN_OR_RETURN(const Address address, postgres::ReadUrl(url));
  HONE_RETURN_IF_ERROR(Try("open " + address.shown, address.secrets, [&]() -> Status {
    Connection connection(address, kStatementTimeout);
    return HaveTable(connection);
  }));
  return std::make_unique<PostgresLogs>(address, options.patience);
}

}  // namespace hone
