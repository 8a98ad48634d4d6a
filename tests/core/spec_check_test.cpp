// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "tests/catch.h"
#include "tests/core/example_spec.h"

namespace hone {
namespace {

using nlohmann::json;
using Strings = std::vector<std::string>;

Strings Check(const json& document) {
  Problems decoding;
  const ExperimentSpec spec = DecodeSpec(document, nullptr, decoding);
  CHECK(test::Show(decoding).empty());
  Problems problems;
  CheckSpec(spec, problems);
  return test::Show(problems);
}

TEST_CASE("spec check: the example has no problems", "[core]") {
  CHECK(Check(test::ExampleDocument()).empty());
}

TEST_CASE("spec check: rules over one experiment", "[core]") {
  struct Case {
    std::string name;
    std::string pointer;
    json value;
    Strings want;  // starts of the lines
  };
  const std::string parameters = "spec.trialTemplate.trialParameters";
  const std::vector<Case> cases = {
      {"40 characters", "/metadata/name", std::string(40, 'a'), {}},
      {"41 characters",
       "/metadata/name",
       std::string(41, 'a'),
       {"metadata.name: must have at most"}},
      {"a dot inside", "/metadata/name", "a.b-1", {}},
      {"upper case", "/metadata/name", "aB", {"metadata.name: \"aB\" must start with"}},
      {"digit first", "/metadata/name", "1a", {"metadata.name: \"1a\" must start with"}},
      {"dash last", "/metadata/name", "a-", {"metadata.name: \"a-\" must start with"}},
      {"namespace", "/metadata/namespace", "Team", {"metadata.namespace: \"Team\""}},
      {"no trials", "/spec/maxTrialCount", 0, {"spec.maxTrialCount: must be > 0"}},
      {"default parallelism is too much",
       "/spec/maxTrialCount",
       2,
       {"spec.parallelTrialCount: must be <= maxTrialCount (3 > 2)"}},
      {"as many as trials", "/spec/parallelTrialCount", 10, {}},
      {"no parallelism", "/spec/parallelTrialCount", 0, {"spec.parallelTrialCount: must be > 0"}},
      {"negative failures",
       "/spec/maxFailedTrialCount",
       -1,
       {"spec.maxFailedTrialCount: must be >= 0"}},
      {"too many failures",
       "/spec/maxFailedTrialCount",
       11,
       {"spec.maxFailedTrialCount: must be <= maxTrialCount (11 > 10)"}},
      {"objective among the others",
       "/spec/objective/additionalMetricNames",
       {"acc", "loss"},
       {"spec.objective.additionalMetricNames[1]: \"loss\" is the objective already"}},
      {"metric twice",
       "/spec/objective/additionalMetricNames",
       {"acc", "acc"},
       {"warning: spec.objective.additionalMetricNames[1]: \"acc\" is listed twice"}},
      {"an objective twice",
       "/spec/objective/additionalObjectives",
       {{{"metricName", "loss"}, {"type", "minimize"}}},
       {"spec.objective.additionalObjectives[0].metricName: \"loss\" is an objective already"}},
      {"strategy of a stranger",
       "/spec/objective/metricStrategies",
       {{{"name", "f1"}, {"value", "min"}}},
       {"warning: spec.objective.metricStrategies[0].name: \"f1\" is neither"}},
      {"bounds",
       "/spec/parameters/0/feasibleSpace/min",
       "1",
       {"spec.parameters[0].feasibleSpace.max: must be >= min"}},
      {"name of the run object",
       "/spec/trialTemplate/trialSpec/metadata/name",
       "x",
       {"spec.trialTemplate.trialSpec.metadata.name: must be absent"}},
      {"namespace of the run object",
       "/spec/trialTemplate/trialSpec/metadata/namespace",
       "x",
       {"spec.trialTemplate.trialSpec.metadata.namespace: must be absent"}},
      {"no api version",
       "/spec/trialTemplate/trialSpec/apiVersion",
       nullptr,
       {"spec.trialTemplate.trialSpec.apiVersion: is required"}},
      {"placeholder without parameter",
       "/spec/trialTemplate/trialSpec/spec/x",
       "${trialParameters.other}",
       {"spec.trialTemplate.trialSpec: uses ${trialParameters.other}"}},
      {"parameter without placeholder",
       "/spec/trialTemplate/trialSpec/spec/args/0",
       "none",
       {parameters + "[0].name: the trialSpec does not use ${trialParameters.rate}"}},
      {"a search parameter nobody uses",
       "/spec/parameters/2",
       ParseJsonOrThrow(
           R"({"name":"n","parameterType":"int","feasibleSpace":{"min":"1","max":"3"}})"),
       {"spec.parameters[2].name: no trialParameter refers to \"n\""}},
      {"unknown reference",
       "/spec/trialTemplate/trialParameters/1/reference",
       "opp",
       {parameters + "[1].reference: there is no parameter \"opp\", did you mean opt?",
        "spec.parameters[1].name: no trialParameter refers to \"opt\""}},
      {"reference twice",
       "/spec/trialTemplate/trialParameters/1/reference",
       "lr",
       {parameters + "[1].reference: \"lr\" is used by another",
        "spec.parameters[1].name: no trialParameter refers to \"opt\""}},
      {"name twice",
       "/spec/trialTemplate/trialParameters/1/name",
       "rate",
       {parameters + "[1].name: \"rate\" is used by another",
        "spec.trialTemplate.trialSpec: uses ${trialParameters.optimizer}"}},
      {"name with braces",
       "/spec/trialTemplate/trialParameters/1/name",
       "a}",
       {parameters + "[1].name: must not contain braces",
        "spec.trialTemplate.trialSpec: uses ${trialParameters.optimizer}"}},
      {"unknown metadata",
       "/spec/trialTemplate/trialParameters/1/reference",
       "${trialSpec.Uid}",
       {parameters + "[1].reference: \"${trialSpec.Uid}\" is unknown",
        "spec.parameters[1].name: no trialParameter refers to \"opt\""}},
      {"missing label",
       "/spec/trialTemplate/trialParameters/1/reference",
       "${trialSpec.Labels[x]}",
       {parameters + "[1].reference: \"${trialSpec.Labels[x]}\": the template's metadata.labels",
        "spec.parameters[1].name: no trialParameter refers to \"opt\""}},
      {"inactive without a value",
       "/spec/parameters/1/activeWhen",
       {{"parameter", "nobody"}, {"in", {"1"}}},
       {"spec.parameters[1].activeWhen.parameter: there is no parameter \"nobody\"",
        "spec.parameters[1].inactiveValue: is required"}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const Strings lines = Check(test::ExampleWith(c.pointer, c.value));
      CAPTURE(lines);
      REQUIRE(lines.size() == c.want.size());
      for (std::size_t i = 0; i < lines.size(); ++i) {
        CHECK_THAT(lines[i], Catch::Matchers::StartsWith(c.want[i]));
      }
    }
  }
}

TEST_CASE("spec check: a half decoded spec is told only what is wrong with it", "[core]") {
  Problems problems;
  const ExperimentSpec spec = DecodeSpec(
      test::ExampleWith("/spec/parameters/0/feasibleSpace/min", "low"), nullptr, problems);
  CheckSpec(spec, problems);
  CHECK(test::Show(problems) ==
        Strings{"spec.parameters[0].feasibleSpace.min: must be a number (it is \"low\")"});
  Problems of_nothing;
  CheckSpec(ExperimentSpec{}, of_nothing);
  CHECK(test::Show(of_nothing).empty());
}

}  // namespace
}  // namespace hone
