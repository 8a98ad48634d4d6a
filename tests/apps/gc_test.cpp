// SPDX-License-Identifier: Apache-2.0
// hone gc, with the real program, real logs and real curves.
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/cli/engine_host.h"
#include "apps/cli/open_store.h"
#include "apps/cli/removal.h"
#include "base/file.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/catch.h"
#include "tests/support/hone_program.h"

using namespace hone;  // NOLINT(google-build-using-namespace): the subject of this file
using hone::test::Has;
using hone::test::HoneProgram;
namespace fs = std::filesystem;

namespace {

void RunDemo(HoneProgram& hone, const std::string& name = "demo") {
  const auto run = hone.Run({"run", hone.Write({.name = name, .trials = 2, .parallel = 2})});
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
}

std::vector<fs::path> Logs(const HoneProgram& hone) {
  std::vector<fs::path> logs;
  for (const auto& entry : fs::recursive_directory_iterator(hone.data() / "trials")) {
    if (entry.path().filename() == "output.log") {
      logs.push_back(entry.path());
    }
  }
  return logs;
}

std::size_t Rows(const HoneProgram& hone, const std::string& experiment) {
  const ExperimentState state = hone.StateOf(experiment);
  std::size_t rows = 0;
  for (const TrialState& trial : state.trials) {
    rows += hone.RowsOf({state.id, trial.number});
  }
  return rows;
}

}  // namespace

TEST_CASE("hone gc: says what would go, removes it with --yes, and everybody says so", "[apps]") {
  HoneProgram hone;
  RunDemo(hone);
  const std::string trial = hone.Trials("demo").front();
  const auto rows_before = hone.Run({"trials", "demo"}).out;
  CHECK(hone.Run({"gc"}).exit_code == 2);
  CHECK(hone.Run({"gc", "--older-than", "soon"}).exit_code == 2);
  CHECK(hone.Json({"gc", "--older-than", "1h"}).at("items").empty());

  const auto would = hone.Run({"gc", "--older-than", "0h"});
  CHECK(would.exit_code == 0);
  CHECK(Has(would.out, "in 2 files"));
  CHECK(Has(would.out, "in 2 values"));
  CHECK(Has(would.err, "nothing is removed yet: add --yes"));
  CHECK(Logs(hone).size() == 2);
  CHECK(Rows(hone, "demo") == 2);

  const auto gone = hone.Json({"gc", "--older-than", "0h", "--yes"});
  CHECK(gone.at("removed") == true);
  CHECK(gone.at("items").at(0).at("logs").at("files") == 2);
  CHECK(Logs(hone).empty());
  CHECK(Rows(hone, "demo") == 0);
  CHECK(hone.Json({"gc", "--older-than", "0h", "--yes"}).at("items").empty());

  const auto logs = hone.Run({"logs", trial});
  CHECK(logs.exit_code == 1);
  CHECK(Has(logs.err, "was removed by 'hone gc' on 20"));
  const auto metrics = hone.Run({"metrics", trial});
  CHECK(metrics.exit_code == 1);
  CHECK(Has(metrics.err, "were removed by 'hone gc' on 20"));
  CHECK(hone.Json({"metrics", trial}).at("removed").at("by") == "hone gc");
  CHECK(Has(hone.Run({"explain", trial}).out, "Its log was removed by 'hone gc' on 20"));
  CHECK(Has(hone.Run({"explain", "demo"}).out, "curves (2 values) of trials 1 to 2 were removed"));
  CHECK(Has(hone.Run({"events", "demo"}).out, "RecordsRemoved"));
  const auto replay = hone.Run({"replay", "demo"});
  CHECK(replay.exit_code == 0);
  CHECK(Has(replay.err, "were removed by 'hone gc' on 20"));
  // What lists show is what the ledger says, and as it was.
  CHECK(hone.Run({"trials", "demo"}).out == rows_before);
  CHECK(hone.Run({"rebuild", "--check"}).exit_code == 0);
}

TEST_CASE("hone gc: one kind alone; the other goes later", "[apps]") {
  HoneProgram hone;
  RunDemo(hone);
  const std::string trial = hone.Trials("demo").front();
  CHECK(hone.Run({"gc", "--keep-size", "0", "--curves", "--yes"}).exit_code == 0);
  CHECK(Logs(hone).size() == 2);
  CHECK(hone.Run({"logs", trial}).exit_code == 0);
  CHECK(Has(hone.Run({"metrics", trial}).err, "removed by 'hone gc'"));
  CHECK(hone.Run({"gc", "--keep-size", "0", "--logs", "--yes"}).exit_code == 0);
  CHECK(Logs(hone).empty());
}

TEST_CASE("hone gc: what died between the record and the removal is finished by the next",
          "[apps]") {
  HoneProgram hone;
  RunDemo(hone);
  cli::Config config;
  config.data_dir = hone.data();
  {
    // As much of gc as comes before the first removal; then nothing more, as after a kill.
    const auto session = cli::Session::Open(config);
    const auto holdings = cli::Holdings(config, *session, {});
    const auto store = SqliteStore::Create(config.DataFile(), {});
    const auto epoch = (*store)->RegisterOwner(cli::OwnerName(config), std::chrono::minutes(1));
    REQUIRE(cli::RecordRemoval(**store, holdings->front(), *epoch, SystemClock().Now()));
    // A plan made before something else was recorded is refused.
    const Status again =
        cli::RecordRemoval(**store, holdings->front(), *epoch, SystemClock().Now());
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().code == Code::kAborted);
  }
  CHECK(Logs(hone).size() == 2);
  const std::string trial = hone.Trials("demo").front();
  CHECK(Has(hone.Run({"logs", trial}).err, "removed by 'hone gc'"));
  CHECK(Has(hone.Run({"metrics", trial}).err, "removed by 'hone gc'"));
  const Version version = hone.StateOf("demo").version;
  // Whatever it was asked for: nothing here is an hour old.
  const auto next = hone.Run({"gc", "--older-than", "1h", "--yes"});
  CHECK(Has(next.out, "left by an interrupted gc"));
  CHECK(Logs(hone).empty());
  CHECK(Rows(hone, "demo") == 0);
  CHECK(hone.StateOf("demo").version == version);
  CHECK(hone.Run({"rebuild", "--check"}).exit_code == 0);
}

TEST_CASE("hone gc: links in the data folder are not followed", "[apps]") {
  HoneProgram hone;
  RunDemo(hone);
  const auto logs = Logs(hone);
  REQUIRE(logs.size() == 2);
  // A log that is a link, and a trial whose attempts lie elsewhere.
  const fs::path precious = hone.work() / "precious";
  const fs::path elsewhere = hone.work() / "elsewhere";
  REQUIRE(WriteFile(precious, "keep me"));
  fs::remove(logs[0]);
  fs::create_symlink(precious, logs[0]);
  const fs::path trial = logs[1].parent_path().parent_path();
  fs::rename(trial, elsewhere);
  fs::create_directory_symlink(elsewhere, trial);

  CHECK(hone.Run({"gc", "--older-than", "0h", "--yes"}).exit_code == 0);
  CHECK(ReadFile(precious).value() == "keep me");
  CHECK(fs::is_symlink(logs[0]));
  CHECK(fs::exists(elsewhere / logs[1].parent_path().filename() / "output.log"));
}

TEST_CASE("hone gc: what runs or waits is left alone", "[apps][slow]") {
  HoneProgram hone;
  RunDemo(hone, "over");
  auto running = hone.Start(
      {"run",
       hone.Write(
           {.name = "long", .script = "echo loss=1; sleep 600", .trials = 1, .parallel = 1})});
  REQUIRE(hone::test::Eventually([&] { return Logs(hone).size() == 3; }));
  const auto beside = hone.Run({"gc", "--keep-size", "0", "--yes"});
  CHECK(beside.exit_code == 1);
  CHECK(Has(beside.err, "gc needs the data folder for itself"));
  CHECK_FALSE(Has(beside.out, "long"));
  CHECK(Logs(hone).size() == 3);
  running.Signal(SIGINT);  // suspends
  CHECK(running.Wait().exit_code == 130);
  CHECK(hone.Run({"gc", "--keep-size", "0", "--yes"}).exit_code == 0);
  CHECK(Logs(hone).size() == 1);
  CHECK(hone.StateOf("long").phase == ExperimentPhase::kSuspended);
}

TEST_CASE("hone gc: what trials left goes, but for the best", "[apps]") {
  HoneProgram hone;
  const std::string script =
      "echo model > $HONE_ARTIFACT_DIR/m; echo state > $HONE_CHECKPOINT_DIR/s; echo loss=${x}";
  nlohmann::json resumable = {{"resumePolicy", "LongRunning"}};
  REQUIRE(
      hone.Run({"run", hone.Write({.name = "over", .script = script, .trials = 3})}).exit_code ==
      0);
  REQUIRE(hone.Run({"run",
                    hone.Write({.name = "on", .script = script, .trials = 2, .extra = &resumable})})
              .exit_code == 0);
  const auto left = [&](const char* file) {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(hone.data() / "trials")) {
      count += entry.path().filename() == file ? 1 : 0;
    }
    return count;
  };
  CHECK(hone.Run({"gc", "--artifacts", "--logs"}).exit_code == 2);
  CHECK(hone.Run({"gc", "--artifacts", "--keep-best", "-1"}).exit_code == 2);
  CHECK(hone.Run({"gc", "--older-than", "0h", "--keep-best", "1"}).exit_code == 2);
  CHECK(hone.Json({"gc", "--artifacts", "--older-than", "1h"}).at("items").empty());
  const auto would = hone.Run({"gc", "--artifacts", "--checkpoints"});
  CHECK(Has(would.err, "nothing is removed yet: add --yes"));
  CHECK(left("m") == 5);
  CHECK(hone.Json({"gc", "--artifacts", "--checkpoints", "--yes"}).at("items").size() == 5);
  CHECK(left("m") == 2);
  CHECK(left("s") == 3);  // one may be resumed
  // The best one has kept its own.
  const auto rows = hone.Json({"artifacts", "over"}).at("items");
  REQUIRE(rows.size() == 1);
  CHECK(Has(hone.Run({"best", "over"}).out, rows.at(0).at("trial").get<std::string>()));
  CHECK(hone.Json({"gc", "--artifacts", "--keep-best", "0", "--yes"}).at("removed") == true);
  CHECK(left("m") == 0);
}
