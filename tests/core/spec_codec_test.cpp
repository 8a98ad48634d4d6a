// SPDX-License-Identifier: Apache-2.0
#include "core/spec_codec.h"

#include "base/json.h"
#include "tests/catch.h"
#include "tests/core/example_spec.h"

namespace hone {
namespace {

using nlohmann::json;

TEST_CASE("spec codec: the example decodes without problems, defaults written in", "[core]") {
  Problems problems;
  const ExperimentSpec spec = DecodeSpec(test::ExampleDocument(), nullptr, problems);
  CHECK(test::Show(problems).empty());
  CHECK(spec.name == "example");
  CHECK(spec.name_space == "default");
  CHECK(spec.parallel_trial_count == 3);
  CHECK(spec.max_trial_count == 10);
  CHECK(spec.resume_policy == ResumePolicy::kNever);
  CHECK(spec.objective.strategies == std::vector<MetricStrategy>{{"loss", Strategy::kMin}});
  const json document = ParseJsonOrThrow(spec.document);
  const json& body = document["spec"];
  CHECK(document["metadata"]["namespace"] == "default");
  CHECK(body["parallelTrialCount"] == 3);
  CHECK(body["resumePolicy"] == "Never");
  CHECK(body["objective"]["metricStrategies"] ==
        ParseJsonOrThrow(R"([{"name":"loss","value":"min"}])"));
  CHECK(body["metricsCollectorSpec"] == ParseJsonOrThrow(R"({"collector":{"kind":"StdOut"}})"));
  CHECK(body["parameters"][0]["feasibleSpace"]["distribution"] == "uniform");
  CHECK(body["parameters"][1]["feasibleSpace"]["distribution"] == "uniform");
  CHECK(body["trialTemplate"]["successCondition"] ==
        R"(status.conditions.#(type=="Complete")#|#(status=="True")#)");
  CHECK(body["trialTemplate"]["failureCondition"] ==
        R"(status.conditions.#(type=="Failed")#|#(status=="True")#)");
  CHECK_FALSE(body["trialTemplate"].contains("primaryPodLabels"));
}

TEST_CASE("spec codec: decoding a stored document gives an equal spec", "[core]") {
  const std::vector<std::pair<std::string, json>> changes = {
      {"/spec/seed", 7},
      {"/spec/unknownField", {{"kept", true}}},
      {"/spec/parameters/0/feasibleSpace/min", 0.02},
      {"/spec/objective/goal", 0.25},
      {"/spec/maxFailedTrialCount", 0},
      {"/spec/algorithm/algorithmSettings", {{{"name", "random_state"}, {"value", 10}}}},
      {"/spec/metricsCollectorSpec", {{"collector", {{"kind", "None"}}}}},
      {"/spec/metricsCollectorSpec",
       {{"collector", {{"kind", "File"}}}, {"source", {{"httpGet", {{"port", 1}}}}}}},
      {"/spec/retryPolicy", {{"maxRetries", 1}, {"on", {"ExitCode"}}}},
      {"/spec/maxTrialDuration", "1.5h"},
      {"/spec/maxDuration", "2h"},
      {"/spec/runner", {{"kind", "Local"}}},
      {"/spec/objective/metricStrategies", {{{"name", "loss"}, {"value", "latest"}}}},
      {"/status", {{"trials", 1}}},
  };
  for (const auto& [pointer, value] : changes) {
    DYNAMIC_SECTION(pointer << value) {
      const ExperimentSpec spec = test::DecodeExample(test::ExampleWith(pointer, value));
      const auto again = DecodeStoredSpec(spec.document);
      REQUIRE(again.has_value());
      CHECK(*again == spec);
    }
  }
}

TEST_CASE(
    "spec codec: a Job's backoffLimit is the number of retries, unless retryPolicy is written",
    "[core]") {
  const std::string limit = "/spec/trialTemplate/trialSpec/spec/backoffLimit";
  const auto retries = [](const json& document) {
    const auto policy = test::DecodeExample(document).retry_policy;
    return policy ? policy->max_retries : 0;
  };
  json document = test::ExampleWith(limit, 2);
  CHECK(retries(document) == 2);
  document["spec"]["retryPolicy"] = {{"maxRetries", 5}};
  CHECK(retries(document) == 5);
  document = test::ExampleDocument();
  document["spec"]["trialTemplate"]["trialSpec"]["spec"].erase("backoffLimit");
  CHECK(retries(document) == 0);
}

TEST_CASE("spec codec: stored documents that do not decode are lost data", "[core]") {
  for (const char* document : {"", "{", "[]", "{}", R"({"kind":"Experiment"})"}) {
    CHECK(DecodeStoredSpec(document).error().code == Code::kDataLoss);
  }
}

TEST_CASE("spec codec: unquoted values keep their source text", "[core]") {
  json document = test::ExampleWith("/spec/parameters/0/feasibleSpace/min", 0.01);
  document["spec"]["parameters"][1]["feasibleSpace"]["list"] = {true, 1.5, 3, "x"};
  Problems problems;
  const ExperimentSpec spec = DecodeSpec(
      document,
      [](std::string_view path) -> std::optional<std::string> {
        if (path == "spec.parameters[1].feasibleSpace.list[0]") {
          return "on";
        }
        return path == "spec.parameters[0].feasibleSpace.min" ? std::optional("0.010")
                                                              : std::nullopt;
      },
      problems);
  CHECK(test::Show(problems).empty());
  CHECK(spec.space.parameters[1].domain == Domain(CategoricalDomain{{"on", "1.5", "3", "x"}}));
  CHECK(ParseJsonOrThrow(spec.document)["spec"]["parameters"][0]["feasibleSpace"]["min"] ==
        "0.010");
}

struct ProblemCase {
  std::string name;
  std::string pointer;
  json value;
  std::string want;  // of the only problem
};

void CheckCases(const std::vector<ProblemCase>& cases) {
  for (const ProblemCase& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Problems problems;
      DecodeSpec(test::ExampleWith(c.pointer, c.value), nullptr, problems);
      CHECK(test::Show(problems) == std::vector<std::string>{c.want});
    }
  }
}

TEST_CASE("spec codec: missing and mistyped fields", "[core]") {
  CheckCases({
      {"api version", "/apiVersion", "kubeflow.org/v1", "apiVersion: must be kubeflow.org/v1beta1"},
      {"no name", "/metadata/name", nullptr,
       "metadata.name: is required; name the experiment (generateName is not supported)"},
      {"empty name", "/metadata/name", "",
       "metadata.name: is empty; name the experiment (generateName is not supported)"},
      {"no spec", "/spec", nullptr, "spec: is required"},
      {"spec is a list", "/spec", json::array(), "spec: must be an object, not a list"},
      {"no objective", "/spec/objective", nullptr,
       "spec.objective: is required: type and objectiveMetricName"},
      {"no direction", "/spec/objective/type", nullptr,
       "spec.objective.type: is required; say minimize or maximize"},
      {"wrong direction", "/spec/objective/type", "minimise",
       "spec.objective.type: must be one of minimize, maximize; \"minimise\" is unknown, did you "
       "mean minimize?"},
      {"goal as text", "/spec/objective/goal", "0.1",
       "spec.objective.goal: must be a finite number without quotes, not the text \"0.1\""},
      {"no metric", "/spec/objective/objectiveMetricName", "",
       "spec.objective.objectiveMetricName: is empty; name the metric that trials report"},
      {"no algorithm", "/spec/algorithm", nullptr,
       "spec.algorithm: is required; name one of `hone algorithms`"},
      {"early stopping without name", "/spec/earlyStopping", json::object(),
       "spec.earlyStopping.algorithmName: is required; name one of `hone algorithms`"},
      {"count with fraction", "/spec/maxTrialCount", 1.5,
       "spec.maxTrialCount: must be a whole number without quotes, not 1.5"},
      {"huge count", "/spec/maxTrialCount", 3000000000,
       "spec.maxTrialCount: must fit in 32 bits (it is 3000000000)"},
      {"resume policy", "/spec/resumePolicy", "never",
       "spec.resumePolicy: must be one of Never, LongRunning, FromVolume; \"never\" is unknown, "
       "did "
       "you mean Never?"},
      {"no parameters", "/spec/parameters", json::array(),
       "spec.parameters: is required; list at least one parameter to search over"},
      {"parameters are an object", "/spec/parameters", json::object(),
       "spec.parameters: must be a list, not an object"},
      {"a parameter is a word", "/spec/parameters/0", "lr",
       "spec.parameters[0]: must be an object, not the text \"lr\""},
      {"NAS",
       "/spec/nasConfig",
       {{"graphConfig", {{"numLayers", 1}}},
        {"operations", {{{"operationType", "skip_connection"}}}}},
       "spec.nasConfig: cannot stand beside parameters; an experiment searches over one of them"},
      {"template", "/spec/trialTemplate", nullptr,
       "spec.trialTemplate: is required: how a trial is run"},
      {"container", "/spec/trialTemplate/primaryContainerName", nullptr,
       "spec.trialTemplate.primaryContainerName: is required; name the container whose output "
       "carries the metrics"},
      {"trial parameters", "/spec/trialTemplate/trialParameters", nullptr,
       "spec.trialTemplate.trialParameters: is required; an empty list is allowed"},
      {"strategy twice",
       "/spec/objective/metricStrategies",
       {{{"name", "loss"}, {"value", "min"}}, {{"name", "loss"}, {"value", "max"}}},
       "spec.objective.metricStrategies[1].name: this metric already has a strategy"},
  });
}

TEST_CASE("spec codec: feasible spaces", "[core]") {
  const std::string space = "spec.parameters[0].feasibleSpace";
  const std::string pointer = "/spec/parameters/0/feasibleSpace";
  CheckCases({
      {"absent", pointer, nullptr, space + ": is required: min and max, or a list"},
      {"empty", pointer, json::object(), space + ": is empty; give min and max, or a list"},
      {"no max", pointer + "/max", nullptr,
       space + ".max: is required for double and int parameters"},
      {"a list",
       pointer + "/list",
       {"1"},
       space + ".list: belongs to discrete and categorical parameters; give min and max instead"},
      {"a word", pointer + "/min", "low", space + ".min: must be a number (it is \"low\")"},
      {"NaN", pointer + "/min", "nan", space + ".min: must be a number (it is \"nan\")"},
      {"distribution", pointer + "/distribution", "loguniform",
       space + ".distribution: must be one of uniform, logUniform, normal, logNormal, unknown; "
               "\"loguniform\" is unknown, did you mean logUniform?"},
      {"null in a list",
       "/spec/parameters/1/feasibleSpace/list",
       {"a", nullptr},
       "spec.parameters[1].feasibleSpace.list[1]: is null; put it in quotes if the word itself is "
       "meant"},
      {"bounds of a choice", "/spec/parameters/1/feasibleSpace/min", "1",
       "spec.parameters[1].feasibleSpace.min: belongs to double and int parameters; give a list "
       "instead"},
      {"distribution of a choice", "/spec/parameters/1/feasibleSpace/distribution", "normal",
       "warning: spec.parameters[1].feasibleSpace.distribution: has no meaning for a list of "
       "values; "
       "all are equally likely"},
      {"a word among numbers",
       "/spec/parameters/1",
       {{"name", "opt"},
        {"parameterType", "discrete"},
        {"feasibleSpace", {{"list", {"1", "two"}}}}},
       "spec.parameters[1].feasibleSpace.list[1]: must be a number; use parameterType categorical "
       "for words (it is \"two\")"},
      {"type", "/spec/parameters/0/parameterType", "float",
       "spec.parameters[0].parameterType: must be one of double, int, discrete, categorical; "
       "\"float\" is unknown"},
      {"fraction for whole numbers",
       "/spec/parameters/0",
       {{"name", "lr"},
        {"parameterType", "int"},
        {"feasibleSpace", {{"min", "1"}, {"max", "2.5"}}}},
       "spec.parameters[0].feasibleSpace.max: must be a whole number (it is \"2.5\")"},
  });
}

TEST_CASE("spec codec: collectors and templates", "[core]") {
  const json file = {{"kind", "File"}};
  const auto path = [&](const json& value, const json& collector) {
    return json{{"collector", collector}, {"source", {{"fileSystemPath", value}}}};
  };
  const std::string pointer = "/spec/metricsCollectorSpec";
  const std::string source = "spec.metricsCollectorSpec.source";
  json filter_with_json = path({{"format", "JSON"}}, file);
  filter_with_json["source"]["filter"] = json::object();
  CheckCases({
      {"unknown kind",
       pointer,
       {{"collector", {{"kind", "Stdout"}}}},
       "spec.metricsCollectorSpec.collector.kind: must be one of StdOut, File, TensorFlowEvent, "
       "PrometheusMetric, Custom, Push, None; \"Stdout\" is unknown, did you mean StdOut?"},
      {"relative path", pointer, path({{"path", "a.log"}}, file),
       source + ".fileSystemPath.path: must be an absolute path"},
      {"folder for File", pointer, path({{"kind", "Directory"}}, file),
       source + ".fileSystemPath.kind: must be File for this collector kind"},
      {"format", pointer, path({{"format", "json"}}, file),
       source + ".fileSystemPath.format: must be one of TEXT, JSON; \"json\" is unknown, did you "
                "mean JSON?"},
      {"filter with JSON", pointer, filter_with_json,
       source + ".filter: must be absent when the format is JSON"},
      {"events with format", pointer, path({{"format", "TEXT"}}, {{"kind", "TensorFlowEvent"}}),
       source + ".fileSystemPath.format: must be absent for TensorFlowEvent"},
      {"custom",
       pointer,
       {{"collector", {{"kind", "Custom"}}}},
       "spec.metricsCollectorSpec.collector.customCollector: is required for collector kind "
       "Custom"},
      {"port",
       pointer,
       {{"collector", {{"kind", "PrometheusMetric"}}}, {"source", {{"httpGet", {{"port", "x"}}}}}},
       source + ".httpGet.port: must be a positive whole number"},
      {"no run object", "/spec/trialTemplate/trialSpec", nullptr,
       "spec.trialTemplate.trialSpec: is required: the Kubernetes object that runs a trial, such "
       "as "
       "a Job"},
      {"config map", "/spec/trialTemplate/configMap", json::object(),
       "spec.trialTemplate.configMap: cannot stand beside trialSpec; remove one of the two"},
  });
  const ExperimentSpec events = test::DecodeExample(
      test::ExampleWith(pointer, {{"collector", {{"kind", "TensorFlowEvent"}}}}));
  CHECK(events.collector.path == "/var/log/katib/tfevent/");
  const ExperimentSpec defaults =
      test::DecodeExample(test::ExampleWith(pointer, {{"collector", file}}));
  CHECK(defaults.collector.path == "/var/log/katib/metrics.log");
}

TEST_CASE("spec codec: a kind without defaults needs both conditions", "[core]") {
  Problems problems;
  DecodeSpec(test::ExampleWith("/spec/trialTemplate/trialSpec/kind", "Workflow"), nullptr,
             problems);
  REQUIRE(problems.list().size() == 2);
  CHECK(problems.list()[0].field == "spec.trialTemplate.successCondition");
  CHECK(problems.list()[1].field == "spec.trialTemplate.failureCondition");
}

TEST_CASE("spec codec: hone's own fields", "[core]") {
  CheckCases({
      {"negative seed", "/spec/seed", -1, "spec.seed: must be >= 0"},
      {"seed as text", "/spec/seed", "1",
       "spec.seed: must be a whole number without quotes, not the text \"1\""},
      {"duration without unit", "/spec/maxTrialDuration", 90,
       "spec.maxTrialDuration: must be a time with a unit, such as 90s, 10m or 1h30m (it is "
       "\"90\")"},
      {"no duration", "/spec/maxTrialDuration", "0s",
       "spec.maxTrialDuration: must be a time with a unit, such as 90s, 10m or 1h30m (it is "
       "\"0s\")"},
      {"endless duration", "/spec/maxTrialDuration", "99999999999h",
       "spec.maxTrialDuration: must be a time with a unit, such as 90s, 10m or 1h30m (it is "
       "\"99999999999h\")"},
      {"retries",
       "/spec/retryPolicy",
       {{"maxRetries", -1}},
       "spec.retryPolicy.maxRetries: must be >= 0"},
      {"retry word",
       "/spec/retryPolicy",
       {{"maxRetries", 1}, {"on", {"Succeeded"}}},
       "spec.retryPolicy.on[0]: must be one of ExitCode, Signal, OutOfMemory, Timeout, "
       "FailedToStart, Lost, MetricMissing, MetricNotANumber (it is \"Succeeded\")"},
  });
  for (const char* later :
       {"warmStart", "promotion", "objective/outcomeConstraints", "objective/noisy"}) {
    DYNAMIC_SECTION(later) {
      Problems problems;
      DecodeSpec(test::ExampleWith("/spec/" + std::string(later), json::object()), nullptr,
                 problems);
      REQUIRE(problems.list().size() == 1);
      CHECK(problems.HasErrors());
    }
  }
}

TEST_CASE("spec codec: additional objectives", "[core]") {
  const ExperimentSpec spec = test::DecodeExample(
      test::ExampleWith("/spec/objective/additionalObjectives",
                        {{{"metricName", "seconds"}, {"type", "minimize"}, {"goal", 5}},
                         {{"metricName", "recall"}, {"type", "maximize"}}}));
  const Objective& objective = spec.objective;
  CHECK(objective.further ==
        std::vector<FurtherObjective>{{"seconds", Direction::kMinimize, 5},
                                      {"recall", Direction::kMaximize, std::nullopt}});
  CHECK(objective.StrategyOf("seconds", Direction::kMaximize) == Strategy::kMin);
  CHECK(objective.StrategyOf("recall", Direction::kMinimize) == Strategy::kMax);
  CHECK(*DecodeStoredSpec(spec.document) == spec);
  CheckCases({
      {"no metric",
       "/spec/objective/additionalObjectives",
       {{{"type", "minimize"}}},
       "spec.objective.additionalObjectives[0].metricName: is required; name a further metric that "
       "trials report"},
      {"no type",
       "/spec/objective/additionalObjectives",
       {{{"metricName", "seconds"}}},
       "spec.objective.additionalObjectives[0].type: is required; say minimize or maximize"},
      {"no list", "/spec/objective/additionalObjectives", json::object(),
       "spec.objective.additionalObjectives: must be a list, not an object"},
  });
}

TEST_CASE("spec codec: resources are limits where the template says nothing", "[core]") {
  const auto container_with = [](const json& resources, const json& written) {
    json document = test::ExampleWith("/spec/resources", resources);
    json container = {{"name", "main"}};
    if (!written.is_null()) {
      container["resources"] = written;
    }
    const json::json_pointer pod("/spec/trialTemplate/trialSpec/spec/template/spec");
    document[pod]["containers"] = json::array({container});
    const ExperimentSpec spec = test::DecodeExample(document);
    CHECK(DecodeStoredSpec(spec.document).value() == spec);
    return ParseJsonOrThrow(spec.trial_template.trial_spec)
        .at(json::json_pointer("/spec/template/spec/containers/0/resources"));
  };
  const json wanted = {{"cpu", "2"}, {"nvidia.com/gpu", "1"}};
  CHECK(container_with({{"cpu", 2}, {"nvidia.com/gpu", 1}}, nullptr) == json{{"limits", wanted}});
  const json own = {{"limits", {{"cpu", "4"}}}, {"requests", {{"memory", "1Gi"}}}};
  const json both = {{"limits", {{"cpu", "4"}, {"nvidia.com/gpu", "1"}}},
                     {"requests", {{"memory", "1Gi"}}}};
  CHECK(container_with({{"cpu", 2}, {"memory", "8Gi"}, {"nvidia.com/gpu", 1}}, own) == both);
}

TEST_CASE("spec codec: constraints", "[core]") {
  const auto decode = [](const json& list, Problems& problems) {
    return DecodeSpec(test::ExampleWith("/spec/constraints", list), nullptr, problems);
  };
  SECTION("hold for assignments of the space") {
    Problems problems;
    const Space space = decode({"lr < 0.05 || opt == \"adam\""}, problems).space;
    CHECK_FALSE(problems.HasErrors());
    REQUIRE(space.constraints.size() == 1);
    CHECK(space.Feasible({{"0.02"}, {"sgd"}}));
    CHECK(space.Feasible({{"0.09"}, {"adam"}}));
    CHECK_FALSE(space.Feasible({{"0.09"}, {"sgd"}}));
    CHECK(space.Feasible({{"0.09"}, {"sgd", false}}));  // about an inactive parameter
  }
  SECTION("are all told at once when wrong, each at its place") {
    Problems problems;
    decode({"lr < 1", "rate < 1", "lr <", "opt > 2"}, problems);
    REQUIRE(problems.list().size() == 3);
    CHECK(problems.list()[0].field == "spec.constraints[1]");
    CHECK_THAT(problems.list()[0].message, Catch::Matchers::Contains("no parameter \"rate\""));
    CHECK(problems.list()[1].field == "spec.constraints[2]");
    CHECK(problems.list()[2].field == "spec.constraints[3]");
  }
  SECTION("are not too many") {
    Problems problems;
    decode(std::vector<std::string>(101, "lr < 1"), problems);
    REQUIRE(problems.list().size() == 1);
    CHECK(problems.list()[0].field == "spec.constraints");
  }
}

TEST_CASE("spec codec: durations", "[core]") {
  using std::chrono::milliseconds;
  using std::chrono::minutes;
  using std::chrono::seconds;
  const std::vector<std::pair<std::string, Duration>> cases = {
      {"90s", seconds(90)},  {"10m", minutes(10)},         {"1h30m", minutes(90)},
      {"1.5h", minutes(90)}, {"250ms", milliseconds(250)}, {"1m1s1ms", milliseconds(61001)},
      {"0.5m", seconds(30)}};
  for (const auto& [text, want] : cases) {
    CHECK(
        test::DecodeExample(test::ExampleWith("/spec/maxTrialDuration", text)).max_trial_duration ==
        want);
  }
}

TEST_CASE("spec codec: unknown fields are warnings with the nearest name", "[core]") {
  CheckCases({
      {"top", "/extra", 1, "warning: extra: unknown field; it is ignored"},
      {"spec", "/spec/maxTrialcount", 1,
       "warning: spec.maxTrialcount: unknown field; it is ignored, did you mean maxTrialCount?"},
      {"parameter", "/spec/parameters/0/type", "int",
       "warning: spec.parameters[0].type: unknown field; it is ignored"},
      {"space", "/spec/parameters/0/feasibleSpace/stepp", "1",
       "warning: spec.parameters[0].feasibleSpace.stepp: unknown field; it is ignored, did you "
       "mean "
       "step?"},
  });
}

TEST_CASE("spec codec: documents that are no objects, or nest without end", "[core]") {
  for (const json& document : {json(), json(1), json("x"), json::array()}) {
    Problems problems;
    DecodeSpec(document, nullptr, problems);
    CHECK(problems.HasErrors());
  }
  json deep = json::array();
  for (int i = 0; i < 5000; ++i) {
    json outer = json::array();
    outer.push_back(std::move(deep));
    deep = std::move(outer);
  }
  Problems problems;
  json document = test::ExampleDocument();
  document["spec"]["deep"] = std::move(deep);
  DecodeSpec(document, nullptr, problems);
  CHECK(test::Show(problems) ==
        std::vector<std::string>{": the nesting is deeper than 100 levels"});
}

}  // namespace
}  // namespace hone
