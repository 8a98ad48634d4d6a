// SPDX-License-Identifier: Apache-2.0
#include "tests/support/experiment.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "core/spec_codec.h"
#include "tests/catch.h"

namespace hone::test {
namespace {

using Json = nlohmann::json;

Json Parameters() {
  return Json::parse(R"([
    {"name": "lr", "parameterType": "double",
     "feasibleSpace": {"min": "0.001", "max": "0.1", "distribution": "logUniform"}},
    {"name": "layers", "parameterType": "int", "feasibleSpace": {"min": "1", "max": "5"}},
    {"name": "opt", "parameterType": "categorical", "feasibleSpace": {"list": ["adam", "sgd"]}}
  ])");
}

Json Template(const ExperimentOptions& options) {
  Json container = {
      {"name", "main"},
      {"image", "none"},
      {"command", Json::parse(options.command)},
      {"args", {"${trialParameters.lr}", "${trialParameters.layers}", "${trialParameters.opt}"}}};
  Json pod = {{"containers", {container}}, {"restartPolicy", "Never"}};
  Json job = {
      {"apiVersion", "batch/v1"}, {"kind", "Job"}, {"spec", {{"template", {{"spec", pod}}}}}};
  Json parameters = Json::array();
  for (const char* name : {"lr", "layers", "opt"}) {
    parameters.push_back({{"name", name}, {"reference", name}});
  }
  return {{"primaryContainerName", "main"}, {"trialParameters", parameters}, {"trialSpec", job}};
}

}  // namespace

std::string ExperimentDocument(const ExperimentOptions& options) {
  Json objective = {{"type", options.direction}, {"objectiveMetricName", "acc"}};
  if (options.goal) {
    objective["goal"] = *options.goal;
  }
  Json spec = {{"objective", objective},
               {"algorithm", {{"algorithmName", options.algorithm}}},
               {"parallelTrialCount", options.parallel},
               {"resumePolicy", options.resume_policy},
               {"seed", options.seed},
               {"parameters", Parameters()},
               {"trialTemplate", Template(options)}};
  if (options.max_trials) {
    spec["maxTrialCount"] = *options.max_trials;
  }
  if (options.max_failed) {
    spec["maxFailedTrialCount"] = *options.max_failed;
  }
  if (options.max_retries > 0) {
    spec["retryPolicy"] = {{"maxRetries", options.max_retries}};
  }
  if (!options.settings.empty()) {
    spec["algorithm"]["algorithmSettings"] = Json::parse(options.settings);
  }
  if (!options.initial_trials.empty()) {
    spec["initialTrials"] = Json::parse(options.initial_trials);
  }
  if (!options.further.empty()) {
    spec["objective"]["additionalObjectives"] = Json::parse(options.further);
  }
  if (!options.early_stopping.empty()) {
    spec["earlyStopping"] = Json::parse(options.early_stopping);
  }
  if (!options.collector.empty()) {
    spec["metricsCollectorSpec"] = Json::parse(options.collector);
  }
  if (!options.max_duration.empty()) {
    spec["maxDuration"] = options.max_duration;
  }
  if (!options.more.empty()) {
    spec.update(Json::parse(options.more));
  }
  return DumpJson(Json{{"apiVersion", "kubeflow.org/v1beta1"},
                       {"kind", "Experiment"},
                       {"metadata", {{"name", options.name}, {"namespace", "default"}}},
                       {"spec", spec}});
}

ExperimentSpec MakeSpec(const ExperimentOptions& options) {
  Problems problems;
  ExperimentSpec spec = DecodeSpec(
      Json::parse(ExperimentDocument(options)), [](std::string_view) { return std::nullopt; },
      problems);
  CheckSpec(spec, problems);
  for (const Problem& problem : problems.list()) {
    UNSCOPED_INFO(problem.field << ": " << problem.message);
  }
  REQUIRE_FALSE(problems.HasErrors());
  return spec;
}

}  // namespace hone::test
