// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/observation_logs.h"

#include <utility>

#include "base/guarded.h"
#include "store/schema/observation_logs.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/sqlite_error.h"
#include "store/sqlite/writer.h"

namespace hone {
namespace {

using sqlite::Access;
using sqlite::Connection;
using sqlite::Try;

constexpr Duration kBusyTimeout = std::chrono::seconds(10);
// Times without a limit; microseconds since 1970.
constexpr Timestamp kFirst = Timestamp::min();
constexpr Timestamp kLast = Timestamp::max();

void Insert(Connection& connection, const std::string& trial, const LoggedMetric& metric) {
  sqlite::Use(connection,
              "INSERT INTO observation_logs (trial_name, time, metric_name, value) "
              "VALUES (?, ?, ?, ?)")
      .Text(trial)
      .Int(metric.at.time_since_epoch().count())
      .Text(metric.metric)
      .Text(metric.value)
      .Run();
}

std::vector<LoggedMetric> Select(Connection& connection, const LogQuery& query) {
  sqlite::Use rows(connection,
                   "SELECT time, metric_name, value FROM observation_logs "
                   "WHERE trial_name = ? AND time BETWEEN ? AND ? AND (? = '' OR metric_name = ?) "
                   "ORDER BY time, id");
  rows.Text(query.trial)
      .Int(query.from.value_or(kFirst).time_since_epoch().count())
      .Int(query.until.value_or(kLast).time_since_epoch().count())
      .Text(query.metric)
      .Text(query.metric);
  std::vector<LoggedMetric> found;
  while (rows.Step()) {
    found.push_back({Timestamp(Duration(rows.GetInt(0))), rows.GetText(1), rows.GetText(2)});
  }
  return found;
}

class SqliteObservationLogs final : public ObservationLogs {
 public:
  SqliteObservationLogs(std::unique_ptr<sqlite::Writer> writer, std::unique_ptr<Connection> reader)
      : writer_(std::move(writer)), reader_(std::move(reader)) {}

  /// The writer's connection closes last: only it may copy the log back.
  ~SqliteObservationLogs() override {
    writer_->Finish();
    reader_.WithLock([](auto& reader) { reader.reset(); });
  }

  void Report(std::string trial, std::vector<LoggedMetric> metrics, Done done) override {
    std::size_t bytes = 0;
    for (const LoggedMetric& metric : metrics) {
      bytes += trial.size() + metric.metric.size() + metric.value.size();
    }
    const auto rows = std::make_shared<const std::vector<LoggedMetric>>(
        std::move(metrics));  // shared: std::function copies
    writer_->Submit({.apply = [trial = std::move(trial), rows](Connection& connection) -> Status {
                       for (const LoggedMetric& metric : *rows) {
                         Insert(connection, trial, metric);
                       }
                       return {};
                     },
                     .done = std::move(done),
                     .bytes = bytes});
  }

  Result<std::vector<LoggedMetric>> Get(const LogQuery& query) override {
    return reader_.WithLock([&](auto& reader) {
      return Try("read an observation log", [&] { return Select(*reader, query); });
    });
  }

  void Delete(std::string trial, Done done) override {
    writer_->Submit({.apply = [trial = std::move(trial)](Connection& connection) -> Status {
                       sqlite::Use(connection, "DELETE FROM observation_logs WHERE trial_name = ?")
                           .Text(trial)
                           .Run();
                       return {};
                     },
                     .done = std::move(done)});
  }

  Status Check() override {
    return reader_.WithLock([&](auto& reader) {
      return Try("ask the store", [&] { sqlite::Use(*reader, "SELECT 1").Step(); });
    });
  }

 private:
  std::unique_ptr<sqlite::Writer> writer_;
  Guarded<std::unique_ptr<Connection>> reader_;
};

}  // namespace

Result<std::unique_ptr<ObservationLogs>> OpenObservationLogs(const std::filesystem::path& path) {
  const auto migrations = store::ObservationLogMigrations();
  const auto open = [&path](Access access) {
    return Try("open " + path.string(),
               [&] { return std::make_unique<Connection>(path, access, kBusyTimeout); });
  };
  HONE_RETURN_IF_ERROR(sqlite::CheckFile(path, migrations));
  HONE_ASSIGN_OR_RETURN(auto owner, open(Access::kCreate));
  HONE_RETURN_IF_ERROR(sqlite::Migrate(*owner, migrations, SystemClock().Now()));
  HONE_ASSIGN_OR_RETURN(auto last, sqlite::LastCommit::Open(*owner, path));
  HONE_ASSIGN_OR_RETURN(auto reader, open(Access::kRead));
  auto writer = std::make_unique<sqlite::Writer>(std::move(owner), std::move(last),
                                                 store::WriteQueueLimits());
  return std::make_unique<SqliteObservationLogs>(std::move(writer), std::move(reader));
}

}  // namespace hone
