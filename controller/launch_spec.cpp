// SPDX-License-Identifier: Apache-2.0
#include "controller/launch_spec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "controller/trial_follower.h"
#include "core/larger_memory.h"
#include "core/template.h"

namespace hone {
namespace {

/// The active values as JSON, numbers as numbers.
std::string TypedParameters(const Space& space, const Assignment& values) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < values.size() && i < space.parameters.size(); ++i) {
    if (!values[i].active) {
      continue;
    }
    const Parameter& parameter = space.parameters[i];
    const std::string& text = values[i].text;
    const bool numeric = !std::holds_alternative<CategoricalDomain>(parameter.domain);
    const auto integer = numeric ? ParseInt(text) : std::nullopt;
    const auto number = numeric ? ParseDouble(text) : std::nullopt;
    if (integer) {
      out[parameter.name] = *integer;
    } else if (number) {
      out[parameter.name] = *number;
    } else {
      out[parameter.name] = text;
    }
  }
  return DumpJson(out, 2);
}

/// Where Katib would mount the checkpoint folder.
std::string CheckpointPath(const ExperimentSpec& spec) {
  for (const Setting& setting : spec.algorithm.settings) {
    if (setting.name == "suggestion_trial_dir") {
      return setting.value;
    }
  }
  return "";
}

}  // namespace

Result<LaunchSpec> MakeLaunchSpec(const ExperimentState& state, const TrialState& trial,
                                  Attempt attempt) {
  const ExperimentSpec& spec = *state.spec;
  LaunchSpec launch;
  launch.id = {state.id, trial.number};
  launch.attempt = attempt;
  launch.experiment_name = spec.name;
  launch.name_space = spec.name_space;
  launch.trial_name = state.NameOf(trial);
  if (spec.runner != RunnerKind::kAskTell) {
    HONE_ASSIGN_OR_RETURN(launch.run_object, RenderTrial(spec, launch.trial_name, trial.values));
    if (spec.retry_policy) {
      launch.run_object =
          WithMoreMemory(launch.run_object, MemoryFactor(*spec.retry_policy, trial));
    }
    launch.container = ContainersOf(spec);
    launch.collector = OrderOf(spec);
  }
  launch.primary_container = spec.trial_template.primary_container;
  launch.primary_labels = spec.trial_template.primary_pod_labels;
  launch.success_condition = spec.trial_template.success_condition;
  launch.failure_condition = spec.trial_template.failure_condition;
  launch.parameters = TypedParameters(spec.space, trial.values);
  if (const auto folder = spec.annotations.find(kWorkingFolderAnnotation);
      folder != spec.annotations.end()) {
    launch.working_folder = folder->second;
  }
  launch.metrics_file = TrialFollower::MetricsPath(spec.collector);
  launch.metrics_folder = spec.collector.kind == CollectorKind::kTensorFlowEvent;
  launch.parent = trial.parent;
  launch.start_from = trial.start_from;
  if (trial.paused_attempt > 0 && attempt == trial.paused_attempt + 1) {
    launch.goes_on = trial.checkpoint;
  }
  launch.checkpoint_path = CheckpointPath(spec);
  launch.budget = trial.budget;
  launch.deadline = spec.max_trial_duration;
  return launch;
}

}  // namespace hone
