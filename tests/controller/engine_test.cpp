// SPDX-License-Identifier: Apache-2.0
#include "controller/engine.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "suggestion/inprocess/replay.h"
#include "tests/catch.h"
#include "tests/support/experiment.h"
#include "tests/support/kill_sweep.h"
#include "tests/support/simulation.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

/// Accuracy as a function of the parameters, so that a trial gives the same result whenever it
/// runs.
double Accuracy(const nlohmann::json& parameters) {
  const double lr = parameters.at("lr").get<double>();
  const double layers = parameters.at("layers").get<double>();
  return 1.0 - 0.1 * std::abs(std::log10(lr) + 2.0) - 0.05 * std::abs(layers - 3.0);
}

SimulatedJob Train(const LaunchSpec& launch) {
  const auto parameters = ParseJsonOrThrow(launch.parameters);
  const double accuracy = Accuracy(parameters);
  SimulatedJob job;
  job.starts_after = 50ms;
  job.runs_for = std::chrono::milliseconds(300 + 700 * parameters.at("layers").get<int>());
  job.lines = {{100ms, "epoch=1 acc=" + FormatDouble(accuracy / 2)},
               {250ms, "epoch=2 acc=" + FormatDouble(accuracy)}};
  return job;
}

SimulatedJob EndAtOnce(const LaunchSpec& launch) {
  SimulatedJob job;
  job.lines = {{0ms, "acc=" + FormatDouble(Accuracy(ParseJsonOrThrow(launch.parameters)))}};
  return job;
}

TEST_CASE("engine: a warm start tries first what was best before", "[controller]") {
  Simulation simulation(Train, 8);
  Create(simulation, {.name = "earlier", .max_trials = 20});
  REQUIRE(simulation.RunToEnd());
  const ExperimentState earlier = simulation.StateOf("earlier");
  const TrialState& best = *earlier.Find(*earlier.best);
  const std::string warm = R"({"warmStart": {"experiments": ["earlier"], "best": 2}})";
  Create(simulation, {.name = "later", .max_trials = 5, .seed = 8, .more = warm});
  REQUIRE(simulation.RunToEnd());
  const ExperimentState later = simulation.StateOf("later");
  CHECK(later.trials[0].values == best.values);
  CHECK(later.trials[0].note == "taken by warmStart from the trial " + earlier.NameOf(best));
  CHECK(later.trials[1].note.starts_with("taken by warmStart"));
  CHECK(later.trials[2].note.empty());
  const std::string never = R"({"warmStart": {"experiments": ["never"]}})";
  const auto refused =
      simulation.Ask(request::Create{MakeSpec({.name = "lost", .more = never}).document});
  REQUIRE(refused.has_value());
  REQUIRE_FALSE(refused->has_value());
  CHECK(refused->error().code == Code::kNotFound);
  CHECK(refused->error().field == "spec.warmStart.experiments[0]");
}

TEST_CASE("engine: a whole experiment in virtual time", "[controller]") {
  Simulation simulation(Train, 8);
  Create(simulation, {.max_trials = 30});
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.phase == ExperimentPhase::kSucceeded);
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kMaxTrialsReached);
  CHECK(state.Count(TrialPhase::kSucceeded) == 30);
  CHECK(state.SlotsHeld() == 0);
  REQUIRE(state.best.has_value());
  double best = 0;
  for (const TrialState& trial : state.trials) {
    best = std::max(best, *ObjectiveOf(state.spec->objective, trial.observation).number);
    const auto rows = simulation.store.ReadRecords({state.id, trial.number}, 0, "acc");
    REQUIRE(rows.has_value());
    CHECK(rows->size() == 2);
  }
  CHECK(ObjectiveOf(state.spec->objective, state.Find(*state.best)->observation).number == best);
  const auto replay = ReplayExperiment(*state.spec, state.seed, simulation.LedgerOf("sim"));
  REQUIRE(replay.has_value());
  CHECK(replay->compared == 30);
  CHECK_FALSE(replay->first.has_value());
}

TEST_CASE("engine: 400 trials that end at once all succeed with their metric", "[controller]") {
  Simulation simulation(EndAtOnce, 16);
  int records = 0;
  simulation.store.OnWrite([&records](const StoreWrite& write) {
    records += write.kind == StoreWrite::Kind::kRecord ? 1 : 0;
    return WriteFate::kCommit;
  });
  Create(simulation, {.max_trials = 400, .parallel = 16});
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.Count(TrialPhase::kSucceeded) == 400);
  CHECK(records == 0);  // the values went with the ends
  const auto rows = simulation.store.ReadRecords({state.id, 400}, 1, "");
  REQUIRE(rows.has_value());
  CHECK_FALSE(rows->empty());
}

TEST_CASE("engine: the projection equals the rebuilt one", "[controller]") {
  Simulation simulation(Train, 8);
  Create(simulation, {});
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(*simulation.store.FindExperiment("default", "sim") == ProjectExperiment(state));
  std::vector<TrialRow> rows;
  for (const TrialState& trial : state.trials) {
    if (trial.phase != TrialPhase::kWithdrawn) {
      rows.push_back(ProjectTrial(state, trial));
    }
  }
  CHECK(*simulation.store.ListTrials(state.id) == rows);
}

/// What must be equal however often the engine was killed on the way.
struct Outcome {
  std::vector<std::pair<Assignment, std::string>> trials;  // values, objective's text
  std::optional<TrialNumber> best;
  std::size_t rows = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome OutcomeOf(Simulation& simulation) {
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.phase == ExperimentPhase::kSucceeded);
  Outcome outcome;
  double best = -1;
  for (const TrialState& trial : state.trials) {
    if (trial.phase == TrialPhase::kWithdrawn) {
      continue;
    }
    CHECK(trial.phase == TrialPhase::kSucceeded);
    const ObjectiveValue value = ObjectiveOf(state.spec->objective, trial.observation);
    outcome.trials.emplace_back(trial.values, value.text);
    if (*value.number > best) {
      best = *value.number;
      outcome.best = trial.number;
    }
    outcome.rows += simulation.store.ReadRecords({state.id, trial.number}, 0, "")->size();
  }
  CHECK(state.best == outcome.best);
  for (const auto& [key, starts] : simulation.world.Starts()) {
    CHECK(starts == 1);
    CHECK(key.second == 1);  // nothing was relaunched
  }
  return outcome;
}

TEST_CASE("engine: killed at every write to the store, it ends as if uninterrupted",
          "[controller]") {
  std::optional<Outcome> expected;
  KillAtEveryWrite(
      {.behaviour = Train, .options = {.max_trials = 8}, .check = [&](Simulation& simulation) {
         const Outcome outcome = OutcomeOf(simulation);
         CHECK(outcome == expected.value_or(outcome));
         expected = outcome;
       }});
}

/// Eight trials of one to four seconds do not fit into it, three at a time.
constexpr Duration kTimeLimit = 4s;

/// Ended by time, on time, with what there was by then.
void CheckEndedByTime(Simulation& simulation) {
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kMaxDurationReached);
  CHECK(simulation.world.Running() == 0);
  CHECK(state.best.has_value());
  CHECK(state.Completed() < 8);
  std::optional<Timestamp> first;
  for (const Recorded& recorded : simulation.LedgerOf("sim")) {
    if (std::holds_alternative<event::TrialLaunched>(recorded.event)) {
      first = first.value_or(recorded.at);
      CHECK(recorded.at < *first + kTimeLimit);
    }
  }
  REQUIRE(first.has_value());
  CHECK(state.ended_at >= *first + kTimeLimit);
  CHECK(state.ended_at <= *first + kTimeLimit + 100ms);
}

TEST_CASE("engine: killed at every write to the store, maxDuration still ends it on time",
          "[controller]") {
  KillAtEveryWrite({.behaviour = Train,
                    .options = {.max_trials = 8, .max_duration = "4s"},
                    .check = CheckEndedByTime,
                    .fewest_writes = 15});
}

}  // namespace
}  // namespace hone::test
