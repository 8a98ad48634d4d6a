// SPDX-License-Identifier: Apache-2.0
// Early stopping with real processes: a hopeless trial gets TERM, and time to save what it has.
#include <nlohmann/json.hpp>

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
  nlohmann::json extra = nlohmann::json::parse(R"({
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

}  // namespace
}  // namespace hone::test
