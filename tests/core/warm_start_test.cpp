// SPDX-License-Identifier: Apache-2.0
#include "core/warm_start.h"

#include "core/initial_trials.h"
#include "tests/catch.h"
#include "tests/support/experiment.h"

namespace hone {
namespace {

EarlierTrial Trial(const std::string& name, const std::string& lr, const std::string& layers) {
  return {name, {{"lr", lr}, {"layers", layers}, {"opt", "adam"}}};
}

ExperimentSpec Spec(int best, const std::string& initial = {}) {
  return test::MakeSpec({.initial_trials = initial,
                         .more = R"({"warmStart": {"experiments": ["one", "two"], "best": )" +
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
  CHECK(Notes(*spec) == std::vector<std::string>{"given by initialTrials[0]",
                                                 "taken by warmStart from the trial two-a",
                                                 "taken by warmStart from the trial two-b",
                                                 "taken by warmStart from the trial one-e"});
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
