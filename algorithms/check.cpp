// SPDX-License-Identifier: Apache-2.0
#include "algorithms/check.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/ladder.h"
#include "base/text.h"

namespace hone {
namespace {

constexpr char kNameField[] = "spec.algorithm.algorithmName";
constexpr char kSettingsField[] = "spec.algorithm.algorithmSettings";

const SearcherInfo* FindNamed(const std::string& name, Problems& problems) {
  const SearcherRegistry& registry = SearcherRegistry::Instance();
  if (const SearcherInfo* info = registry.Find(name)) {
    return info;
  }
  problems.Refuse(kNameField, NoSuch("algorithm", name, registry.Names()));
  return nullptr;
}

Settings CheckOwnSettings(const SearcherInfo& info, const ExperimentSpec& spec,
                          Problems& problems) {
  std::set<std::string> ignored;
  for (std::size_t i = 0; info.ignores_unknown_settings && i < spec.algorithm.settings.size();
       ++i) {
    const std::string& name = spec.algorithm.settings[i].name;
    if (std::ranges::find(info.settings, name, &SettingSpec::name) == info.settings.end()) {
      ignored.insert(std::string(kSettingsField) + "[" + std::to_string(i) + "].name");
    }
  }
  Problems found;
  Settings settings = CheckSettings(info.settings, spec.algorithm.settings, kSettingsField, found);
  for (Problem problem : found.list()) {
    if (ignored.contains(problem.field)) {
      problem.severity = Problem::Severity::kWarning;
      problem.message += " (the setting is ignored)";
    }
    problems.Add(std::move(problem));
  }
  return settings;
}

Capability KindOf(const Domain& domain) {
  constexpr Capability kKinds[] = {kReal, kInteger, kDiscrete, kCategorical};  // as the variant
  return kKinds[domain.index()];
}

bool IsUniform(const Domain& domain) {
  if (const auto* real = std::get_if<RealDomain>(&domain)) {
    return real->distribution == Distribution::kUniform;
  }
  const auto* integer = std::get_if<IntegerDomain>(&domain);
  return integer == nullptr || integer->distribution == Distribution::kUniform;
}

/// Indices of the parameters that are wrong themselves.
std::set<std::size_t> WrongParameters(const Problems& problems) {
  constexpr std::string_view kList = "spec.parameters[";
  std::set<std::size_t> wrong;
  for (const Problem& problem : problems.list()) {
    const std::string_view field = problem.field;
    if (problem.severity != Problem::Severity::kError || !field.starts_with(kList)) {
      continue;
    }
    const std::string_view digits = field.substr(kList.size(), field.find(']') - kList.size());
    wrong.insert(static_cast<std::size_t>(ParseInt(digits).value_or(0)));
  }
  return wrong;
}

/// @param before  a parameter that it calls wrong is left alone
void CheckParameters(const SearcherInfo& info, const Space& space, const Problems& before,
                     Problems& problems) {
  const std::set<std::size_t> wrong = WrongParameters(before);
  for (std::size_t i = 0; i < space.parameters.size(); ++i) {
    const Parameter& parameter = space.parameters[i];
    const std::string path = "spec.parameters[" + std::to_string(i) + "]";
    if (wrong.contains(i)) {
      continue;
    }
    const Capability kind = KindOf(parameter.domain);
    if ((info.supports & kind) == 0) {
      problems.Refuse(path + ".parameterType", info.name + " cannot search " +
                                                   CapabilityWords(kind).front() +
                                                   " parameters; use another algorithm");
    }
    if (!IsUniform(parameter.domain) && (info.supports & kDistributions) == 0) {
      problems.Refuse(path + ".feasibleSpace.distribution",
                      info.name + " knows only uniform; remove the distribution, or use random");
    }
    if (parameter.active_when && (info.supports & kConditional) == 0) {
      problems.Refuse(
          path + ".activeWhen",
          info.name + " does not know conditional parameters; use random, sobol or grid");
    }
  }
  if (!space.constraints.empty() && (info.supports & kConstrained) == 0) {
    problems.Refuse(
        "spec.constraints",
        info.name +
            " does not know constraints; use bayesianoptimization, tpe, random, sobol or grid");
  }
}

void CheckObjectives(const SearcherInfo& info, const Objective& objective, Problems& problems) {
  if (!objective.further.empty() && (info.supports & kMultiObjective) == 0) {
    problems.Refuse("spec.objective.additionalObjectives",
                    info.name +
                        " optimises one objective; use auto, nsga2, tpe, multivariate-tpe, random, "
                        "sobol or grid");
  }
}

/// The model of minExpectedGain is one of single results that can be compared.
void CheckGain(const SearcherInfo& info, const ExperimentSpec& spec, Problems& problems) {
  if (spec.min_expected_gain && (info.supports & (kBudgets | kCheckpoints)) != 0) {
    problems.Refuse("spec.minExpectedGain", "compares trials that trained alike, and those of " +
                                                info.name +
                                                " do not; use maxTrialsWithoutImprovement");
  }
}

/// A budget is paid only where there is one.
void CheckCost(const SearcherInfo& info, const ExperimentSpec& spec, const Settings& settings,
               Problems& problems) {
  const bool has_budget = (info.supports & kBudgets) != 0 || settings.Has("segment_budget");
  if (spec.cost && spec.cost->per_budget > 0 && !has_budget) {
    problems.Refuse("spec.cost.perBudget",
                    "needs trials with a budget: asha, hyperband, bohb, or pbt with its setting "
                    "segment_budget");
  }
}

/// Whether what an algorithm's own check is about is known to be sound.
bool MayRunOwnCheck(const Problems& before, const Problems& found) {
  return !found.HasErrors() && !before.HasErrorsAt("spec.parameters") &&
         !before.HasErrorsAt("spec.maxTrialCount") &&
         !before.HasErrorsAt("spec.parallelTrialCount");
}

}  // namespace

SearchContext ContextOf(const ExperimentSpec& spec, const Settings& settings, std::uint64_t seed) {
  return {.space = spec.space,
          .settings = settings,
          .seed = seed,
          .objectives = spec.objective.Count(),
          .parallel_trial_count = spec.parallel_trial_count,
          .max_trial_count = spec.max_trial_count,
          .noisy = spec.objective.noisy,
          .keeps_folders = spec.runner != RunnerKind::kAskTell};
}

std::optional<AlgorithmChoice> CheckAlgorithm(const ExperimentSpec& spec, Problems& problems) {
  const SearcherInfo* info = FindNamed(spec.algorithm.name, problems);
  if (info == nullptr) {
    return std::nullopt;
  }
  Problems found;
  AlgorithmChoice choice{info, CheckOwnSettings(*info, spec, found)};
  CheckParameters(*info, spec.space, problems, found);
  CheckObjectives(*info, spec.objective, found);
  CheckGain(*info, spec, found);
  CheckCost(*info, spec, choice.settings, found);
  if (spec.parallel_trial_count > 1 && (info->supports & kParallel) == 0) {
    found.Refuse("spec.parallelTrialCount", info->name + " works on one trial at a time; set 1");
  }
  if (spec.runner == RunnerKind::kAskTell && (info->supports & kBudgets) != 0 &&
      !Ladder::HasCarrier(spec.space, choice.settings)) {
    found.Refuse(kSettingsField,
                 "resource_name must name a parameter with runner AskTell: workers are told the "
                 "values of parameters only");
  }
  if (spec.runner == RunnerKind::kAskTell && (info->supports & kCheckpoints) != 0) {
    found.Refuse(kNameField, info->name +
                                 " hands checkpoints from trial to trial, which workers of runner "
                                 "AskTell cannot be given; use runner Local");
  }
  if (info->check != nullptr && MayRunOwnCheck(problems, found)) {
    info->check(ContextOf(spec, choice.settings, 0), found);
  }
  problems.AddNew(found);
  return choice;
}

}  // namespace hone
