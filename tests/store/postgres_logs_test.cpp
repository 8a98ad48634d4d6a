// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <future>
#include <thread>

#include "store/postgres/observation_logs.h"
#include "tests/catch.h"
#include "tests/support/postgres_server.h"

namespace hone {
namespace {

using test::PostgresServer;

Timestamp At(const char* text) {
  return ParseTimestamp(text).value();
}

std::unique_ptr<ObservationLogs> Open(const std::string& url,
                                      Duration patience = std::chrono::minutes(1)) {
  auto logs = OpenPostgresLogs(url, {.patience = patience});
  INFO((logs ? "" : logs.error().Text()));
  REQUIRE(logs.has_value());
  return *std::move(logs);
}

Status ReportNow(ObservationLogs& logs, const std::string& trial,
                 std::vector<LoggedMetric> metrics) {
  const auto promise = std::make_shared<std::promise<Status>>();  // shared: std::function copies
  auto answer = promise->get_future();
  logs.Report(trial, std::move(metrics), [promise](const Status& s) { promise->set_value(s); });
  return answer.get();
}

Status DeleteNow(ObservationLogs& logs, const std::string& trial) {
  const auto promise = std::make_shared<std::promise<Status>>();  // shared: std::function copies
  auto answer = promise->get_future();
  logs.Delete(trial, [promise](const Status& s) { promise->set_value(s); });
  return answer.get();
}

TEST_CASE("postgres logs: are kept verbatim, by time and then in the order of reporting",
          "[store]") {
  if (PostgresServer::Shared() == nullptr) {
    return;
  }
  const std::string url = PostgresServer::Shared()->NewSchema();
  const std::vector<LoggedMetric> told = {{At("2026-01-31T12:00:02Z"), "loss", " 0.50 "},
                                          {At("2026-01-31T12:00:01.25Z"), "acc", "unavailable"},
                                          {At("2026-01-31T12:00:02Z"), "loss", "\\x41 {\"a\",'b'}"},
                                          {At("2026-01-31T12:00:02.000001Z"), "loss", ""}};
  {
    const auto logs = Open(url);
    CHECK(ReportNow(*logs, "t1", told).has_value());
    CHECK(ReportNow(*logs, "t1", {told[0]}).has_value());  // kept twice
    CHECK(ReportNow(*logs, "t2", {told[0]}).has_value());
  }
  const auto logs = Open(url);  // after a restart, on the table that is there
  CHECK(logs->Check().has_value());
  CHECK(logs->Get({"t1", "", {}, {}}).value() ==
        std::vector<LoggedMetric>{told[1], told[0], told[2], told[0], told[3]});
  CHECK(logs->Get({"t1", "acc", {}, {}}).value() == std::vector<LoggedMetric>{told[1]});
  CHECK(logs->Get({"t1", "", told[0].at, told[0].at}).value().size() == 3);
  CHECK(logs->Get({"t1", "", told[3].at, {}}).value().size() == 1);
  CHECK(DeleteNow(*logs, "t1").has_value());
  CHECK(DeleteNow(*logs, "t1").has_value());
  CHECK(logs->Get({"t1", "", {}, {}}).value().empty());
  CHECK(logs->Get({"t2", "", {}, {}}).value().size() == 1);
}

TEST_CASE("postgres logs: a table of Katib's is used as it is, one of others is refused",
          "[store]") {
  PostgresServer* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  const std::string url = server->NewSchema();
  server->Sql(url,
              "CREATE TABLE observation_logs (trial_name VARCHAR(255) NOT NULL, id serial PRIMARY "
              "KEY, time TIMESTAMP(6), metric_name VARCHAR(255) NOT NULL, value TEXT NOT NULL)");
  server->Sql(url,
              "INSERT INTO observation_logs (trial_name, time, metric_name, value) VALUES "
              "('old', '2026-01-31 12:00:00.5', 'loss', '0.25'), ('old', NULL, 'loss', '1')");
  const auto logs = Open(url);
  CHECK(logs->Get({"old", "", {}, {}}).value() ==
        std::vector<LoggedMetric>{{At("2026-01-31T12:00:00.5Z"), "loss", "0.25"}});
  CHECK(ReportNow(*logs, "new", {{At("2026-01-31T12:00:00.5Z"), "loss", "2"}}).has_value());
  CHECK(server->Sql(url, "SELECT time, value FROM observation_logs WHERE trial_name = 'new'")
            .starts_with("2026-01-31 12:00:00.5|2"));
  CHECK(server
            ->Sql(url,
                  "SELECT count(*) FROM pg_indexes WHERE tablename = 'observation_logs' AND "
                  "schemaname = current_schema()")
            .starts_with("1"));  // nothing was added

  const std::string other = server->NewSchema();
  server->Sql(other, "CREATE TABLE observation_logs (id serial PRIMARY KEY, text TEXT)");
  const auto refused = OpenPostgresLogs(other, {});
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == Code::kFailedPrecondition);
}

TEST_CASE("postgres logs: what the table refuses of one report is no harm to the others",
          "[store]") {
  PostgresServer* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  const std::string url = server->NewSchema();
  const auto logs = Open(url);
  server->Sql(url, "ALTER TABLE observation_logs ADD CHECK (value <> 'bad')");
  std::atomic<int> good = 0;
  std::atomic<int> refused = 0;
  std::promise<void> all;
  constexpr int kReports = 50;
  for (int i = 0; i < kReports; ++i) {
    logs->Report("t", {{At("2026-01-31T12:00:00Z"), "loss", i % 10 == 3 ? "bad" : "1"}},
                 [&](const Status& status) {
                   ++(status ? good : refused);
                   if (good + refused == kReports) {
                     all.set_value();
                   }
                 });
  }
  all.get_future().wait();
  CHECK(good == 45);
  CHECK(refused == 5);
  CHECK(logs->Get({"t", "", {}, {}}).value().size() == 45);
}

TEST_CASE("postgres logs: a server that is killed again and again loses and doubles no report",
          "[store][slow]") {
  PostgresServer* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  const std::string url = server->NewSchema();
  const auto logs = Open(url);
  std::atomic<bool> ending = false;
  std::atomic<int> told = 0;
  std::atomic<int> failed = 0;
  std::vector<std::jthread> reporters;
  for (int r = 0; r < 4; ++r) {
    reporters.emplace_back([&, r] {
      for (int i = 0; !ending; ++i) {
        const std::string value = std::to_string(r) + "-" + std::to_string(i);
        const bool kept =
            ReportNow(*logs, "t", {{At("2026-01-31T12:00:00Z"), "loss", value}}).has_value();
        ++(kept ? told : failed);
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    const int before = told;
    while (told < before + 100) {
      std::this_thread::yield();
    }
    server->Kill();
    server->Start();
  }
  ending = true;
  reporters.clear();
  CHECK(failed == 0);
  CHECK(logs->Get({"t", "", {}, {}}).value().size() == static_cast<std::size_t>(told));
  CHECK(server->Sql(url, "SELECT count(DISTINCT value) FROM observation_logs")
            .starts_with(std::to_string(told)));
}

}  // namespace
}  // namespace hone
