// SPDX-License-Identifier: Apache-2.0
// The conversation with the search algorithm: slow, failing, waiting and lying ones.
#include <deque>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.h"
#include "core/spec_codec.h"
#include "suggestion/inprocess/replay.h"
#include "tests/catch.h"
#include "tests/support/experiment.h"
#include "tests/support/simulation.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

/// Answers after a delay of virtual time as a script says; one fixed configuration.
class ScriptedSuggester final : public Suggester {
 public:
  using Script = std::function<Result<std::vector<Proposal>>(const SuggestRequest&)>;

  ScriptedSuggester(Executor& executor, Duration delay, Script script)
      : executor_(executor), delay_(delay), script_(std::move(script)) {}

  void Ask(SuggestRequest request, Done done) override {
    executor_.PostAfter(delay_, [script = script_, request = std::move(request), done] {
      auto answers = script(request);
      if (answers.has_value()) {
        done(SuggestReply{request.reservation, request.based_on, std::move(*answers)});
      } else {
        done(tl::make_unexpected(answers.error()));
      }
    });
  }

 private:
  Executor& executor_;
  Duration delay_;
  Script script_;
};

class ScriptedFactory final : public SuggesterFactory {
 public:
  ScriptedFactory(Executor& executor, Duration delay, ScriptedSuggester::Script script)
      : executor_(executor), delay_(delay), script_(std::move(script)) {}

  Result<std::unique_ptr<Suggester>> Create(const ExperimentId& /*id*/,
                                            const ExperimentSpec& /*spec*/,
                                            const Origin& /*origin*/) override {
    return std::make_unique<ScriptedSuggester>(executor_, delay_, script_);
  }

 private:
  Executor& executor_;
  Duration delay_;
  ScriptedSuggester::Script script_;
};

Proposal Same() {
  return proposal::Start{.values = {{"0.01"}, {"2"}, {"adam"}},
                         .budget = {},
                         .start_from = {},
                         .name = {},
                         .tag = {},
                         .note = {},
                         .labels = {}};
}

std::vector<Proposal> SameForAll(const SuggestRequest& request) {
  return std::vector<Proposal>(request.numbers.size(), Same());
}

SimulatedJob Short(const LaunchSpec& /*launch*/) {
  SimulatedJob job;
  job.runs_for = 20ms;
  job.lines = {{1ms, "acc=0.5"}};
  return job;
}

/// An engine whose algorithm is the script.
struct ScriptedRun {
  ScriptedRun(Duration delay, ScriptedSuggester::Script script, const ExperimentOptions& options,
              const SimulatedWorld::Behaviour& behaviour = Short)
      : simulation(behaviour, 8) {
    simulation.KillEngine();
    simulation.StartEngine(false);
    simulation.engine.reset();
    simulation.executor.DropAll();
    factory = std::make_unique<ScriptedFactory>(simulation.executor, delay, std::move(script));
    auto made = Engine::Create({simulation.store, *factory, *simulation.runner, simulation.executor,
                                simulation.executor, simulation.executor},
                               {});
    REQUIRE(made.has_value());
    simulation.engine = *made;
    REQUIRE(simulation.Ask(request::Create{MakeSpec(options).document})->has_value());
  }

  ExperimentState End() {
    REQUIRE(simulation.RunToEnd());
    return simulation.StateOf("sim");
  }

  std::unique_ptr<ScriptedFactory> factory;
  Simulation simulation;
};

TEST_CASE("search: a slow algorithm fills all slots with each answer", "[controller]") {
  std::vector<std::size_t> asked;
  ScriptedRun run(200ms,
                  [&](const SuggestRequest& request) {
                    asked.push_back(request.numbers.size());
                    return SameForAll(request);
                  },
                  {.max_trials = 80, .parallel = 8});
  const ExperimentState state = run.End();
  CHECK(state.Count(TrialPhase::kSucceeded) == 80);
  // Slots that became free while it thought are asked for together: ten answers of eight, give or
  // take the ends.
  CHECK(asked.size() <= 12);
  CHECK(*std::max_element(asked.begin(), asked.end()) == 8);
}

TEST_CASE("search: an answer is accepted however far the ledger has moved meanwhile",
          "[controller]") {
  // Trials of 20 ms end while the algorithm thinks for 200 ms, so every answer is based on an old
  // version.
  ScriptedRun run(
      200ms, [](const SuggestRequest& request) { return SameForAll(request); },
      {.max_trials = 20, .parallel = 8},
      [](const LaunchSpec& launch) {
        SimulatedJob job = Short(launch);
        job.runs_for = std::chrono::milliseconds(20 * launch.id.number);
        return job;
      });
  CHECK(run.End().Count(TrialPhase::kSucceeded) == 20);
}

TEST_CASE("search: unavailable is asked again, and gives up in bounded time", "[controller]") {
  const int failures = GENERATE(3, 1000);
  int asked = 0;
  ScriptedRun run(1ms,
                  [&](const SuggestRequest& request) -> Result<std::vector<Proposal>> {
                    if (++asked <= failures) {
                      return Fail(Code::kUnavailable, "not now");
                    }
                    return SameForAll(request);
                  },
                  {.max_trials = 2, .parallel = 2});
  const ExperimentState state = run.End();
  if (failures == 3) {
    CHECK(state.phase == ExperimentPhase::kSucceeded);
  } else {
    CHECK(state.end_reason == event::ExperimentEnded::Reason::kSuggestionFailed);
    CHECK(state.message.find("not now") != std::string::npos);
  }
}

TEST_CASE("search: waiting with nothing under way is a typed failure, never a hang",
          "[controller]") {
  ScriptedRun run(1ms,
                  [](const SuggestRequest& request) {
                    return std::vector<Proposal>(request.numbers.size(), proposal::Wait{});
                  },
                  {.max_trials = 4, .parallel = 2});
  const ExperimentState state = run.End();
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kSearchStalled);
  CHECK(state.Count(TrialPhase::kWithdrawn) == 2);
}

TEST_CASE("search: after Wait the algorithm is asked again when a trial ends", "[controller]") {
  ScriptedRun run(1ms,
                  [started = 0](const SuggestRequest& request) mutable {
                    std::vector<Proposal> answers;
                    for (std::size_t i = 0; i < request.numbers.size(); ++i) {
                      const bool start = i == 0;  // one at a time, whatever is offered
                      started += start ? 1 : 0;
                      answers.push_back(start ? Same() : Proposal(proposal::Wait{}));
                    }
                    return answers;
                  },
                  {.max_trials = 5, .parallel = 3});
  const ExperimentState state = run.End();
  CHECK(state.phase == ExperimentPhase::kSucceeded);
  CHECK(state.Count(TrialPhase::kSucceeded) == 5);
}

TEST_CASE("search: a killed engine asks the standing question again", "[controller]") {
  Simulation simulation(Short, 8);
  // One that answers at once is never seen with a question open.
  const auto document = MakeSpec({.algorithm = "tpe", .max_trials = 4, .parallel = 2}).document;
  REQUIRE(simulation.Ask(request::Create{document})->has_value());
  REQUIRE(
      simulation.RunUntil([&] { return simulation.StateOf("sim").reservation.has_value(); }, 1h));
  simulation.KillEngine();
  simulation.StartEngine(true);
  REQUIRE(simulation.RunToEnd());
  CHECK(simulation.StateOf("sim").Count(TrialPhase::kSucceeded) == 4);
}

SimulatedJob GoodJob(const LaunchSpec& launch) {
  SimulatedJob job;
  job.runs_for = 1s;
  job.lines = {{500ms, "acc=0." + std::to_string(launch.id.number)}};
  return job;
}

TEST_CASE("search: initialTrials come first, and every algorithm learns of them", "[controller]") {
  const std::string algorithm =
      GENERATE("random", "sobol", "tpe", "multivariate-tpe", "bayesianoptimization");
  INFO(algorithm);
  const ExperimentOptions options{
      .algorithm = algorithm,
      .max_trials = 9,
      .initial_trials = R"([{"lr": 0.050, "opt": "sgd"}, {"layers": 2, "lr": "0.02"}])"};
  Simulation simulation(GoodJob, 4);
  const auto answer = simulation.Ask(request::Create{MakeSpec(options).document});
  REQUIRE(answer.has_value());
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  CHECK(state.phase == ExperimentPhase::kSucceeded);
  REQUIRE(state.trials.size() >= 9);
  CHECK(state.trials[0].values == Assignment{{"0.05"}, {"3"}, {"sgd"}});
  CHECK(state.trials[0].note == "given by initialTrials[0]");
  CHECK(state.trials[1].values == Assignment{{"0.02"}, {"2"}, {"adam"}});
  CHECK(state.trials[1].note == "given by initialTrials[1]");
  CHECK(state.trials[2].note.empty());
  const auto report = ReplayExperiment(*state.spec, state.seed, simulation.LedgerOf("sim"));
  REQUIRE(report.has_value());
  CHECK(report->compared >= 9);
  CHECK(report->different == 0);
}

TEST_CASE("search: a grid tries every combination once, the given ones first", "[controller]") {
  Problems problems;
  auto document = ParseJsonOrThrow(ExperimentDocument(
      {.algorithm = "grid", .max_trials = {}, .initial_trials = R"([{"layers": 1, "opt": "adam"},
        {"layers": 5}, {"layers": 2, "opt": "sgd"}, {"layers": 1, "opt": "sgd"}])"}));
  document["spec"]["parameters"][0]["feasibleSpace"] = {
      {"min", "0.01"}, {"max", "0.03"}, {"step", "0.01"}};
  const ExperimentSpec spec = DecodeSpec(document, nullptr, problems);
  REQUIRE_FALSE(problems.HasErrors());
  Simulation simulation(GoodJob,
                        3);  // so that one question takes the last given one and two others
  REQUIRE(simulation.Ask(request::Create{spec.document}).has_value());
  REQUIRE(simulation.RunToEnd());
  const ExperimentState state = simulation.StateOf("sim");
  std::set<std::vector<std::string>> seen;
  for (const TrialState& trial : state.trials) {
    if (trial.phase == TrialPhase::kSucceeded) {
      CHECK(seen.insert({trial.values[0].text, trial.values[1].text, trial.values[2].text}).second);
    }
  }
  CHECK(seen.size() == 30);
  CHECK(state.trials[0].values == Assignment{{"0.02"}, {"1"}, {"adam"}});
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kSuggestionEndReached);
}

}  // namespace
}  // namespace hone::test
