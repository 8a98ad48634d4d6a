// SPDX-License-Identifier: Apache-2.0
#include "controller/admission/admission.h"

#include <algorithm>
#include <string>
#include <vector>

#include "algorithms/check.h"
#include "base/text.h"
#include "controller/admission/katib_algorithms.h"
#include "core/collector_order.h"
#include "core/kubernetes_job.h"
#include "core/remote_service.h"
#include "core/spec_codec.h"
#include "core/template.h"
#include "earlystop/check.h"
#include "metrics-collector/exposition.h"
#include "metrics-collector/parser.h"

namespace hone {
namespace {

/// The settings of an algorithm that only Katib has.
void CheckForeignSettings(const KatibAlgorithm& algorithm, const AlgorithmSpec& given,
                          const std::string& path, Problems& problems) {
  Problems found;
  static_cast<void>(CheckSettings(algorithm.settings, given.settings, path, found));
  const Problems before = problems;
  for (Problem problem : found.list()) {
    if (before.HasErrorsAt(problem.field)) {
      continue;
    }
    if (algorithm.ignores_unknown_settings && problem.field.ends_with("].name") &&
        problem.message.starts_with("there is no setting")) {
      problem.severity = Problem::Severity::kWarning;
      problem.message += " (Katib ignores the setting)";
    }
    problems.Add(std::move(problem));
  }
}

/// Algorithms for architectures search nothing else, and the others no architectures.
void CheckKindOfSearch(const ExperimentSpec& spec, Problems& problems) {
  const std::string& name = spec.algorithm.name;
  const bool searches_architectures = name == "enas" || name == "darts";
  if (spec.nas && !searches_architectures) {
    problems.Refuse("spec.algorithm.algorithmName",
                    Printable(name) +
                        " cannot search architectures; use enas or "
                        "darts, or parameters instead of nasConfig");
  } else if (!spec.nas && searches_architectures) {
    problems.Refuse("spec.algorithm.algorithmName",
                    name + " searches architectures; give nasConfig instead of parameters");
  }
  if (spec.nas && name == "enas" &&
      (spec.nas->input_sizes.empty() || spec.nas->output_sizes.empty())) {
    problems.Refuse("spec.nasConfig.graphConfig", "enas needs inputSizes and outputSizes");
  }
}

/// Of an experiment that names a service: what Katib's wire cannot tell it. Name and settings of
/// the algorithm are the service's business.
void CheckRemoteSearch(const ExperimentSpec& spec, Problems& problems) {
  constexpr char kAdvice[] = "a suggestion service cannot be told of it; leave out one of the two";
  if (spec.nas) {
    problems.CannotHere("spec.nasConfig",
                        "this version asks suggestion services for parameters only");
  }
  for (std::size_t i = 0; i < spec.space.parameters.size(); ++i) {
    if (spec.space.parameters[i].active_when) {
      problems.Refuse("spec.parameters[" + std::to_string(i) + "].activeWhen", kAdvice);
    }
  }
  if (!spec.space.constraints.empty()) {
    problems.Refuse("spec.constraints", kAdvice);
  }
  if (!spec.objective.further.empty()) {
    problems.Refuse("spec.objective.additionalObjectives", kAdvice);
  }
  if (spec.min_expected_gain) {
    problems.Refuse("spec.minExpectedGain",
                    "is not known of a suggestion service; use maxTrialsWithoutImprovement");
  }
}

void CheckSearch(const ExperimentSpec& spec, Problems& problems) {
  const std::string& name = spec.algorithm.name;
  if (RemoteSearch(spec)) {
    return CheckRemoteSearch(spec, problems);
  }
  if (name.empty()) {
    return;  // told already
  }
  CheckKindOfSearch(spec, problems);
  const KatibAlgorithm* foreign = FindKatibSearch(name);
  if (foreign == nullptr || SearcherRegistry::Instance().Find(name) != nullptr) {
    static_cast<void>(CheckAlgorithm(spec, problems));  // its problems are what is wanted
    return;
  }
  CheckForeignSettings(*foreign, spec.algorithm, "spec.algorithm.algorithmSettings", problems);
  problems.CannotHere("spec.algorithm.algorithmName",
                      "this version has no " + name + " yet; use one of `hone algorithms`");
}

void CheckCollector(const ExperimentSpec& spec, Problems& problems) {
  CheckFilters(spec.collector, problems);
  CheckHttpGet(spec, problems);
  const std::vector<std::string> metrics = spec.objective.MetricNames();
  for (const std::string& metric : metrics) {
    const auto selector = ParseSelector(metric);
    if (spec.collector.kind == CollectorKind::kPrometheus && !selector) {
      problems.Refuse(
          metric == metrics.front() ? "spec.objective.objectiveMetricName" : "spec.objective",
          selector.error().message);
    }
  }
}

/// Some value that a parameter may have.
std::string SampleOf(const Domain& domain) {
  if (const auto* real = std::get_if<RealDomain>(&domain)) {
    return FormatDouble(real->min);
  }
  if (const auto* integer = std::get_if<IntegerDomain>(&domain)) {
    return std::to_string(integer->min);
  }
  const auto* discrete = std::get_if<DiscreteDomain>(&domain);
  const std::vector<std::string>& texts =
      discrete != nullptr ? discrete->texts : std::get<CategoricalDomain>(domain).choices;
  return texts.empty() ? "" : texts.front();
}

/// A template in a ConfigMap has its types only with values put in.
void CheckJob(const ExperimentSpec& spec, Problems& problems) {
  const std::string field = "spec.trialTemplate.trialSpec";
  if (!spec.trial_template.config_map) {
    CheckJobFields(spec.trial_template.trial_spec, field, problems);
    return;
  }
  Assignment values;
  for (const Parameter& parameter : spec.space.parameters) {
    values.push_back({SampleOf(parameter.domain)});
  }
  if (const auto rendered = RenderTrial(spec, "trial", values)) {
    CheckJobFields(*rendered, field, problems);
  }
}

/// What the runner says, except about fields that are known to be wrong.
void CheckRunner(const ExperimentSpec& spec, const TrialRunner& runner, Problems& problems) {
  const bool has_job = spec.runner != RunnerKind::kAskTell;
  if (has_job &&
      (spec.trial_template.trial_spec.empty() || spec.trial_template.primary_container.empty())) {
    return;  // told already
  }
  Problems found;
  runner.Check(spec, found);
  problems.AddNew(found);
}

}  // namespace

void Admit(const ExperimentSpec& spec, const TrialRunner& runner, Problems& problems) {
  CheckSpec(spec, problems);
  CheckSearch(spec, problems);
  CheckCollector(spec, problems);
  CheckEarlyStopping(spec, problems);
  if (spec.runner != RunnerKind::kAskTell) {
    CheckJob(spec, problems);
  }
  CheckRunner(spec, runner, problems);
}

}  // namespace hone
