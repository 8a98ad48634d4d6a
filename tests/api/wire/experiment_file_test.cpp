// SPDX-License-Identifier: Apache-2.0
#include "api/wire/experiment_file.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "core/spec_codec.h"
#include "core/template.h"
#include "tests/api/wire/files.h"
#include "tests/catch.h"

namespace hone {
namespace {

using nlohmann::json;
using Strings = std::vector<std::string>;

Strings Lines(const LoadedExperiment& loaded) {
  Strings lines;
  for (const LocatedProblem& problem : loaded.problems) {
    lines.push_back(FormatProblem(problem));
  }
  return lines;
}

LoadedExperiment LoadAndCheck(std::string_view text) {
  LoadedExperiment loaded = LoadExperiment(text, "f.yaml");
  if (loaded.readable) {
    Problems problems;
    CheckSpec(loaded.spec, problems);
    loaded.Add(problems);
  }
  return loaded;
}

/// A file with one line changed.
std::string Edited(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  INFO(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

const Strings kGoodFiles = {"random-job.yaml", "tpe-pytorchjob.yaml",   "file-collector.yaml",
                            "grid-lists.yaml", "median-stop-json.yaml", "own-kind-push.yaml",
                            "own-fields.yaml", "configmap.yaml",        "nas-darts.yaml"};

TEST_CASE("experiment file: realistic files have no problems", "[api]") {
  for (const std::string& name : kGoodFiles) {
    DYNAMIC_SECTION(name) {
      CHECK(Lines(LoadAndCheck(test::DataFile(name))).empty());
    }
  }
}

TEST_CASE("experiment file: the stored document decodes to an equal spec", "[api]") {
  for (const std::string& name : kGoodFiles) {
    DYNAMIC_SECTION(name) {
      const ExperimentSpec spec = LoadExperiment(test::DataFile(name), name).spec;
      const auto again = DecodeStoredSpec(spec.document);
      REQUIRE(again.has_value());
      CHECK(*again == spec);
      CHECK(again->document == spec.document);
      // And the document is a file by itself.
      const LoadedExperiment from_json = LoadExperiment(spec.document, name);
      CHECK(Lines(from_json).empty());
      CHECK(from_json.spec == spec);
      const LoadedExperiment from_yaml =
          LoadExperiment(EmitYaml(ParseJsonOrThrow(spec.document)), name);
      CHECK(Lines(from_yaml).empty());
      CHECK(from_yaml.spec == spec);
    }
  }
}

TEST_CASE("experiment file: a distributed job gets the defaults of its kind", "[api]") {
  const ExperimentSpec spec = LoadExperiment(test::DataFile("tpe-pytorchjob.yaml"), "f").spec;
  CHECK(spec.name_space == "default");
  CHECK(spec.parallel_trial_count == 3);
  CHECK(spec.max_trial_count == 20);
  CHECK_FALSE(spec.max_failed_trial_count.has_value());
  CHECK(spec.trial_template.success_condition ==
        R"(status.conditions.#(type=="Succeeded")#|#(status=="True")#)");
  CHECK(spec.trial_template.primary_pod_labels ==
        std::map<std::string, std::string>{{"training.kubeflow.org/job-role", "master"}});
  CHECK(spec.objective.strategies ==
        std::vector<MetricStrategy>{{"Validation-accuracy", Strategy::kLatest},
                                    {"loss", Strategy::kMax}});
  CHECK(spec.algorithm.settings ==
        std::vector<Setting>{{"n_EI_candidates", "25"}, {"random_state", "10"}});
  CHECK(spec.space.parameters.at(0).domain ==
        Domain(RealDomain{1e-4, 0.1, std::nullopt, Distribution::kLogUniform}));
  CHECK(spec.collector == CollectorSpec{});
  const json worker =
      ParseJsonOrThrow(spec.trial_template.trial_spec)["spec"]["pytorchReplicaSpecs"]["Worker"];
  CHECK(worker["replicas"] == 2);
  CHECK(worker["restartPolicy"] == "OnFailure");
}

TEST_CASE("experiment file: lists, steps and unquoted values", "[api]") {
  const ExperimentSpec grid = LoadExperiment(test::DataFile("grid-lists.yaml"), "f").spec;
  CHECK(grid.resume_policy == ResumePolicy::kLongRunning);
  REQUIRE(grid.space.parameters.size() == 3);
  CHECK(grid.space.parameters[0].domain == Domain(IntegerDomain{32, 128, 32}));
  CHECK(grid.space.parameters[1].domain ==
        Domain(DiscreteDomain{{"16", "32", "64"}, {16, 32, 64}}));
  CHECK(grid.space.parameters[2].domain == Domain(CategoricalDomain{{"relu", "tanh", "yes"}}));
  const ExperimentSpec own = LoadExperiment(test::DataFile("own-fields.yaml"), "f").spec;
  CHECK(own.seed == 42);
  CHECK(own.max_trial_duration == std::chrono::minutes(90));
  CHECK(own.retry_policy == RetryPolicy{2, {"OutOfMemory", "Signal"}});
  CHECK(own.space.parameters.at(1).active_when == Activation{"optimizer", {"sgd"}});
  CHECK(own.space.parameters.at(1).inactive_value == "0.0");
  CHECK_THAT(own.document, Catch::Matchers::Contains(R"("min":"0.10")"));
}

TEST_CASE("experiment file: collectors", "[api]") {
  const CollectorSpec file =
      LoadExperiment(test::DataFile("file-collector.yaml"), "f").spec.collector;
  CHECK(file.kind == CollectorKind::kFile);
  CHECK(file.path == "/var/log/train.log");
  CHECK(file.format == FileFormat::kText);
  CHECK(file.metrics_format == Strings{R"(([\w/]+)\s*:\s*([+-]?\d*(?:\.\d+)?))"});
  const CollectorSpec lines =
      LoadExperiment(test::DataFile("median-stop-json.yaml"), "f").spec.collector;
  CHECK(lines.format == FileFormat::kJson);
  CHECK(LoadExperiment(test::DataFile("own-kind-push.yaml"), "f").spec.collector.kind ==
        CollectorKind::kPush);
}

TEST_CASE("experiment file: a template is filled with values and metadata", "[api]") {
  const ExperimentSpec spec = LoadExperiment(test::DataFile("median-stop-json.yaml"), "f").spec;
  const auto rendered = RenderTrial(spec, "median-stop-abcdefgh", {{"0.25"}});
  REQUIRE(rendered.has_value());
  const json object = ParseJsonOrThrow(*rendered);
  CHECK(object["metadata"] ==
        ParseJsonOrThrow(R"({"name":"median-stop-abcdefgh","namespace":"team-a",
        "labels":{"team":"vision"},"annotations":{"example.com/owner":"platform"}})"));
  CHECK(object["spec"]["template"]["spec"]["containers"][0]["args"] ==
        json({"--lr=0.25", "--name=team-a/median-stop-abcdefgh", "--job=batch/v1/Job",
              "--team=vision-platform"}));
}

TEST_CASE("experiment file: a template in a ConfigMap is typed after substitution", "[api]") {
  const ExperimentSpec spec = LoadExperiment(test::DataFile("configmap.yaml"), "f").spec;
  CHECK(spec.trial_template.config_map == ConfigMapSource{"templates", "default", "job.yaml"});
  const auto rendered = RenderTrial(spec, "from-config-map-abcdefgh", {{"0.25"}, {"75"}});
  REQUIRE(rendered.has_value());
  const json job = ParseJsonOrThrow(*rendered)["spec"];
  CHECK(job["activeDeadlineSeconds"] == 75);
  CHECK(job["template"]["spec"]["containers"][0]["command"] ==
        json({"python3", "train.py", "--lr=0.25", "75"}));
}

TEST_CASE("experiment file: a template may stand in a file of its own", "[api]") {
  const std::string both = test::DataFile("configmap.yaml");
  const std::size_t border = both.find("---");
  const std::string experiment = both.substr(border);
  const LoadedExperiment alone = LoadExperiment(experiment, "f.yaml");
  CHECK(Lines(alone) ==
        Strings{"f.yaml:23: spec.trialTemplate.configMap.configMapName: there is no ConfigMap "
                "templates in namespace default here; add it to this file as a further document, "
                "or give its file with --config-map"});
  const ConfigMapFile file{"c.yaml", both.substr(0, border)};
  const LoadedExperiment loaded = LoadExperiment(experiment, "f.yaml", {}, {{file}});
  CHECK(Lines(loaded).empty());
  CHECK(loaded.spec == LoadExperiment(both, "f.yaml").spec);
  // Problems of the template stand in its own file.
  const ConfigMapFile broken{"c.yaml", Edited(file.text, "kind: Job", "kind: [")};
  CHECK(Lines(LoadExperiment(experiment, "f.yaml", {}, {{broken}})) ==
        Strings{"c.yaml:12: the YAML is malformed: did not find expected ',' or ']'"});
  const ConfigMapFile twice{"c.yaml",
                            Edited(file.text, "    kind: Job", "    kind: Job\n    kind: Job")};
  CHECK(Lines(LoadExperiment(experiment, "f.yaml", {}, {{twice}})) ==
        Strings{"c.yaml:11: the key \"kind\" stands here and in line 10; remove one of the two"});
  const ConfigMapFile empty{"c.yaml", Edited(file.text, "job.yaml:", "other.yaml:")};
  CHECK(Lines(LoadExperiment(experiment, "f.yaml", {}, {{empty}})) ==
        Strings{"c.yaml:7: the ConfigMap templates has no text under data.job.yaml, which "
                "templatePath names"});
}

TEST_CASE("experiment file: an architecture search is decoded whole", "[api]") {
  const ExperimentSpec spec = LoadExperiment(test::DataFile("nas-darts.yaml"), "f").spec;
  CHECK(spec.space.parameters.empty());
  REQUIRE(spec.nas.has_value());
  CHECK(spec.nas->layers == 3);
  REQUIRE(spec.nas->operations.size() == 1);
  CHECK(spec.nas->operations[0].type == "separable_convolution");
  CHECK(spec.nas->operations[0].choices.parameters.at(0).domain ==
        Domain(CategoricalDomain{{"3"}}));
}

TEST_CASE("experiment file: edits of a good file are told in their line", "[api]") {
  struct Case {
    std::string name;
    std::string from;
    std::string to;
    std::string want;  // the only line
  };
  const std::vector<Case> cases = {
      {"max below min", "max: \"0.05\"", "max: \"0.005\"",
       "f.yaml:25: spec.parameters[0].feasibleSpace.max: must be >= min (0.005 < 0.01); swap the "
       "bounds or correct one"},
      {"bound that is no number", "min: \"0.01\"", "min: small",
       "f.yaml:24: spec.parameters[0].feasibleSpace.min: must be a number (it is \"small\")"},
      {"misspelt field", "parallelTrialCount", "paralelTrialCount",
       "f.yaml:17: warning: spec.paralelTrialCount: unknown field; it is ignored, did you mean "
       "parallelTrialCount?"},
      {"duplicate key", "  maxFailedTrialCount: 3", "  maxTrialCount: 3",
       "f.yaml:19: the key \"maxTrialCount\" stands here and in line 18; remove one of the two"},
      {"syntax", "type: minimize", "type: minimize: 3",
       "f.yaml:10: the YAML is malformed: mapping values are not allowed in this context"},
      {"count in quotes", "maxTrialCount: 12", "maxTrialCount: \"12\"",
       "f.yaml:18: spec.maxTrialCount: must be a whole number without quotes, not the text \"12\""},
      {"unknown reference", "reference: momentum", "reference: momemtum", ""},
      {"own field of a later version", "parallelTrialCount: 3", "promotion: {}",
       "f.yaml:17: spec.promotion: is not supported by this version of hone; remove it"},
      {"name", "name: random", "name: Random_1",
       "f.yaml:7: metadata.name: \"Random_1\" must start with a lower-case letter and hold only "
       "lower-case letters, digits, '-' and '.', ending with a letter or digit"},
      {"escape sequences do not reach the terminal", "type: minimize", "type: \"\\e[31m\"",
       "f.yaml:10: spec.objective.type: must be one of minimize, maximize; \"\\x1b[31m\" is "
       "unknown"},
  };
  const std::string good = test::DataFile("random-job.yaml");
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const Strings lines = Lines(LoadAndCheck(Edited(good, c.from, c.to)));
      if (c.want.empty()) {
        CHECK(lines.size() == 2);  // an unknown reference, and a parameter that is not used
      } else {
        CHECK(lines == Strings{c.want});
      }
    }
  }
}

TEST_CASE("experiment file: texts without an experiment", "[api]") {
  struct Case {
    std::string name;
    std::string text;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"empty", "", "f.yaml:1: there is no document with kind: Experiment in this file"},
      {"comment", "# hi\n", "f.yaml:1: there is no document with kind: Experiment in this file"},
      {"broken", "a: [", "f.yaml:1: "},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const LoadedExperiment loaded = LoadExperiment(c.text, "f.yaml");
      CHECK_FALSE(loaded.readable);
      CHECK(loaded.HasErrors());
      REQUIRE_FALSE(loaded.problems.empty());
      CHECK_THAT(FormatProblem(loaded.problems.back()), Catch::Matchers::StartsWith(c.want));
    }
  }
  const LoadedExperiment word = LoadExperiment("hello", "f.yaml");
  CHECK(word.problems.size() == 2);  // the document is no Experiment, and there is none
  CHECK_FALSE(word.readable);
}

TEST_CASE("experiment file: other documents beside the experiment", "[api]") {
  const std::string good = test::DataFile("random-job.yaml");
  const LoadedExperiment loaded =
      LoadExperiment("kind: Namespace\n---\n" + good + "---\n" + good, "f.yaml");
  CHECK_FALSE(loaded.HasErrors());
  CHECK(loaded.problems.size() == 2);
  CHECK(loaded.spec.name == "random");
}

TEST_CASE("experiment file: an exported object is accepted", "[api]") {
  json object =
      ParseJsonOrThrow(LoadExperiment(test::DataFile("random-job.yaml"), "f").spec.document);
  object["metadata"]["uid"] = "x";
  object["metadata"]["resourceVersion"] = "7";
  object["status"] = {{"trials", 3}};
  const LoadedExperiment loaded = LoadAndCheck(DumpJson(object));
  CHECK(Lines(loaded).empty());
  CHECK_FALSE(ParseJsonOrThrow(loaded.spec.document).contains("status"));
}

}  // namespace
}  // namespace hone
