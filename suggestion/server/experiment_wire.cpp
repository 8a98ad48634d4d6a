// SPDX-License-Identifier: Apache-2.0
#include "suggestion/server/experiment_wire.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "algorithms/check.h"
#include "algorithms/ladder.h"
#include "api/proto/katib_v1beta1.pb.h"
#include "base/hash.h"
#include "core/problem.h"
#include "core/spec_codec.h"

namespace hone {
namespace {

namespace pb = ::api::v1::beta1;
using nlohmann::json;

/// Parts of an experiment's file that are told over the wire; what is wrong with others is not
/// this service's business.
constexpr std::array<std::string_view, 6> kTold = {"spec.parameters",    "spec.objective",
                                                   "spec.algorithm",     "spec.parallelTrialCount",
                                                   "spec.maxTrialCount", "spec.nasConfig"};
/// Settings of a reply of hyperband's that come back with the next request: they are what was
/// shown, not what the user chose.
constexpr std::array<std::string_view, 7> kPublished = {
    "s_max", "b_l", "r", "n", "current_s", "current_i", "evaluating_trials"};
// Comes back, too, whether it was given or not.
constexpr std::array<std::string_view, 1> kGivenPerhaps = {"eta"};
// Of a message that goes into a header of HTTP/2, and that people read.
constexpr std::size_t kMostProblems = 8;

/// Numbers that are none of the enum's may arrive; they become a word that the decoder refuses.
const char* TypeWord(pb::ParameterType type) {
  switch (type) {
    case pb::DOUBLE:
      return "double";
    case pb::INT:
      return "int";
    case pb::DISCRETE:
      return "discrete";
    case pb::CATEGORICAL:
      return "categorical";
    default:
      return "unknown";
  }
}

const char* DistributionWord(pb::Distribution distribution) {
  switch (distribution) {
    case pb::DISTRIBUTION_UNSPECIFIED:
      return "";
    case pb::UNIFORM:
      return "uniform";
    case pb::LOG_UNIFORM:
      return "logUniform";
    case pb::NORMAL:
      return "normal";
    case pb::LOG_NORMAL:
      return "logNormal";
    default:
      return "unheard-of";
  }
}

const char* DirectionWord(pb::ObjectiveType type) {
  switch (type) {
    case pb::MINIMIZE:
      return "minimize";
    case pb::MAXIMIZE:
      return "maximize";
    default:
      return "unknown";
  }
}

json ParameterObject(const pb::ParameterSpec& parameter) {
  const pb::FeasibleSpace& from = parameter.feasible_space();
  json space = json::object();
  for (const auto& [key, text] : {std::pair{"min", &from.min()}, std::pair{"max", &from.max()},
                                  std::pair{"step", &from.step()}}) {
    if (!text->empty()) {
      space[key] = *text;
    }
  }
  if (!from.list().empty()) {
    space["list"] = std::vector<std::string>(from.list().begin(), from.list().end());
  }
  space["distribution"] = DistributionWord(from.distribution());
  return {{"name", parameter.name()},
          {"parameterType", TypeWord(parameter.parameter_type())},
          {"feasibleSpace", std::move(space)}};
}

json SpecObject(const pb::ExperimentSpec& from) {
  json parameters = json::array();
  for (const pb::ParameterSpec& parameter : from.parameter_specs().parameters()) {
    parameters.push_back(ParameterObject(parameter));
  }
  json settings = json::array();
  for (const pb::AlgorithmSetting& setting : from.algorithm().algorithm_settings()) {
    settings.push_back({{"name", setting.name()}, {"value", setting.value()}});
  }
  const pb::ObjectiveSpec& objective = from.objective();
  json spec = {{"parameters", std::move(parameters)},
               {"objective",
                {{"type", DirectionWord(objective.type())},
                 {"objectiveMetricName", objective.objective_metric_name()}}},
               {"algorithm",
                {{"algorithmName", from.algorithm().algorithm_name()},
                 {"algorithmSettings", std::move(settings)}}}};
  if (from.parallel_trial_count() != 0) {
    spec["parallelTrialCount"] = from.parallel_trial_count();
  }
  if (from.max_trial_count() != 0) {
    spec["maxTrialCount"] = from.max_trial_count();
  }
  return spec;
}

void CheckCounts(const ExperimentSpec& spec, Problems& problems) {
  if (spec.parallel_trial_count <= 0) {
    problems.Refuse("spec.parallelTrialCount", "must be > 0");
  }
  if (spec.max_trial_count.value_or(1) <= 0) {
    problems.Refuse("spec.maxTrialCount", "must be > 0");
  }
}

bool IsTold(const Problem& problem) {
  return problem.severity == Problem::Severity::kError &&
         std::ranges::any_of(
             kTold, [&](std::string_view part) { return problem.field.starts_with(part); });
}

void RemoveSettings(pb::Experiment& experiment, std::span<const std::string_view> names) {
  pb::AlgorithmSpec& algorithm = *experiment.mutable_spec()->mutable_algorithm();
  if (algorithm.algorithm_name() != "hyperband") {
    return;
  }
  auto& settings = *algorithm.mutable_algorithm_settings();
  const auto named = [&](const pb::AlgorithmSetting& setting) {
    return std::ranges::find(names, setting.name()) != names.end();
  };
  settings.erase(std::remove_if(settings.begin(), settings.end(), named), settings.end());
}

/// A budget in the environment cannot be told over this wire.
void CheckBudgetCarrier(const Space& space, const std::optional<AlgorithmChoice>& choice,
                        Problems& problems) {
  if (choice && (choice->info->supports & kBudgets) != 0 &&
      !Ladder::HasCarrier(space, choice->settings)) {
    problems.Refuse("spec.algorithm.algorithmSettings",
                    "resource_name must name the parameter whose value is a trial's budget");
  }
}

/// A controller of Katib's gives its services the volume of the checkpoints.
void CheckCheckpoints(const std::optional<AlgorithmChoice>& choice, bool has_volume,
                      Problems& problems) {
  if (!choice || (choice->info->supports & kCheckpoints) == 0) {
    return;
  }
  if (!has_volume) {
    problems.Refuse("spec.algorithm.algorithmName",
                    choice->info->name +
                        " hands checkpoints from trial to trial, which this service cannot reach; "
                        "start it with --trial-data, or run the experiment with 'hone run'");
  } else if (!choice->settings.Has("suggestion_trial_dir")) {
    problems.Refuse("spec.algorithm.algorithmSettings",
                    "suggestion_trial_dir is required: where the controller mounts the folder of "
                    "a trial");
  }
}

/// The first problem as an error, the others in its message.
Status ToStatus(const Problems& problems) {
  Error error;
  std::size_t count = 0;
  for (const Problem& problem : problems.list()) {
    if (!IsTold(problem)) {
      continue;
    }
    if (count == 0) {
      error = {Code::kInvalidArgument, problem.message, problem.field};
    } else if (count < kMostProblems) {
      error.message += "; " + problem.field + ": " + problem.message;
    }
    ++count;
  }
  if (count > kMostProblems) {
    error.message += "; and " + std::to_string(count - kMostProblems) + " more";
  }
  return count == 0 ? Status() : tl::make_unexpected(std::move(error));
}

}  // namespace

Result<ExperimentSpec> DecodeExperiment(const pb::Experiment& experiment, bool has_volume) {
  Problems problems;
  if (experiment.spec().has_nas_config()) {
    problems.Refuse("spec.nasConfig",
                    "no algorithm of this service searches for architectures; list parameters");
  }
  json document = {{"apiVersion", "kubeflow.org/v1beta1"},
                   {"kind", "Experiment"},
                   {"metadata", {{"name", experiment.name()}}},
                   {"spec", SpecObject(experiment.spec())}};
  ExperimentSpec spec = DecodeSpec(std::move(document), nullptr, problems);
  CheckSpace(spec.space, "spec.parameters", problems);
  CheckCounts(spec, problems);
  const auto choice = CheckAlgorithm(spec, problems);
  CheckBudgetCarrier(spec.space, choice, problems);
  CheckCheckpoints(choice, has_volume, problems);
  HONE_RETURN_IF_ERROR(ToStatus(problems));
  spec.document.clear();
  return spec;
}

pb::Experiment WithoutPublished(pb::Experiment experiment) {
  RemoveSettings(experiment, kPublished);
  return experiment;
}

std::uint64_t SeedOf(const pb::Experiment& full) {
  pb::Experiment experiment = WithoutPublished(full);
  RemoveSettings(experiment, kGivenPerhaps);
  pb::Experiment lasting;
  lasting.set_name(experiment.name());
  *lasting.mutable_spec()->mutable_parameter_specs() = experiment.spec().parameter_specs();
  *lasting.mutable_spec()->mutable_objective() = experiment.spec().objective();
  *lasting.mutable_spec()->mutable_algorithm() = experiment.spec().algorithm();
  return StableHash(lasting.SerializeAsString());
}

}  // namespace hone
