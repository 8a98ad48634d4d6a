// SPDX-License-Identifier: Apache-2.0
#include "core/objective.h"

namespace hone {

Strategy Objective::OwnStrategy() const {
  for (const MetricStrategy& entry : strategies) {
    if (entry.metric == metric) {
      return entry.strategy;
    }
  }
  return direction == Direction::kMinimize ? Strategy::kMin : Strategy::kMax;
}

std::vector<std::string> Objective::MetricNames() const {
  std::vector<std::string> names{metric};
  names.insert(names.end(), additional_metrics.begin(), additional_metrics.end());
  return names;
}

}  // namespace hone
