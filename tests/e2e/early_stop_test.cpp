// SPDX-License-Identifier: Apache-2.0
// Early stopping with real processes: a hopeless trial gets TERM, and time to save what it has.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

/// Sound trials end after five reports, the hopeless one would go on for a minute. Asked to end it
/// takes a moment to save, and ends well.
const std::string kTraining = R"(trap 'sleep 0.2; echo "saved after $i" > saved; exit 0' TERM
case ${x} in 0.1*) most=5;; *) most=600;; esac
i=0
while [ $i -lt $most ]; do i=$((i + 1)); echo "loss=${x}"; sleep 0.1; done)";

TEST_CASE("early stopping: a hopeless trial is ended by TERM and saves first", "[e2e]") {
  nlohmann::json extra = ParseJsonOrThrow(R"({
    "earlyStopping": {"algorithmName": "medianstop"},
    "initialTrials": [{"x": "0.1"}, {"x": "0.11"}, {"x": "0.12"}, {"x": "0.9"}]})");
  HoneProgram hone;
  const auto file = hone.Write(ScriptExperiment{
      .name = "median", .script = kTraining, .trials = 4, .parallel = 1, .extra = &extra});
  const auto run = hone.Run({"run", file, "--cpus", "1"});
  INFO(run.out << run.err);
  REQUIRE(run.exit_code == 0);
  const ExperimentState state = hone.StateOf("median");
  CHECK(state.Count(TrialPhase::kSucceeded) == 3);
  REQUIRE(state.Count(TrialPhase::kEarlyStopped) == 1);
  const TrialState& stopped = *state.Find(4);
  CHECK(stopped.phase == TrialPhase::kEarlyStopped);
  CHECK(stopped.attempt == 1);
  CHECK(stopped.ended_at - stopped.started_at < std::chrono::seconds(30));
  CHECK(ReadText(hone.work() / "saved").starts_with("saved after "));
  CHECK(ProcessesWith("HONE_TRIAL_NAME=" + state.NameOf(stopped)).empty());

  const auto why = hone.Run({"explain", state.NameOf(stopped)});
  INFO(why.out);
  CHECK(why.out.find("was stopped early after") != std::string::npos);
  CHECK(why.out.find("medianstop: loss = 0.9, the best of") != std::string::npos);
  CHECK(why.out.find("is worse than 0.11, the median of 3 finished trials") != std::string::npos);
  const auto replay = hone.Run({"replay", "median"});
  INFO(replay.out << replay.err);
  CHECK(replay.exit_code == 0);
  CHECK(replay.out.find("1 of 1 verdict of early stopping") != std::string::npos);
  const auto object = hone.Json({"get", "median"});
  CHECK(object.at("status").at("trialsEarlyStopped") == 1);
  CHECK(object.at("status").at("trialsSucceeded") == 3);
}

TEST_CASE("early stopping: a hopeless trial that ignores TERM is killed after the grace",
          "[e2e][slow]") {
  const std::string script = R"(case ${x} in 0.1*) most=3;; *) most=600; trap '' TERM;; esac
i=0
while [ $i -lt $most ]; do i=$((i + 1)); echo "loss=${x}"; sleep 0.1; done)";
  nlohmann::json extra = ParseJsonOrThrow(R"({
    "earlyStopping": {"algorithmName": "medianstop"},
    "initialTrials": [{"x": "0.1"}, {"x": "0.11"}, {"x": "0.12"}, {"x": "0.9"}]})");
  HoneProgram hone;
  const auto file = hone.Write(ScriptExperiment{
      .name = "deaf", .script = script, .trials = 4, .parallel = 1, .extra = &extra});
  const auto run = hone.Run({"run", file, "--cpus", "1"});
  INFO(run.out << run.err);
  REQUIRE(run.exit_code == 0);
  const ExperimentState state = hone.StateOf("deaf");
  const TrialState& stopped = *state.Find(4);
  CHECK(stopped.phase == TrialPhase::kEarlyStopped);
  CHECK(stopped.ended_at - stopped.started_at >= std::chrono::seconds(9));
  CHECK(stopped.ended_at - stopped.started_at < std::chrono::seconds(55));
  CHECK(ProcessesWith("HONE_TRIAL_NAME=" + state.NameOf(stopped)).empty());
  CHECK(hone.Run({"replay", "deaf"}).exit_code == 0);
}

TEST_CASE("early stopping: trials that end while their stop is on the way", "[e2e]") {
  // Each bad trial ends about when its verdict reaches it.
  const std::string script =
      R"(for i in 1 2 3 4; do echo "loss=${x}"; done; sleep 0.0$((RANDOM % 7)))";
  nlohmann::json extra = {{"earlyStopping", {{"algorithmName", "medianstop"}}}};
  constexpr std::uint32_t kTrials = 24;
  HoneProgram hone;
  const auto file = hone.Write(ScriptExperiment{
      .name = "close", .script = script, .trials = kTrials, .parallel = 3, .extra = &extra});
  const auto run = hone.Run({"run", file, "--cpus", "3"});
  INFO(run.out << run.err);
  REQUIRE(run.exit_code == 0);
  const ExperimentState state = hone.StateOf("close");
  CHECK(state.Count(TrialPhase::kSucceeded) + state.Count(TrialPhase::kEarlyStopped) == kTrials);
  for (const TrialState& trial : state.trials) {
    if (trial.phase == TrialPhase::kWithdrawn) {
      continue;
    }
    CHECK(trial.attempt == 1);
    CHECK(hone.RowsOf({state.id, trial.number}) == 4);
    // Either way the result is what the whole log says.
    CHECK(ObjectiveOf(state.spec->objective, trial.observation).text == trial.values[0].text);
  }
  const auto replay = hone.Run({"replay", "close"});
  INFO(replay.out << replay.err);
  CHECK(replay.exit_code == 0);
}

}  // namespace
}  // namespace hone::test
