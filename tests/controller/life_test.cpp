// SPDX-License-Identifier: Apache-2.0
// What becomes of trials and experiments in the engine: bad endings, stops, edits, faults of the
// store.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "tests/catch.h"
#include "tests/support/experiment.h"
#include "tests/support/simulation.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

SimulatedJob Prints(std::string line, Ending ending = {}, Duration runs_for = 1s) {
  SimulatedJob job;
  job.runs_for = runs_for;
  if (!line.empty()) {
    job.lines = {{runs_for / 2, std::move(line)}};
  }
  job.ending = std::move(ending);
  return job;
}

SimulatedJob Good(const LaunchSpec& launch) {
  return Prints("acc=0." + std::to_string(launch.id.number));
}

TEST_CASE("life: every bad ending is typed, never the best, and the experiment goes on",
          "[controller]") {
  struct Case {
    std::string name;
    std::string line;
    Ending ending;
    TrialPhase phase;
    EndingKind kind;
  };
  const Case c = GENERATE(values<Case>({
      {"loss=nan", "acc=nan", {}, TrialPhase::kMetricsUnavailable, EndingKind::kMetricNotANumber},
      {"loss=inf", "acc=inf", {}, TrialPhase::kMetricsUnavailable, EndingKind::kMetricNotANumber},
      {"empty value", "acc=", {}, TrialPhase::kMetricsUnavailable, EndingKind::kMetricNotANumber},
      {"prints nothing", "", {}, TrialPhase::kMetricsUnavailable, EndingKind::kMetricMissing},
      {"other metric", "loss=0.1", {}, TrialPhase::kMetricsUnavailable, EndingKind::kMetricMissing},
      {"exit code",
       "acc=0.999",
       {EndingKind::kExitCode, 3, 0, "boom"},
       TrialPhase::kFailed,
       EndingKind::kExitCode},
      {"signal",
       "acc=0.999",
       {EndingKind::kSignal, 0, 11, "SIGSEGV"},
       TrialPhase::kFailed,
       EndingKind::kSignal},
      {"out of memory",
       "",
       {EndingKind::kOutOfMemory, 0, 9, "oom"},
       TrialPhase::kFailed,
       EndingKind::kOutOfMemory},
      {"time-out",
       "acc=0.5",
       {EndingKind::kTimeout, 0, 15, "deadline"},
       TrialPhase::kFailed,
       EndingKind::kTimeout},
  }));
  INFO(c.name);
  Simulation simulation(
      [&](const LaunchSpec& launch) {
        return launch.id.number == 2 ? Prints(c.line, c.ending) : Good(launch);
      },
      4);
  Create(simulation, {.max_trials = 5});
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.phase == ExperimentPhase::kSucceeded);
  CHECK(state.Find(2)->phase == c.phase);
  CHECK(state.Find(2)->ending == c.kind);
  CHECK(state.best == 5);
  CHECK(state.Count(TrialPhase::kSucceeded) == 4);
}

TEST_CASE("life: when every trial is NaN the experiment still ends, without a best",
          "[controller]") {
  Simulation simulation([](const LaunchSpec&) { return Prints("acc=nan"); }, 4);
  Create(simulation, {.max_trials = 5});
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.phase == ExperimentPhase::kSucceeded);
  CHECK_FALSE(state.best.has_value());
}

TEST_CASE("life: maxFailedTrialCount fails the experiment and kills what runs", "[controller]") {
  Simulation simulation(
      [](const LaunchSpec& launch) {
        return launch.id.number <= 2 ? Prints("", {EndingKind::kExitCode, 1, 0, "no"})
                                     : Prints("acc=1", {}, 1h);
      },
      4);
  Create(simulation, {.max_trials = 10, .parallel = 4, .max_failed = 2});
  REQUIRE(simulation.RunToEnd(1min));
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.phase == ExperimentPhase::kFailed);
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kMaxFailedReached);
  CHECK(state.Count(TrialPhase::kKilled) == 2);
  CHECK(state.Find(3)->message.find("maxFailedTrialCount") != std::string::npos);
  CHECK(simulation.world.Running() == 0);
}

TEST_CASE("life: the goal ends the experiment", "[controller]") {
  Simulation simulation(Good, 1);
  Create(simulation, {.max_trials = 9, .parallel = 1, .goal = 0.3});
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kGoalReached);
  CHECK(state.best == 3);
  CHECK(state.trials.size() == 3);
}

TEST_CASE("life: failures are retried by policy, each attempt with a log of its own",
          "[controller]") {
  Simulation simulation(
      [](const LaunchSpec& launch) {
        return launch.attempt < 3 ? Prints("acc=9", {EndingKind::kExitCode, 1, 0, "flaky"})
                                  : Prints("acc=1");
      },
      2);
  Create(simulation, {.max_trials = 3, .parallel = 2, .max_retries = 2});
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.Count(TrialPhase::kSucceeded) == 3);
  CHECK(state.Find(1)->attempt == 3);
  CHECK(state.Find(1)->observation.at(0).max == "1");
}

TEST_CASE("life: lost attempts are started again, but not for ever", "[controller]") {
  Simulation simulation([](const LaunchSpec&) { return Prints("acc=1", {}, 10s); }, 2);
  Create(simulation, {.max_trials = 2, .parallel = 2});
  const bool always = GENERATE(false, true);
  for (int i = 0; i < (always ? 10 : 1); ++i) {
    simulation.RunUntil([&] { return simulation.world.Running() == 2; }, 5s);
    simulation.world.LoseAll();
  }
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.phase == ExperimentPhase::kSucceeded);
  CHECK(state.Find(1)->attempt == (always ? 4 : 2));
  CHECK(state.Find(1)->phase == (always ? TrialPhase::kFailed : TrialPhase::kSucceeded));
}

TEST_CASE("life: stop interrupts, trials stay pending and uncounted, resume goes on",
          "[controller]") {
  Simulation simulation(
      [](const LaunchSpec& launch) {
        SimulatedJob job = Prints("acc=0.5", {}, launch.attempt == 1 ? 1h : 1s);
        job.stops_after = 2s;
        return job;
      },
      2);
  Create(simulation, {.max_trials = 3, .parallel = 2});
  simulation.RunUntil([&] { return simulation.world.Running() == 2; });
  const auto stopped = simulation.Ask(request::Stop{{"default", "sim"}, "tea"});
  REQUIRE(stopped.has_value());
  REQUIRE(stopped->has_value());
  CHECK(simulation.world.Running() == 0);
  const ExperimentState suspended = simulation.StateOf("sim");
  CHECK(suspended.phase == ExperimentPhase::kSuspended);
  CHECK(suspended.Completed() == 0);
  CHECK(suspended.queued.size() == 2);
  REQUIRE(simulation.Ask(request::Resume{{"default", "sim"}, {}})->has_value());
  REQUIRE(simulation.RunUntil(
      [&] { return simulation.StateOf("sim").Count(TrialPhase::kSucceeded) == 2; }, 10s));
  CHECK(simulation.StateOf("sim").Find(1)->attempt == 2);
}

TEST_CASE("life: a finished experiment goes on when its budget is raised", "[controller]") {
  const std::string policy = GENERATE("LongRunning", "Never");
  Simulation simulation(Good, 2);
  Create(simulation, {.max_trials = 3, .parallel = 2, .resume_policy = policy});
  REQUIRE(simulation.RunToEnd());
  const auto answer = simulation.Ask(request::Resume{
      {"default", "sim"},
      {.parallel_trial_count = {}, .max_trial_count = 5, .max_failed_trial_count = {}}});
  REQUIRE(answer.has_value());
  if (policy == "Never") {
    REQUIRE_FALSE(answer->has_value());
    CHECK(answer->error().field == "spec.resumePolicy");
    return;
  }
  REQUIRE(answer->has_value());
  REQUIRE(simulation.RunUntil(
      [&] { return simulation.StateOf("sim").phase == ExperimentPhase::kSucceeded; }));
  CHECK(simulation.StateOf("sim").Count(TrialPhase::kSucceeded) == 5);
}

TEST_CASE("life: delete stops what runs and leaves only a tombstone", "[controller]") {
  Simulation simulation([](const LaunchSpec&) { return Prints("acc=1", {}, 1h); }, 2);
  Create(simulation, {});
  simulation.RunUntil([&] { return simulation.world.Running() == 2; });
  REQUIRE(simulation.Ask(request::Delete{{"default", "sim"}})->has_value());
  CHECK(simulation.world.Running() == 0);
  CHECK_FALSE(simulation.store.FindExperiment("default", "sim").has_value());
  Create(simulation, {});  // the name is free again
}

TEST_CASE("life: a killed trial counts as killed", "[controller]") {
  Simulation simulation([](const LaunchSpec&) { return Prints("acc=1", {}, 1min); }, 2);
  Create(simulation, {.max_trials = 2, .parallel = 2});
  simulation.RunUntil([&] { return simulation.StateOf("sim").Count(TrialPhase::kRunning) == 2; });
  const ExperimentState before = simulation.StateOf("sim");
  const std::string name = before.NameOf(*before.Find(1));
  REQUIRE(simulation.Ask(request::KillTrial{name, "no good"})->has_value());
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.Find(1)->phase == TrialPhase::kKilled);
  CHECK(state.Find(1)->message == "no good");
  CHECK(state.phase == ExperimentPhase::kSucceeded);
  CHECK_FALSE(simulation.Ask(request::KillTrial{name, "again"})->has_value());
}

TEST_CASE("life: a store that refuses for a while costs time but no trial", "[controller]") {
  const WriteFate fate = GENERATE(WriteFate::kFail, WriteFate::kDiskFull);
  Simulation simulation(Good, 4);
  int refused = 0;
  simulation.store.OnWrite([&](const StoreWrite& write) {
    const bool refuse = write.n % 7 >= 4 && refused < 60;
    refused += refuse ? 1 : 0;
    return refuse ? fate : WriteFate::kCommit;
  });
  auto created = simulation.Ask(request::Create{MakeSpec({.max_trials = 12}).document});
  REQUIRE(created.has_value());
  REQUIRE(simulation.RunUntil(
      [&] { return simulation.StateOf("sim").phase == ExperimentPhase::kSucceeded; }));
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(refused > 20);
  CHECK(state.Count(TrialPhase::kSucceeded) == 12);
  for (const auto& [key, starts] : simulation.world.Starts()) {
    CHECK(starts == 1);
    CHECK(key.second == 1);
  }
}

TEST_CASE("life: two experiments share the slots", "[controller]") {
  Simulation simulation([](const LaunchSpec&) { return Prints("acc=1", {}, 10s); }, 4);
  Create(simulation, {.name = "one", .max_trials = 20, .parallel = 4});
  Create(simulation, {.name = "two", .max_trials = 20, .parallel = 4});
  std::size_t most = 0;
  simulation.RunUntil(
      [&] {
        most = std::max(most, simulation.world.Running());
        return false;
      },
      60s);
  CHECK(most == 4);
  const auto one = simulation.StateOf("one");
  const auto two = simulation.StateOf("two");
  CHECK(one.Completed() >= 8);
  CHECK(two.Completed() >= 8);
  REQUIRE(simulation.RunToEnd());
}

TEST_CASE("life: lowering parallelTrialCount interrupts the newest trials without losing them",
          "[controller]") {
  Simulation simulation([](const LaunchSpec&) { return Prints("acc=1", {}, 30s); }, 8);
  Create(simulation, {.max_trials = 6, .parallel = 4});
  simulation.RunUntil([&] { return simulation.StateOf("sim").Count(TrialPhase::kRunning) == 4; });
  REQUIRE(simulation
              .Ask(request::Resume{
                  {"default", "sim"},
                  {.parallel_trial_count = 1, .max_trial_count = {}, .max_failed_trial_count = {}}})
              ->has_value());
  simulation.RunUntil([&] { return simulation.world.Running() == 1; }, 5s);
  CHECK(simulation.world.Running() == 1);
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.Count(TrialPhase::kSucceeded) == 6);
  CHECK(state.Find(1)->attempt == 1);
  CHECK(state.Find(4)->attempt == 2);
}

TEST_CASE("life: grid ends when every combination was tried", "[controller]") {
  Simulation simulation(Good, 4);
  auto document = ParseJsonOrThrow(ExperimentDocument({.algorithm = "grid", .max_trials = {}}));
  document["spec"]["parameters"][0]["feasibleSpace"] = {
      {"min", "0.1"}, {"max", "0.2"}, {"step", "0.1"}};
  const auto created = simulation.Ask(request::Create{DumpJson(document)});
  REQUIRE(created.has_value());
  INFO((created->has_value() ? "" : created->error().Text()));
  REQUIRE(created->has_value());
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kSuggestionEndReached);
  CHECK(state.Count(TrialPhase::kSucceeded) == 20);
}

TEST_CASE("life: maxDuration ends on time, and goes on counting while no engine lives",
          "[controller]") {
  Simulation simulation([](const LaunchSpec&) { return Prints("acc=0.5", {}, 40min); }, 4);
  Create(simulation, {.max_trials = 50, .max_duration = "1h"});
  const Timestamp start = simulation.executor.Now();
  SECTION("driven all the time") {
    REQUIRE(simulation.RunToEnd(2h));
    CHECK(simulation.executor.Now() - start < 1h + 1min);
  }
  SECTION("without an engine for longer than that") {
    simulation.RunUntil([&] { return simulation.executor.Now() >= start + 30min; });
    simulation.KillEngine();
    simulation.executor.PostAfter(3h, [] {});
    while (simulation.executor.Now() < start + 3h && simulation.executor.RunOne()) {
    }
    simulation.StartEngine(true);
    REQUIRE(simulation.RunToEnd(2h));
    CHECK(simulation.executor.Now() - start < 4h);
  }
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kMaxDurationReached);
  CHECK(state.Count(TrialPhase::kSucceeded) == 3);
  CHECK(state.best == 1);
  CHECK(simulation.world.Running() == 0);
}

}  // namespace
}  // namespace hone::test
