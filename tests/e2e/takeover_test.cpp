// SPDX-License-Identifier: Apache-2.0
// Two real daemons over one real PostgreSQL: one of them, and the server, are killed.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/process.h"
#include "tests/catch.h"
#include "tests/support/hone_program.h"
#include "tests/support/postgres_server.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

constexpr int kReports = 3;  // of each attempt

/// A daemon with a data folder of its own, as on a machine of its own.
class Daemon {
 public:
  explicit Daemon(std::string url) : url_(std::move(url)) {}

  void Start() {
    process_ = std::make_unique<RunningProgram>(
        hone_.Start({"serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", url_,
                     "--cpus", "4", "--lease", "3", "--lost-after", "6", "--adopted-lease", "3"}));
    INFO(process_->ErrSoFar());
    REQUIRE(Eventually(
        [&] { return process_->OutSoFar().find("\nlistening on ") != std::string::npos; }));
  }
  void Kill() {
    process_->Signal(SIGKILL);
    CHECK(process_->Wait().exit_code == 128 + SIGKILL);
    process_.reset();
  }
  void End() {
    process_->Signal(SIGTERM);
    const ProgramRun run = process_->Wait();
    INFO(run.err);
    CHECK(run.exit_code == 0);
    process_.reset();
  }
  /// The body and head of an answer. @param body  empty: GET
  [[nodiscard]] std::string Http(const std::string& path, const std::string& body = "") const {
    const std::string out = process_->OutSoFar();
    const std::size_t at = out.find("HTTP on 127.0.0.1:") + 18;
    const std::string port = out.substr(at, out.find('\n', at) - at);
    const std::string request =
        (body.empty() ? "GET " : "POST ") + path + " HTTP/1.0\\r\\nHost: 127.0.0.1:" + port +
        "\\r\\nContent-Length: " + std::to_string(body.size()) + "\\r\\n\\r\\n" + body;
    const auto answer = RunAndRead({"/bin/bash", "-c",
                                    "exec 3<>/dev/tcp/127.0.0.1/" + port + "; printf '" + request +
                                        "' >&3; exec timeout 20 cat <&3"},
                                   30s);
    return answer.has_value() ? *answer : answer.error().message;
  }
  [[nodiscard]] bool IsReady() const { return Http("/readyz").find(" 200 ") != std::string::npos; }
  [[nodiscard]] bool Runs() const { return process_ != nullptr; }
  [[nodiscard]] HoneProgram& hone() { return hone_; }
  [[nodiscard]] std::string Err() const { return process_->ErrSoFar(); }

 private:
  std::string url_;
  HoneProgram hone_;
  std::unique_ptr<RunningProgram> process_;
};

/// Two daemons and what the database says.
struct Site {
  explicit Site(PostgresServer& database) : server(database), url(database.NewSchema()) {}

  std::string Sql(const std::string& sql) { return server.Sql(url, sql); }
  int Number(const std::string& sql) { return std::stoi(Sql(sql)); }
  int Succeeded() { return Number("SELECT coalesce(sum(succeeded), 0) FROM experiments"); }
  bool Ended() { return Sql("SELECT phase FROM experiments WHERE deleted = 0") == "Succeeded"; }
  /// The daemon that drives the experiment; null: none that is known.
  Daemon* Owner() {
    const std::string owner =
        Sql("SELECT c.owner FROM experiments x JOIN controllers c ON c.epoch = x.owner_epoch "
            "WHERE x.deleted = 0");
    for (Daemon* const daemon : {&a, &b}) {
      if (owner.find(daemon->hone().data().string()) != std::string::npos) {
        return daemon;
      }
    }
    return nullptr;
  }
  void Create(int trials) {
    const std::string file = a.hone().Write(
        {.name = "pg",
         .script = "echo \"$HONE_TRIAL_NAME $HONE_ATTEMPT\" >> " + starts.string() +
                   "\nfor i in 1 2 3; do sleep 0.1; echo \"epoch=$i loss=0.$i\"; done",
         .trials = trials,
         .parallel = 4});
    const ProgramRun created = a.hone().Run({"create", file, "--store", url});
    INFO(created.err);
    REQUIRE(created.exit_code == 0);
  }
  /// No trial was lost, no attempt run twice, no row lost or doubled, and the ledger replays.
  void CheckEnd(int trials) {
    CHECK(Succeeded() == trials);
    CHECK(Number("SELECT count(*) FROM trials WHERE phase = 'Succeeded'") == trials);
    std::multiset<std::string> attempts;
    std::ifstream file(starts);
    for (std::string line; std::getline(file, line);) {
      CHECK(attempts.count(line) == 0);
      attempts.insert(line);
    }
    CHECK(attempts.size() >= static_cast<std::size_t>(trials));
    CHECK(Sql("SELECT t.name, count(o.id) FROM trials t LEFT JOIN observations o ON o.trial = "
              "t.trial AND o.attempt = t.attempt AND o.metric = 'loss' GROUP BY t.name HAVING "
              "count(o.id) <> " +
              std::to_string(kReports)) == "");
    CHECK(Sql("SELECT trial, attempt, metric, text FROM observations GROUP BY 1, 2, 3, 4 "
              "HAVING count(*) > 1") == "");
    const ProgramRun replay = a.hone().Run({"replay", "pg", "--store", url});
    INFO(replay.out + replay.err);
    CHECK(replay.exit_code == 0);
  }

  PostgresServer& server;
  std::string url;
  Daemon a{url};
  Daemon b{url};
  std::filesystem::path starts = a.hone().work() / "starts";
};

TEST_CASE("takeover: one of two daemons is killed, the other ends its experiment", "[e2e][slow]") {
  auto* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  constexpr int kTrials = 30;
  Site site(*server);
  site.a.Start();
  site.b.Start();
  site.Create(kTrials);
  REQUIRE(Eventually([&] { return site.Succeeded() >= 3; }));
  REQUIRE(site.Owner() == &site.a);

  // What the other one is asked meanwhile is done.
  const ProgramRun stopped = site.b.hone().Run({"stop", "pg", "--store", site.url});
  INFO(stopped.err);
  CHECK(stopped.exit_code == 0);
  CHECK(site.Sql("SELECT phase FROM experiments") == "Suspended");
  const std::string resumed = site.b.Http("/api/v1/experiments/pg/resume", "{}");
  INFO(resumed);
  CHECK(resumed.find(" 200 ") != std::string::npos);
  CHECK(site.Owner() == &site.a);

  const int before = site.Succeeded();
  REQUIRE(Eventually([&] { return site.Succeeded() > before; }));
  const auto killed = std::chrono::steady_clock::now();
  site.a.Kill();
  REQUIRE(Eventually([&] { return site.Owner() == &site.b; }));
  const auto took = std::chrono::steady_clock::now() - killed;
  std::printf("taken over after %.1f s with a lease of 3 s\n",
              std::chrono::duration<double>(took).count());
  CHECK(took < 5s);
  REQUIRE(Eventually([&] { return site.Ended(); }));
  site.CheckEnd(kTrials);
  site.b.End();
}

TEST_CASE("takeover: daemons and the database are killed in turns", "[e2e][slow]") {
  auto* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  const char* const wanted = std::getenv("HONE_KILL_ROUNDS");  // NOLINT(concurrency-mt-unsafe)
  const int rounds = wanted == nullptr ? 3 : std::max(1, std::atoi(wanted));
  const int trials = 40 * rounds;
  Site site(*server);
  site.a.Start();
  site.b.Start();
  site.Create(trials);
  for (int round = 0; round < rounds && !site.Ended(); ++round) {
    INFO("round " << round);
    const int before = site.Succeeded();
    REQUIRE(Eventually([&] { return site.Succeeded() > before || site.Ended(); }));
    if (round % 3 == 1) {
      server->Kill();
      std::this_thread::sleep_for(500ms);
      server->Start();
      continue;
    }
    Daemon* const victim = site.Owner();
    REQUIRE(victim != nullptr);
    Daemon* const other = victim == &site.a ? &site.b : &site.a;
    victim->Kill();
    if (round % 2 == 0) {  // else it is back before anybody misses it
      REQUIRE(Eventually([&] { return site.Owner() == other || site.Ended(); }));
    }
    victim->Start();
  }
  for (int waits = 0; waits < 20 && !site.Ended(); ++waits) {
    static_cast<void>(Eventually([&] { return site.Ended(); }));
  }
  site.CheckEnd(trials);
  site.a.End();
  site.b.End();
}

TEST_CASE("takeover: a database that is away makes daemons unready, not unwell", "[e2e][slow]") {
  auto* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  const char* const wanted = std::getenv("HONE_AWAY_SECONDS");  // NOLINT(concurrency-mt-unsafe)
  const auto away = std::chrono::seconds(wanted == nullptr ? 4 : std::atoi(wanted));
  constexpr int kTrials = 12;
  Site site(*server);
  site.a.Start();
  site.Create(kTrials);
  REQUIRE(Eventually([&] { return site.Succeeded() >= 2; }));
  CHECK(site.a.IsReady());
  server->Kill();
  CHECK(Eventually([&] { return !site.a.IsReady(); }));
  const auto asked = std::chrono::steady_clock::now();
  CHECK(site.a.Http("/healthz").find(" 200 ") != std::string::npos);
  CHECK(site.a.Http("/readyz").find("the store does not answer") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - asked < 2s);
  std::this_thread::sleep_for(away);
  server->Start();
  CHECK(Eventually([&] { return site.a.IsReady(); }));
  REQUIRE(Eventually([&] { return site.Ended(); }));
  site.CheckEnd(kTrials);
  CHECK(site.Number("SELECT max(attempt) FROM trials") == 1);
  site.a.End();
}

TEST_CASE("takeover: a worker that asks the wrong daemon is told which one to ask", "[e2e]") {
  auto* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  Site site(*server);
  site.a.Start();
  site.b.Start();
  const std::string created = site.a.Http(
      "/api/v1/experiments",
      R"({"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "metadata": {"name": "w"}, "spec": {"runner": {"kind": "AskTell"}, )"
      R"("objective": {"type": "minimize", "objectiveMetricName": "loss"}, "maxTrialCount": 2, )"
      R"("parallelTrialCount": 1, "algorithm": {"algorithmName": "random"}, "parameters": [{"name": )"
      R"("x", "parameterType": "double", "feasibleSpace": {"min": "0", "max": "1"}}]}})");
  INFO(created);
  REQUIRE(created.find(" 200 ") != std::string::npos);
  const std::string refused = site.b.Http("/api/v1/experiments/w/ask", R"({"worker": "test"})");
  INFO(refused);
  CHECK(refused.find("another controller drives this experiment") != std::string::npos);
  CHECK(refused.find(site.a.hone().data().string()) != std::string::npos);
  const std::string given = site.a.Http("/api/v1/experiments/w/ask", R"({"worker": "test"})");
  INFO(given);
  const std::size_t at = given.find("\"trial\":\"") + 9;
  const std::string trial = given.substr(at, given.find('"', at) - at);
  const std::string tell = R"({"attempt": 1, "state": "SUCCEEDED", "values": )"
                           R"([{"name": "loss", "value": "0.25"}]})";
  const std::string path = "/api/v1/trials/" + trial + "/tell";
  CHECK(site.b.Http(path, tell).find("another controller") != std::string::npos);
  CHECK(site.Number("SELECT count(*) FROM observations") == 0);
  // The one that takes over hears the worker out.
  site.a.Kill();
  REQUIRE(Eventually([&] { return site.Owner() == &site.b; }));
  CHECK(Eventually([&] { return site.b.Http(path, tell).find("RECORDED") != std::string::npos; }));
  CHECK(site.Number("SELECT count(*) FROM observations") == 1);
  site.b.End();
}

}  // namespace
}  // namespace hone::test
