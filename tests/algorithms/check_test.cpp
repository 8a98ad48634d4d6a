// SPDX-License-Identifier: Apache-2.0
#include "algorithms/check.h"

#include "tests/algorithms/spaces.h"
#include "tests/catch.h"

namespace hone {
namespace {

ExperimentSpec SpecOf(std::string algorithm, std::vector<Setting> settings, Space space) {
  ExperimentSpec spec;
  spec.space = std::move(space);
  spec.algorithm = {std::move(algorithm), std::move(settings)};
  return spec;
}

TEST_CASE("check: what an algorithm cannot honour is refused at its place", "[algorithms]") {
  const Space conditional{
      {spaces::Words("w", {"a", "b"}), spaces::When(spaces::Whole("n", 1, 3), "w", {"a"}, "0")}};
  struct Case {
    const char* name;
    ExperimentSpec spec;
    const char* field;  // empty: fine
    const char* message;
  };
  const Case cases[] = {
      {"random takes everything", SpecOf("random", {}, spaces::Mixed()), "", ""},
      {"sobol takes everything", SpecOf("sobol", {}, spaces::Mixed()), "", ""},
      {"slip of the pen", SpecOf("randm", {}, spaces::Mixed()), "spec.algorithm.algorithmName",
       "did you mean \"random\"?"},
      {"unknown", SpecOf("simulated-annealing", {}, spaces::Mixed()),
       "spec.algorithm.algorithmName", "known are asha, auto, bayesianoptimization, bohb, cmaes"},
      {"unknown setting", SpecOf("random", {{"gamma", "1"}}, spaces::Mixed()),
       "spec.algorithm.algorithmSettings[0].name", "no setting \"gamma\""},
      {"bad setting", SpecOf("random", {{"random_state", "-1"}}, spaces::Mixed()),
       "spec.algorithm.algorithmSettings[0].value", "int >= 0"},
      {"conditional for random", SpecOf("random", {}, conditional), "", ""},
      {"conditional for grid", SpecOf("grid", {}, conditional), "", ""},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Problems problems;
      CheckAlgorithm(c.spec, problems);
      REQUIRE(problems.list().size() == (*c.field == '\0' ? 0U : 1U));
      for (const Problem& problem : problems.list()) {
        CHECK(problem.severity == Problem::Severity::kError);
        CHECK(problem.field == c.field);
        CHECK_THAT(problem.message, Catch::Matchers::Contains(c.message));
      }
    }
  }
}

TEST_CASE("check: problems found before do not hide the algorithm's own", "[algorithms]") {
  Problems problems;
  problems.Refuse("elsewhere", "wrong");
  CheckAlgorithm(SpecOf("grid", {}, Space{{spaces::Real("x", 0, 1)}}), problems);
  CHECK(problems.list().size() == 2);
}

TEST_CASE("check: settings come back with defaults", "[algorithms]") {
  Problems problems;
  const auto choice = CheckAlgorithm(SpecOf("sobol", {}, spaces::Mixed()), problems);
  REQUIRE(choice.has_value());
  CHECK(choice->info->name == "sobol");
  CHECK(choice->settings.Int("skip") == 0);
  CHECK_FALSE(choice->settings.Has("random_state"));
}

}  // namespace
}  // namespace hone
