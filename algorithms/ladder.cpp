// SPDX-License-Identifier: Apache-2.0
#include "algorithms/ladder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "algorithms/encoder.h"
#include "base/text.h"

namespace hone {
namespace {

constexpr char kSettings[] = "spec.algorithm.algorithmSettings";
// Of a quotient that should be whole but for the last binary digits.
constexpr double kTolerance = 1e-9;
constexpr char kFromCheckpoint[] = "checkpoint";
constexpr char kPromoteBy[] = "promote_by";
constexpr char kByResuming[] = "resume";

std::vector<double> BudgetsOf(double largest, double eta, double smallest) {
  std::vector<double> budgets;
  double budget = largest;
  while (budget >= smallest * (1 - kTolerance)) {
    const double whole = std::floor(budget * (1 + kTolerance));
    if (budgets.empty() || whole < budgets.back()) {
      budgets.push_back(whole);
    }
    budget /= eta;
  }
  std::ranges::reverse(budgets);
  return budgets;
}

std::string PathOf(std::size_t parameter) {
  return "spec.parameters[" + std::to_string(parameter) + "]";
}

/// A budget is not for the algorithm to choose, so nothing else may hang on it.
void CheckIndependence(const Space& space, std::size_t carrier, Problems& problems) {
  const std::string& name = space.parameters[carrier].name;
  if (space.parameters[carrier].active_when) {
    problems.Refuse(PathOf(carrier) + ".activeWhen",
                    name + " carries the budget (resource_name), so it cannot be conditional");
  }
  for (std::size_t i = 0; i < space.parameters.size(); ++i) {
    const auto& active_when = space.parameters[i].active_when;
    if (active_when && active_when->parameter == name) {
      problems.Refuse(PathOf(i) + ".activeWhen",
                      name + " carries the budget (resource_name), so nothing can depend on it");
    }
  }
  for (std::size_t i = 0; i < space.constraints.size(); ++i) {
    const std::vector<std::size_t>& names = space.constraints[i].names();
    if (std::ranges::find(names, carrier) != names.end()) {
      problems.Refuse("spec.constraints[" + std::to_string(i) + "]",
                      name + " carries the budget (resource_name), so no constraint can name it");
    }
  }
}

}  // namespace

Ladder::Ladder(const SearchContext& context, double smallest)
    : budgets_(BudgetsOf(context.settings.Real("r_l"), context.settings.Real("eta"), smallest)),
      eta_(context.settings.Real("eta")),
      from_checkpoint_(context.settings.Text("promote_from") == kFromCheckpoint),
      parameter_(context.space.Find(context.settings.Text("resource_name"))) {}

bool Ladder::HasCarrier(const Space& space, const Settings& settings) {
  return settings.Has("resource_name") && space.Find(settings.Text("resource_name"));
}

void Ladder::Check(const SearchContext& context, double smallest, Problems& problems) {
  const double largest = context.settings.Real("r_l");
  if (largest < smallest) {
    return problems.Refuse(kSettings, "r_l must be >= min_resource (" + FormatDouble(largest) +
                                          " < " + FormatDouble(smallest) + ")");
  }
  const std::string& name = context.settings.Text("resource_name");
  const std::optional<std::size_t> carrier = context.space.Find(name);
  if (!carrier && name == kEnvironment) {
    return;
  }
  if (!carrier) {
    std::vector<std::string> names;
    names.reserve(context.space.parameters.size());
    for (const Parameter& parameter : context.space.parameters) {
      names.push_back(parameter.name);
    }
    return problems.Refuse(kSettings, "resource_name: there is no parameter \"" +
                                          Printable(name, 80) + "\"; known are " +
                                          Join(names, ", ") +
                                          ", and HONE_BUDGET for the trial's environment");
  }
  const Domain& domain = context.space.parameters[*carrier].domain;
  if (std::holds_alternative<CategoricalDomain>(domain)) {
    return problems.Refuse(PathOf(*carrier) + ".parameterType",
                           name + " carries the budget (resource_name), so it must be a number");
  }
  CheckIndependence(context.space, *carrier, problems);
  const Ladder ladder(context, smallest);
  for (std::size_t level = 0; level < ladder.size(); ++level) {
    if (const Status is_value = CheckValue(domain, ladder.Text(level)); !is_value) {
      problems.Refuse(PathOf(*carrier) + ".feasibleSpace",
                      "trials get the budgets r_l / eta^k, but " + is_value.error().message +
                          "; change the bounds of " + name + ", or r_l and eta");
    }
  }
}

std::vector<SettingSpec> Ladder::SettingSpecs() {
  SettingSpec largest =
      RealSetting("r_l", std::nullopt, {.min = 1, .max = 1e9},
                  "the full budget of a trial, such as its epochs; smaller ones are r_l / eta^k, "
                  "rounded down");
  largest.required = true;
  SettingSpec carrier;
  carrier.name = "resource_name";
  carrier.required = true;
  carrier.doc =
      "the parameter whose value is a trial's budget, or HONE_BUDGET: this variable of its "
      "environment is";
  return {
      std::move(largest),
      RealSetting("eta", 3, {.min = 1.5, .max = 1000},
                  "one in so many trials goes on, with so many times the budget"),
      std::move(carrier),
      ChoiceSetting("promote_from", kFromCheckpoint, {kFromCheckpoint, "zero"},
                    "what a promoted trial finds in HONE_CHECKPOINT_DIR: what the trial that it "
                    "goes on with left there, or nothing")};
}

SettingSpec Ladder::PromoteBySetting(bool by_default) {
  const std::string unset =
      by_default ? "resume, but child where promote_from is zero, and with runner AskTell"
                 : "child, as in Katib";
  SettingSpec setting = ChoiceSetting(
      kPromoteBy, kByResuming, {kByResuming, "child"},
      "a promotion is the same trial, which was paused and goes on in its own folder, "
      "or a trial of its own (always so over Katib's wire); unset: " +
          unset);
  setting.default_text.reset();
  return setting;
}

void Ladder::CheckPromoteBy(const SearchContext& context, Problems& problems) {
  if (!Resumes(context, false)) {
    return;
  }
  if (context.settings.Text("promote_from") != kFromCheckpoint) {
    problems.Refuse(kSettings,
                    "promote_by: a trial that is resumed goes on with what it left, so that "
                    "promote_from zero needs promote_by child");
  }
  if (!context.keeps_folders) {
    problems.Refuse(kSettings,
                    "promote_by: workers of runner AskTell keep no folders that a trial could go "
                    "on in; use child");
  }
}

bool Ladder::Resumes(const SearchContext& context, bool by_default) {
  if (context.settings.Has(kPromoteBy)) {
    return context.settings.Text(kPromoteBy) == kByResuming;
  }
  return by_default && context.keeps_folders &&
         context.settings.Text("promote_from") == kFromCheckpoint;
}

std::string Ladder::Text(std::size_t level) const {
  return FormatDouble(budgets_[level]);
}

std::optional<double> Ladder::BudgetOf(const Assignment& values) const {
  if (!parameter_) {
    return budgets_.back();
  }
  const auto budget =
      *parameter_ < values.size() ? ParseDouble(values[*parameter_].text) : std::nullopt;
  return budget && *budget > 0 ? budget : std::nullopt;
}

std::optional<std::size_t> Ladder::LevelOf(const history::Proposed& proposed) const {
  const std::optional<double> budget = parameter_ ? BudgetOf(proposed.values) : proposed.budget;
  const auto found = budget ? std::ranges::find(budgets_, *budget) : budgets_.end();
  return found == budgets_.end() ? std::nullopt
                                 : std::optional<std::size_t>(found - budgets_.begin());
}

Assignment Ladder::At(std::size_t level, Assignment values) const {
  if (parameter_) {
    values[*parameter_].text = Text(level);
  }
  return values;
}

std::string Ladder::KeyOf(const Assignment& values) const {
  return hone::KeyOf(At(0, values));
}

Space Ladder::SpaceAt(std::size_t level, Space space) const {
  if (!parameter_) {
    return space;
  }
  Domain& domain = space.parameters[*parameter_].domain;
  const double budget = budgets_[level];
  if (std::holds_alternative<IntegerDomain>(domain)) {
    const auto whole = static_cast<std::int64_t>(budget);
    domain = IntegerDomain{.min = whole, .max = whole};
  } else if (std::holds_alternative<DiscreteDomain>(domain)) {
    domain = DiscreteDomain{{Text(level)}, {budget}};
  } else {
    domain = RealDomain{.min = budget, .max = budget, .step = std::nullopt};
  }
  return space;
}

proposal::Start Ladder::Start(std::size_t level, const Assignment& values) const {
  proposal::Start start;
  start.values = At(level, values);
  start.budget = budgets_[level];
  return start;
}

void Ladder::Promote(TrialNumber parent, const std::optional<std::string>& checkpoint,
                     proposal::Start& start) const {
  start.parent = parent;
  start.note += ", promoted from trial number " + std::to_string(parent);
  if (from_checkpoint_) {
    start.start_from = checkpoint;
    start.note += checkpoint ? "" : ", which left no checkpoint: it starts from zero";
  }
}

proposal::Resume Ladder::Resume(std::size_t level, TrialNumber trial, const Assignment& values,
                                std::string rung, bool has_checkpoint) const {
  proposal::Resume resume;
  resume.trial = trial;
  resume.budget = budgets_[level];
  resume.pauses = level < top();
  if (parameter_) {
    resume.values = At(level, values);
  }
  resume.note = std::move(rung);
  resume.note += ": budget " + Text(level) +
                 (has_checkpoint ? ", goes on from its checkpoint"
                                 : ", left no checkpoint: it starts from zero");
  return resume;
}

}  // namespace hone
