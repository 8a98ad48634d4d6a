// SPDX-License-Identifier: Apache-2.0
#include "core/objective.h"

#include <algorithm>

namespace hone {

Strategy Objective::StrategyOf(std::string_view name, Direction by_default) const {
  const auto entry = std::ranges::find(strategies, name, &MetricStrategy::metric);
  if (entry != strategies.end()) {
    return entry->strategy;
  }
  return by_default == Direction::kMinimize ? Strategy::kMin : Strategy::kMax;
}

Strategy Objective::StrategyOf(std::string_view name) const {
  const auto entry = std::ranges::find(strategies, name, &MetricStrategy::metric);
  return entry == strategies.end() ? Strategy::kLatest : entry->strategy;
}

std::vector<std::string> Objective::MetricNames() const {
  std::vector<std::string> names{metric};
  const auto add = [&names](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) {
      names.push_back(name);
    }
  };
  for (const FurtherObjective& objective : further) {
    add(objective.metric);
  }
  std::ranges::for_each(additional_metrics, add);
  for (const OutcomeConstraint& constraint : constraints) {
    add(constraint.metric);
  }
  return names;
}

}  // namespace hone
