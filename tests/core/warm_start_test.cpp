// SPDX-License-Identifier: Apache-2.0
#include "core/warm_start.h"

#include "core/earlier.h"
#include "core/initial_trials.h"
#include "core/spec_codec.h"
#include "tests/catch.h"
#include "tests/support/experiment.h"

namespace hone {
namespace {

EarlierTrial Trial(const std::string& name, const std::string& lr, const std::string& layers) {
  return {name, {{"lr", lr}, {"layers", layers}, {"opt", "adam"}}};
}

ExperimentSpec Spec(int best, const std::string& initial = {}) {
  return test::MakeSpec(
      {.initial_trials = initial,
       .more = R"({"warmStart": {"experiments": ["one", "two"], "learn": true, "best": )" +
               std::to_string(best) + "}}"});
}

std::vector<std::string> Notes(const ExperimentSpec& spec) {
  std::vector<std::string> notes;
  for (const InitialTrial& trial : InitialTrials(spec)) {
    notes.push_back(trial.note);
  }
  return notes;
}

TEST_CASE("warm start: the best of each, in turn", "[core]") {
  const auto spec =
      WithWarmStart(Spec(3), {{Trial("one-a", "0.01", "1"), Trial("one-b", "0.02", "2")},
                              {Trial("two-a", "0.03", "3"), Trial("two-b", "0.04", "4")}});
  REQUIRE(spec.has_value());
  CHECK(spec->warm_start->taken);
  CHECK(Notes(*spec) == std::vector<std::string>{"taken by warmStart from the trial one-a",
                                                 "taken by warmStart from the trial two-a",
                                                 "taken by warmStart from the trial one-b"});
  CHECK(InitialTrials(*spec)[1].values == Assignment{{"0.03"}, {"3"}, {"adam"}});
}

TEST_CASE("warm start: what does not fit and what is there already is passed over", "[core]") {
  EarlierTrial partly = Trial("one-e", "0.05", "2");
  partly.values.pop_back();
  partly.values.emplace_back("gone", "7");
  const auto spec =
      WithWarmStart(Spec(5, R"([{"lr": 0.01, "layers": 1, "opt": "adam"}])"),
                    {{Trial("one-a", "0.01", "1"), Trial("one-b", "99", "2"),
                      Trial("one-c", "0.02", "2"), Trial("one-d", "0.02", "2"), partly},
                     {Trial("two-a", "0.020", "2"), Trial("two-b", "0.03", "1")}});
  REQUIRE(spec.has_value());
  CHECK_FALSE(InitialTrials(*spec)[0].warm);
  CHECK(InitialTrials(*spec)[1].warm);
  CHECK(Notes(*spec) == std::vector<std::string>{"given by initialTrials[0]",
                                                 "taken by warmStart from the trial two-a",
                                                 "taken by warmStart from the trial two-b",
                                                 "taken by warmStart from the trial one-e"});
}

EarlierTrial ResultOf(const std::string& name, const std::string& lr, double loss) {
  EarlierTrial trial = Trial(name, lr, "2");
  trial.loss = loss;
  return trial;
}

TEST_CASE("warm start: results of trials that came to their end are recorded", "[core]") {
  const auto spec =
      WithWarmStart(Spec(1), {{ResultOf("one-a", "0.01", -0.9), Trial("one-b", "0.02", "2"),
                               ResultOf("one-c", "99", -0.5), ResultOf("one-d", "0.03", 1e-300)},
                              {Trial("two-a", "0.04", "3")}});
  REQUIRE(spec.has_value());
  CHECK(Notes(*spec) == std::vector<std::string>{"taken by warmStart from the trial one-a"});
  CHECK(EarlierTasks(*spec) ==
        std::vector<EarlierTask>{
            {"one", {{{{"0.01"}, {"2"}, {"adam"}}, -0.9}, {{{"0.03"}, {"2"}, {"adam"}}, 1e-300}}}});
  CHECK(EarlierTasks(Spec(1)).empty());
  CHECK(EarlierTasks(DecodeStoredSpec(spec->document).value()) == EarlierTasks(*spec));
}

TEST_CASE("warm start: of many results the better half and the worst stay", "[core]") {
  std::vector<EarlierTrial> many;
  for (int i = 0; i < 1000; ++i) {
    many.push_back(ResultOf("one-" + std::to_string(i), "0.0" + std::to_string(1000 + i), i));
  }
  const auto spec = WithWarmStart(Spec(1), {many, {ResultOf("two-a", "0.04", 3)}});
  REQUIRE(spec.has_value());
  const std::vector<EarlierTask> tasks = EarlierTasks(*spec);
  REQUIRE(tasks.size() == 2);
  REQUIRE(tasks[0].results.size() == kMostEarlierResults);
  CHECK(tasks[0].results[49].loss == 49);
  CHECK(tasks[0].results[50].loss > 60);
  CHECK(tasks[0].results.back().loss == 999);
}

TEST_CASE("warm start: trials alone, or results alone", "[core]") {
  const std::vector<std::vector<EarlierTrial>> sources{{ResultOf("one-a", "0.01", 1)},
                                                       {ResultOf("two-a", "0.02", 2)}};
  const auto with = [](const std::string& more) {
    return test::MakeSpec(
        {.more = R"({"warmStart": {"experiments": ["one", "two"], )" + more + "}}"});
  };
  const auto trials = WithWarmStart(with(R"("best": 5)"), sources);
  REQUIRE(trials.has_value());
  CHECK(InitialTrials(*trials).size() == 2);
  CHECK(EarlierTasks(*trials).empty());
  const auto results = WithWarmStart(with(R"("best": 0, "learn": true)"), sources);
  REQUIRE(results.has_value());
  CHECK(InitialTrials(*results).empty());
  CHECK(EarlierTasks(*results).size() == 2);
  const auto nothing = WithWarmStart(with(R"("best": 0, "learn": true)"),
                                     {sources[0], {Trial("two-a", "0.02", "1")}});
  REQUIRE_FALSE(nothing.has_value());
  CHECK(nothing.error().field == "spec.warmStart.experiments[1]");
}

TEST_CASE("warm start: an experiment that has nothing to give is named", "[core]") {
  const auto spec =
      WithWarmStart(Spec(5), {{Trial("one-a", "0.01", "1")}, {{"two-a", {{"x", "1"}}}}});
  REQUIRE_FALSE(spec.has_value());
  CHECK(spec.error().code == Code::kFailedPrecondition);
  CHECK(spec.error().field == "spec.warmStart.experiments[1]");
}

}  // namespace
}  // namespace hone
