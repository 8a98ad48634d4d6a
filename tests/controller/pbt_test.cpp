// SPDX-License-Identifier: Apache-2.0
// Population based training in virtual time, with an engine that dies at any write.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "suggestion/inprocess/replay.h"
#include "tests/catch.h"
#include "tests/support/experiment.h"
#include "tests/support/simulation.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

constexpr char kOf5[] = R"([{"name": "n_population", "value": "5"}])";

std::string DigestBy(TrialNumber trial) {
  std::string digest(64, 'a');
  const std::string number = std::to_string(trial);
  return digest.replace(0, number.size(), number);
}

/// Leaves a checkpoint, but for each seventh; each eleventh fails.
SimulatedJob Train(const LaunchSpec& launch) {
  const double lr = ParseJsonOrThrow(launch.parameters).at("lr").get<double>();
  SimulatedJob job;
  job.starts_after = 20ms;
  job.runs_for = 1s;
  job.lines = {{10ms, "acc=" + FormatDouble(lr)}};
  if (launch.id.number % 7 != 0) {
    job.checkpoint = DigestBy(launch.id.number);
  }
  if (launch.id.number % 11 == 3) {
    job.ending = {EndingKind::kExitCode, 1, 0, "it failed"};
  }
  return job;
}

std::string DocumentOf(int trials) {
  return MakeSpec({.algorithm = "pbt", .settings = kOf5, .max_trials = trials, .parallel = 4})
      .document;
}

void Create(Simulation& simulation, int trials) {
  const auto answer = simulation.Ask(request::Create{DocumentOf(trials)});
  REQUIRE(answer.has_value());
  INFO((answer->has_value() ? "" : answer->error().Text()));
  REQUIRE(answer->has_value());
}

void CheckAll(Simulation& simulation, std::uint32_t trials) {
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.Completed() == trials);
  for (const auto& [key, starts] : simulation.world.Starts()) {
    CHECK(starts == 1);
  }
  for (const TrialState& trial : state.trials) {
    if (trial.parent == 0) {
      continue;
    }
    const TrialState& parent = *state.Find(trial.parent);
    CHECK(parent.phase == TrialPhase::kSucceeded);
    CHECK(trial.start_from == parent.checkpoint);
    CHECK((trial.note.find("starts from zero") != std::string::npos) == !trial.start_from);
  }
  REQUIRE(state.best.has_value());
  const std::set<TrialId> dropped = simulation.world.Dropped();
  CHECK_FALSE(dropped.contains({state.id, *state.best}));
  const auto replay = ReplayExperiment(*state.spec, state.seed, simulation.LedgerOf("sim"));
  REQUIRE(replay.has_value());
  CHECK(replay->compared == trials);
  INFO((replay->first ? replay->first->what : ""));
  CHECK(replay->different == 0);
}

TEST_CASE("pbt: a whole search in virtual time; what left no checkpoint is told", "[controller]") {
  Simulation simulation(Train, 8);
  Create(simulation, 60);
  REQUIRE(simulation.RunToEnd());
  CheckAll(simulation, 60);
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.LineageOf(60).size() > 5);
  CHECK(std::ranges::any_of(state.trials, [](const TrialState& trial) {
    return trial.parent != 0 && !trial.start_from;
  }));
}

TEST_CASE("pbt: a checkpoint is dropped when no child can need it, and not before",
          "[controller]") {
  Simulation* world = nullptr;
  std::size_t most = 0;
  Simulation simulation(
      [&](const LaunchSpec& launch) {
        const std::set<TrialId> dropped = world->world.Dropped();
        CHECK_FALSE((launch.start_from && dropped.contains({launch.id.experiment, launch.parent})));
        most = std::max(most, launch.id.number - dropped.size());
        return Train(launch);
      },
      8);
  world = &simulation;
  Create(simulation, 200);
  REQUIRE(simulation.RunToEnd());
  CheckAll(simulation, 200);
  CHECK(simulation.world.Dropped().size() > 100);
  CHECK(most < 80);  // failed trials are not dropped, and each seventh has none
}

TEST_CASE("pbt: killed at any write to the store, nothing is lost or run twice", "[controller]") {
  constexpr int kTrials = 14;
  std::uint64_t writes = 0;
  {
    Simulation simulation(Train, 8);
    simulation.store.OnWrite([&](const StoreWrite& write) {
      writes = write.n;
      return WriteFate::kCommit;
    });
    Create(simulation, kTrials);
    REQUIRE(simulation.RunToEnd());
    CheckAll(simulation, kTrials);
  }
  REQUIRE(writes > 30);
  for (const WriteFate fate : {WriteFate::kCrashBefore, WriteFate::kCrashAfter}) {
    for (std::uint64_t n = 3; n <= writes; n += 3) {
      INFO("crash " << (fate == WriteFate::kCrashBefore ? "before" : "after") << " write " << n);
      Simulation simulation(Train, 8);
      simulation.store.OnWrite([&, crashed = false](const StoreWrite& write) mutable {
        return write.n == n && !std::exchange(crashed, true) ? fate : WriteFate::kCommit;
      });
      if (simulation.Ask(request::Create{DocumentOf(kTrials)}).has_value()) {
        simulation.RunToEnd();
      }
      simulation.KillEngine();
      simulation.StartEngine(true);
      if (simulation.store.FindExperiment("default", "sim").has_value()) {
        REQUIRE(simulation.RunToEnd());
        CheckAll(simulation, kTrials);
      }
    }
  }
}

}  // namespace
}  // namespace hone::test
