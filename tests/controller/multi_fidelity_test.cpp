// SPDX-License-Identifier: Apache-2.0
// Multi-fidelity searches in whole experiments of virtual time, and that a killed engine loses
// nothing of them.
#include <algorithm>
#include <cmath>
#include <map>
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

constexpr char kOf9[] = R"([{"name": "r_l", "value": "9"},
                             {"name": "resource_name", "value": "HONE_BUDGET"}])";
constexpr char kByChildren[] = R"([{"name": "r_l", "value": "9"},
                                    {"name": "resource_name", "value": "HONE_BUDGET"},
                                    {"name": "promote_by", "value": "child"}])";

constexpr char kByResuming[] = R"([{"name": "r_l", "value": "9"},
                                    {"name": "resource_name", "value": "HONE_BUDGET"},
                                    {"name": "promote_by", "value": "resume"}])";

/// Promotions are trials of their own.
std::string ChildrenOf(const std::string& algorithm) {
  return algorithm == "asha" ? kByChildren : kOf9;
}

/// A second for each unit of the budget; better around lr = 0.01, and with more training.
SimulatedJob Train(const LaunchSpec& launch) {
  const double lr = ParseJsonOrThrow(launch.parameters).at("lr").get<double>();
  const double budget = launch.budget.value_or(100);
  const double acc = 1.0 - 0.2 * std::abs(std::log10(lr) + 2.0) - 0.5 / (1 + budget);
  SimulatedJob job;
  job.starts_after = 20ms;
  job.runs_for = std::chrono::milliseconds(static_cast<int>(1000 * budget));
  job.lines = {{10ms, "acc=" + FormatDouble(acc)}};
  if (launch.id.number % 7 == 3) {
    job.ending = {EndingKind::kExitCode, 1, 0, "it failed"};
  }
  return job;
}

std::vector<event::TrialProposed> ProposedBy(Simulation& simulation) {
  std::vector<event::TrialProposed> proposed;
  for (const Recorded& recorded : simulation.LedgerOf("sim")) {
    if (const auto* event = std::get_if<event::TrialProposed>(&recorded.event)) {
      proposed.push_back(*event);
    }
  }
  return proposed;
}

std::size_t Promoted(Simulation& simulation) {
  const auto all = ProposedBy(simulation);
  return static_cast<std::size_t>(std::ranges::count_if(
      all, [](const auto& event) { return event.tag.find(" p") != std::string::npos; }));
}

/// Holds for every ledger of these searches, however often the engine died.
void CheckAll(Simulation& simulation, std::uint32_t trials) {
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kMaxTrialsReached);
  CHECK(state.Completed() == trials);
  for (const auto& [key, starts] : simulation.world.Starts()) {
    CHECK(starts == 1);
    CHECK(key.second == 1);
  }
  std::map<TrialNumber, event::TrialProposed> proposed;
  for (const event::TrialProposed& event : ProposedBy(simulation)) {
    CHECK(proposed.emplace(event.trial, event).second);
    const auto parent = event.tag.find(" p");
    if (parent != std::string::npos) {
      const auto number = ParseInt(std::string_view(event.tag).substr(parent + 2));
      const event::TrialProposed& from = proposed.at(static_cast<TrialNumber>(number.value()));
      CHECK(from.values == event.values);
      CHECK(from.budget < event.budget);
    }
  }
  const auto replay = ReplayExperiment(*state.spec, state.seed, simulation.LedgerOf("sim"));
  REQUIRE(replay.has_value());
  CHECK(replay->compared == trials);
  INFO((replay->first ? replay->first->what : ""));
  CHECK(replay->different == 0);
  REQUIRE(state.best.has_value());
  for (const TrialState& trial : state.trials) {
    if (trial.phase == TrialPhase::kSucceeded) {
      CHECK(trial.budget <= state.Find(*state.best)->budget);
    }
  }
}

TEST_CASE("multi-fidelity: a whole search in virtual time, and the best had the full budget",
          "[controller]") {
  const std::string algorithm = GENERATE("hyperband", "asha", "bohb");
  INFO(algorithm);
  Simulation simulation(Train, 8);
  Create(
      simulation,
      {.algorithm = algorithm, .settings = ChildrenOf(algorithm), .max_trials = 44, .parallel = 4});
  REQUIRE(simulation.RunToEnd());
  CheckAll(simulation, 44);
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.Find(*state.best)->budget == 9.0);
  CHECK(Promoted(simulation) >= 8);
}

TEST_CASE(
    "multi-fidelity: an engine that is killed with 8 promoted and 4 running trials loses "
    "nothing",
    "[controller]") {
  const std::string algorithm = GENERATE("hyperband", "asha", "bohb");
  INFO(algorithm);
  Simulation simulation(Train, 8);
  Create(
      simulation,
      {.algorithm = algorithm, .settings = ChildrenOf(algorithm), .max_trials = 60, .parallel = 4});
  REQUIRE(simulation.RunUntil([&] {
    return Promoted(simulation) >= 8 && simulation.StateOf("sim").Count(TrialPhase::kRunning) == 4;
  }));
  const auto before = simulation.LedgerOf("sim");
  simulation.KillEngine();
  simulation.StartEngine(true);
  REQUIRE(simulation.RunToEnd());
  CheckAll(simulation, 60);
  const auto after = simulation.LedgerOf("sim");
  REQUIRE(after.size() > before.size());
  CHECK(std::equal(before.begin(), before.end(), after.begin()));
}

TEST_CASE("multi-fidelity: killed at any write to the store, nothing is lost or run twice",
          "[controller]") {
  const std::string algorithm = GENERATE("hyperband", "asha");
  INFO(algorithm);
  KillAtEveryWrite({.behaviour = Train,
                    .options = {.algorithm = algorithm,
                                .settings = ChildrenOf(algorithm),
                                .max_trials = 14,
                                .parallel = 4},
                    .check = [](Simulation& simulation) { CheckAll(simulation, 14); },
                    .step = 2});
}

TEST_CASE("multi-fidelity: a person's own trials are members of the search", "[controller]") {
  Simulation simulation(Train, 8);
  Create(simulation, {.algorithm = "hyperband",
                      .settings = R"([{"name": "r_l", "value": "4"}, {"name": "eta", "value": "2"},
                                      {"name": "resource_name", "value": "layers"}])",
                      .max_trials = 30,
                      .parallel = 3,
                      .initial_trials =
                          R"([{"lr": "0.01", "layers": "1", "opt": "adam"},
                              {"lr": "0.02", "layers": "3", "opt": "adam"}])"});
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.Completed() == 30);
  const auto proposed = ProposedBy(simulation);
  // The first has the smallest budget and is the best of its rung; the second has none of them.
  const auto child =
      std::ranges::find_if(proposed, [](const auto& event) { return event.tag.ends_with(" p1"); });
  REQUIRE(child != proposed.end());
  CHECK(child->values[0].text == "0.01");
  CHECK(
      std::ranges::none_of(proposed, [](const auto& event) { return event.tag.ends_with(" p2"); }));
}

std::string DigestOf(const LaunchSpec& launch) {
  std::string digest = std::to_string(launch.id.number) + "/" + std::to_string(launch.attempt);
  return digest + std::string(64 - digest.size(), '.');
}

/// As Train, but each fifth saves nothing, and what goes on must find what it left.
SimulatedJob TrainOn(const LaunchSpec& launch) {
  SimulatedJob job = Train(launch);
  if (launch.id.number % 5 != 0) {
    job.checkpoint = DigestOf(launch);
  }
  if (launch.goes_on) {
    LaunchSpec before = launch;
    --before.attempt;
    CHECK(launch.goes_on == DigestOf(before));
  }
  CHECK(launch.goes_on.has_value() == (launch.attempt > 1 && launch.id.number % 5 != 0));
  return job;
}

/// Holds for every ledger of a search whose trials are resumed, however often the engine died.
void CheckResumed(Simulation& simulation, std::uint32_t trials) {
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kMaxTrialsReached);
  CHECK(state.Completed() == trials);
  CHECK(state.Count(TrialPhase::kPaused) == 0);
  for (const auto& [key, starts] : simulation.world.Starts()) {
    INFO("trial " << key.first << ", attempt " << key.second);
    CHECK(starts == 1);
  }
  std::size_t resumed = 0;
  for (const TrialState& trial : state.trials) {
    CHECK(trial.parent == 0);
    resumed += trial.attempt > 1 ? 1U : 0U;
    if (trial.phase == TrialPhase::kSucceeded || trial.phase == TrialPhase::kEarlyStopped) {
      CHECK(trial.budget <= state.Find(*state.best)->budget);
    }
  }
  CHECK(resumed > 0);
  std::map<TrialNumber, double> budgets;
  for (const event::TrialProposed& event : ProposedBy(simulation)) {
    budgets[event.trial] = event.budget.value();
  }
  for (const Recorded& recorded : simulation.LedgerOf("sim")) {
    if (const auto* event = std::get_if<event::TrialResumed>(&recorded.event)) {
      CHECK(event->budget == 3 * budgets.at(event->trial));
      budgets[event->trial] = event->budget.value();
    }
  }
  const auto replay = ReplayExperiment(*state.spec, state.seed, simulation.LedgerOf("sim"));
  REQUIRE(replay.has_value());
  INFO((replay->first ? replay->first->what : ""));
  CHECK(replay->different == 0);
  CHECK(replay->compared >= trials + resumed);
}

TEST_CASE("multi-fidelity: a promoted trial goes on as the same trial, and counts once",
          "[controller]") {
  const std::string algorithm = GENERATE("asha", "hyperband", "bohb");
  INFO(algorithm);
  Simulation simulation(TrainOn, 8);
  Create(simulation,
         {.algorithm = algorithm, .settings = kByResuming, .max_trials = 40, .parallel = 4});
  REQUIRE(simulation.RunToEnd());
  CheckResumed(simulation, 40);
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.Find(*state.best)->budget == 9.0);
  CHECK(state.Find(*state.best)->phase == TrialPhase::kSucceeded);
  CHECK(ProposedBy(simulation).size() == 40);
}

TEST_CASE(
    "multi-fidelity: an engine that is killed with 8 paused and 4 running trials loses "
    "nothing",
    "[controller]") {
  Simulation simulation(TrainOn, 8);
  Create(simulation, {.algorithm = "asha", .settings = kOf9, .max_trials = 40, .parallel = 4});
  REQUIRE(simulation.RunUntil([&] {
    const ExperimentState state = simulation.StateOf("sim");
    return state.Count(TrialPhase::kPaused) >= 8 && state.Count(TrialPhase::kRunning) == 4;
  }));
  const auto before = simulation.LedgerOf("sim");
  simulation.KillEngine();
  simulation.StartEngine(true);
  REQUIRE(simulation.RunToEnd());
  CheckResumed(simulation, 40);
  const auto after = simulation.LedgerOf("sim");
  REQUIRE(after.size() > before.size());
  CHECK(std::equal(before.begin(), before.end(), after.begin()));
}

TEST_CASE("multi-fidelity: pausing and resuming survive a kill at any write to the store",
          "[controller]") {
  const std::string algorithm = GENERATE("asha", "hyperband");
  INFO(algorithm);
  KillAtEveryWrite({.behaviour = TrainOn,
                    .options = {.algorithm = algorithm,
                                .settings = kByResuming,
                                .max_trials = 12,
                                .parallel = 3},
                    .check = [](Simulation& simulation) { CheckResumed(simulation, 12); },
                    .step = 2});
}

TEST_CASE("multi-fidelity: a search that ended goes on with more trials, and with its old ones",
          "[controller]") {
  Simulation simulation(TrainOn, 8);
  Create(simulation, {.algorithm = "asha",
                      .settings = kOf9,
                      .max_trials = 8,
                      .parallel = 4,
                      .resume_policy = "LongRunning"});
  REQUIRE(simulation.RunToEnd());
  CHECK(simulation.StateOf("sim").Completed() == 8);
  request::Resume more{{"default", "sim"}, {}};
  more.edit.max_trial_count = 40;
  REQUIRE(simulation.Ask(more)->has_value());
  REQUIRE(simulation.RunUntil(
      [&] { return simulation.StateOf("sim").phase == ExperimentPhase::kSucceeded; }));
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.Completed() == 40);
  CHECK(state.Find(*state.best)->budget == 9.0);
  // What was concluded at the first end went on by a child, from its checkpoint.
  CHECK(std::ranges::any_of(state.trials, [](const TrialState& trial) {
    return trial.parent != 0 && trial.parent <= 8 && trial.start_from;
  }));
  const auto replay = ReplayExperiment(*state.spec, state.seed, simulation.LedgerOf("sim"));
  REQUIRE(replay.has_value());
  CHECK(replay->different == 0);
}

TEST_CASE("multi-fidelity: what the money allows is replayed, too", "[controller]") {
  const std::string algorithm = GENERATE("hyperband", "asha");
  INFO(algorithm);
  Simulation simulation(TrainOn, 8);
  Create(simulation, {.algorithm = algorithm,
                      .settings = kOf9,
                      .max_trials = 60,
                      .parallel = 4,
                      .more = R"({"cost": {"perTrial": 1, "max": 31}})"});
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kMaxCostReached);
  CHECK(state.launches == 31);
  const auto replay = ReplayExperiment(*state.spec, state.seed, simulation.LedgerOf("sim"));
  REQUIRE(replay.has_value());
  INFO((replay->first ? replay->first->what : ""));
  CHECK(replay->different == 0);
}

}  // namespace
}  // namespace hone::test
