// SPDX-License-Identifier: Apache-2.0
// Early stopping in whole experiments of virtual time: who is stopped, what it saves, and that a
// verdict survives everything.
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "controller/recorded.h"
#include "core/stop_rule.h"
#include "earlystop/recheck.h"
#include "suggestion/inprocess/replay.h"
#include "tests/catch.h"
#include "tests/support/experiment.h"
#include "tests/support/kill_sweep.h"
#include "tests/support/simulation.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

constexpr int kEpochs = 20;
constexpr char kMedianStop[] = R"({"algorithmName": "medianstop"})";

/// What a trial ends at: better around lr = 0.01 and three layers.
double EndOf(const LaunchSpec& launch) {
  const auto parameters = ParseJsonOrThrow(launch.parameters);
  return 1.0 - 0.3 * std::abs(std::log10(parameters.at("lr").get<double>()) + 2.0) -
         0.1 * std::abs(parameters.at("layers").get<double>() - 3.0);
}

/// An epoch a second, each of which prints its accuracy.
SimulatedJob TrainInFormat(const LaunchSpec& launch, bool json) {
  SimulatedJob job;
  job.starts_after = 50ms;
  job.runs_for = kEpochs * 1s + 500ms;
  job.stops_after = 300ms;
  for (int epoch = 1; epoch <= kEpochs; ++epoch) {
    const std::string value = FormatDouble(EndOf(launch) * (1 - std::exp(-1.5 * epoch)));
    job.lines.push_back(
        {epoch * 1s, json ? R"({"acc": ")" + value + R"("})" : "acc=" + value + " lr=1"});
  }
  return job;
}

SimulatedJob Train(const LaunchSpec& launch) {
  return TrainInFormat(launch, false);
}

VerdictReport Recheck(Simulation& simulation) {
  const auto ledger = simulation.LedgerOf("sim");
  const ExperimentState state = simulation.StateOf("sim");
  const auto curves = ReadCurves(simulation.store, state.id, ledger);
  REQUIRE(curves.has_value());
  const auto report = RecheckVerdicts(*state.spec, ledger, *curves);
  REQUIRE(report.has_value());
  return *report;
}

/// Holds for every ledger with a rule, however often the engine died. @returns stopped trials
std::uint32_t CheckStopped(Simulation& simulation) {
  const ExperimentState state = simulation.StateOf("sim");
  std::map<TrialNumber, int> requests;
  for (const Recorded& recorded : simulation.LedgerOf("sim")) {
    if (const auto* stop = std::get_if<event::TrialStopRequested>(&recorded.event)) {
      CHECK(stop->cause == event::TrialStopRequested::Cause::kEarlyStopped);
      CHECK_FALSE(stop->ruling.rule.empty());
      CHECK(stop->ruling.report >= 1);
      ++requests[stop->trial];
    }
  }
  for (const auto& [key, starts] : simulation.world.Starts()) {
    CHECK(starts == 1);
    CHECK(key.second == 1);  // none resurrected
  }
  for (const TrialState& trial : state.trials) {
    const bool stopped = trial.phase == TrialPhase::kEarlyStopped;
    CHECK((stopped || trial.phase == TrialPhase::kSucceeded ||
           trial.phase == TrialPhase::kWithdrawn));
    CHECK(requests[trial.number] <= 1);
    CHECK((!stopped || requests[trial.number] == 1));
    CHECK((!stopped || !trial.observation.empty()));
  }
  const VerdictReport report = Recheck(simulation);
  CHECK(report.compared ==
        requests.size() - static_cast<std::size_t>(
                              std::count_if(requests.begin(), requests.end(),
                                            [](const auto& item) { return item.second == 0; })));
  INFO((report.first ? report.first->recorded + " / " + report.first->recomputed : ""));
  CHECK(report.different == 0);
  return state.Count(TrialPhase::kEarlyStopped);
}

TEST_CASE("early stopping: a whole experiment in virtual time, with every collector",
          "[controller]") {
  struct Case {
    std::string name;
    std::string collector;
  };
  const Case c = GENERATE(values<Case>({
      {"standard output", ""},
      {"text file", R"({"collector": {"kind": "File"}, "source": {"fileSystemPath":
        {"path": "/var/log/m.log", "kind": "File"}}})"},
      {"JSON file", R"({"collector": {"kind": "File"}, "source": {"fileSystemPath":
        {"path": "/var/log/m.log", "kind": "File", "format": "JSON"}}})"},
  }));
  INFO(c.name);
  Simulation simulation(
      [&](const LaunchSpec& launch) { return TrainInFormat(launch, c.name == "JSON file"); }, 8);
  Create(simulation, {.max_trials = 30, .early_stopping = kMedianStop, .collector = c.collector});
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kMaxTrialsReached);
  CHECK(state.Completed() == 30);
  CHECK(CheckStopped(simulation) >= 10);
  double best = 0;
  for (const TrialState& trial : state.trials) {
    best = std::max(best, ObjectiveOf(state.spec->objective, trial.observation).number.value());
    if (trial.phase == TrialPhase::kEarlyStopped) {
      CHECK(trial.ended_at - trial.started_at >= 4s);  // start_step is 4
      CHECK(trial.ended_at - trial.started_at < 20s);
      CHECK(trial.message.find("medianstop: acc = ") == 0);
    }
  }
  REQUIRE(state.best.has_value());
  const TrialState& winner = *state.Find(*state.best);
  CHECK(ObjectiveOf(state.spec->objective, winner.observation).number == best);
  CHECK(winner.phase == TrialPhase::kSucceeded);
}

TEST_CASE("early stopping: every rule and every searcher go together, and replay is equal",
          "[controller]") {
  const std::string rule = GENERATE("medianstop", "asha", "percentile", "plateau", "wilcoxon");
  const std::string algorithm = rule == "asha" ? "tpe" : rule == "plateau" ? "cmaes" : "random";
  INFO(rule);
  Simulation simulation(
      [](const LaunchSpec& launch) {
        SimulatedJob job = Train(launch);
        if (launch.id.number % 5 == 4) {  // for plateau: one that gets worse
          for (auto& line : job.lines) {
            line.text = line.after > 3s ? "acc=0.01" : line.text;
          }
        }
        return job;
      },
      8);
  Create(simulation, {.algorithm = algorithm,
                      .max_trials = 30,
                      .early_stopping = R"({"algorithmName": ")" + rule + R"("})"});
  REQUIRE(simulation.RunToEnd());
  const std::uint32_t stopped = CheckStopped(simulation);
  CHECK(stopped >= 3);
  CHECK(stopped < 30);
  const ExperimentState state = simulation.StateOf("sim");
  const auto replay = ReplayExperiment(*state.spec, state.seed, simulation.LedgerOf("sim"));
  REQUIRE(replay.has_value());
  CHECK(replay->different == 0);
}

TEST_CASE("early stopping: a trial that ends before its verdict arrives is an ordinary result",
          "[controller]") {
  Simulation simulation(
      [](const LaunchSpec& launch) {
        SimulatedJob job = Train(launch);
        job.stops_after = 1h;  // it ignores TERM, and comes to its end
        return job;
      },
      8);
  Create(simulation, {.max_trials = 20, .early_stopping = kMedianStop});
  REQUIRE(simulation.RunToEnd());
  CHECK(simulation.StateOf("sim").Count(TrialPhase::kSucceeded) == 20);
  CHECK(Recheck(simulation).compared > 0);
  CHECK(CheckStopped(simulation) == 0);
}

TEST_CASE("early stopping: a trial that reports nothing is left alone", "[controller]") {
  Simulation simulation(
      [](const LaunchSpec& launch) {
        SimulatedJob job = Train(launch);
        if (launch.id.number == 10) {
          for (auto& line : job.lines) {
            line.text = "acc=nan";
          }
        }
        return job;
      },
      8);
  Create(simulation, {.max_trials = 12, .early_stopping = kMedianStop});
  REQUIRE(simulation.RunToEnd());
  CHECK(simulation.StateOf("sim").Find(10)->phase == TrialPhase::kMetricsUnavailable);
}

/// Twelve trials are over, and what was stopped was stopped for a reason.
void CheckTwelve(Simulation& simulation) {
  CHECK(simulation.StateOf("sim").Completed() == 12);
  CHECK(CheckStopped(simulation) >= 1);
}

TEST_CASE("early stopping: killed at every write to the store, a stopped trial is stopped once",
          "[controller]") {
  const std::string rule = GENERATE("medianstop", "asha");
  INFO(rule);
  KillAtEveryWrite(
      {.behaviour = Train,
       .options = {.max_trials = 12,
                   .early_stopping = R"({"algorithmName": ")" + rule +
                                     R"(", "algorithmSettings": [{"name": ")" +
                                     (rule == "asha" ? "reduction_factor" : "min_trials_required") +
                                     R"(", "value": "2"}]})"},
       .check = CheckTwelve,
       .fewest_writes = 100});
}

/// Plays an early-stopping service: every trial of the search gets these rules.
class GivesRules final : public SuggesterFactory {
 public:
  explicit GivesRules(std::unique_ptr<SuggesterFactory> searches)
      : searches_(std::move(searches)) {}
  Result<std::unique_ptr<Suggester>> Create(const ExperimentId& id, const ExperimentSpec& spec,
                                            const Origin& origin) override {
    HONE_ASSIGN_OR_RETURN(auto search, searches_->Create(id, spec, origin));
    return std::make_unique<Giver>(std::move(search));
  }

 private:
  class Giver final : public Suggester {
   public:
    explicit Giver(std::unique_ptr<Suggester> search) : search_(std::move(search)) {}
    void Ask(SuggestRequest request, Done done) override {
      search_->Ask(std::move(request), [done = std::move(done)](Result<SuggestReply> reply) {
        if (reply) {
          for (Proposal& answer : reply->answers) {
            if (auto* const start = std::get_if<proposal::Start>(&answer)) {
              PutRules({{"acc", Comparison::kLess, "0.7", 3}}, start->labels);
            }
          }
        }
        done(std::move(reply));
      });
    }

   private:
    std::unique_ptr<Suggester> search_;
  };
  std::unique_ptr<SuggesterFactory> searches_;
};

TEST_CASE("early stopping: rules of a service hold however often the engine is killed",
          "[controller]") {
  KillAtEveryWrite(
      {.behaviour = Train,
       .options = {.max_trials = 12,
                   .early_stopping = R"({"algorithmName": "theirs", "endpoint": "127.0.0.1:1"})"},
       .check = CheckTwelve,
       .prepare =
           [](Simulation& simulation) {
             simulation.around_search = [](auto searches) {
               return std::make_unique<GivesRules>(std::move(searches));
             };
             simulation.KillEngine();
             simulation.StartEngine(true);
           },
       .fewest_writes = 100});
}

TEST_CASE("early stopping: what was recorded before a restart still counts", "[controller]") {
  // Three trials finish, then the engine dies; the fourth is hopeless and reports only before the
  // engine is back, then trains on in silence.
  Simulation simulation(
      [](const LaunchSpec& launch) {
        SimulatedJob job = Train(launch);
        if (launch.id.number == 4) {
          job.runs_for = 1h;
          job.lines.clear();
          for (int epoch = 1; epoch <= 5; ++epoch) {
            job.lines.push_back({epoch * 1s, "acc=0.001"});
          }
        }
        return job;
      },
      8);
  Create(simulation, {.max_trials = 4, .early_stopping = kMedianStop});
  REQUIRE(simulation.RunUntil([&] {
    const auto starts = simulation.world.Starts();
    return starts.contains({4, 1}) &&
           simulation.StateOf("sim").Find(4)->phase == TrialPhase::kRunning;
  }));
  simulation.KillEngine();
  const Timestamp dead_until = simulation.executor.Now() + 30s;
  simulation.executor.PostAfter(30s, [] {});
  while (simulation.executor.Now() < dead_until && simulation.executor.RunOne()) {
  }
  simulation.StartEngine(true);
  REQUIRE(simulation.RunToEnd(10min));
  CHECK(simulation.StateOf("sim").Find(4)->phase == TrialPhase::kEarlyStopped);
  CHECK(CheckStopped(simulation) == 1);
}

TEST_CASE("early stopping: several objectives are compared by their fronts, and replay is equal",
          "[controller]") {
  const std::string rule = GENERATE("medianstop", "asha", "percentile");
  INFO(rule);
  Simulation simulation(
      [](const LaunchSpec& launch) {
        SimulatedJob job = Train(launch);
        const auto layers = ParseJsonOrThrow(launch.parameters).at("layers").get<double>();
        for (auto& line : job.lines) {
          line.text += " ms=" + FormatDouble(10 * layers);
        }
        return job;
      },
      8);
  Create(simulation, {.max_trials = 30,
                      .further = R"([{"metricName": "ms", "type": "minimize"}])",
                      .early_stopping = R"({"algorithmName": ")" + rule + R"("})"});
  REQUIRE(simulation.RunUntil([&] { return simulation.StateOf("sim").Completed() >= 15; }));
  simulation.KillEngine();
  simulation.StartEngine(true);
  REQUIRE(simulation.RunToEnd());
  CHECK(CheckStopped(simulation) >= 3);
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.Completed() == 30);
  for (const TrialState& trial : state.trials) {
    if (trial.phase == TrialPhase::kEarlyStopped) {
      CHECK(trial.message.find(rule + ": acc = ") == 0);
      CHECK(trial.message.find(", ms = ") != std::string::npos);
      CHECK(trial.message.find(" in front ") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace hone::test
