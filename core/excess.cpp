// SPDX-License-Identifier: Apache-2.0
#include "core/excess.h"

#include <limits>
#include <optional>
#include <string>

namespace hone {
namespace {

/// The number of a metric, read as that of an objective would be.
std::optional<double> NumberOf(const std::string& metric, const Objective& objective,
                               const Observation& observation) {
  Objective alone;
  alone.metric = metric;
  alone.strategies = {{metric, objective.StrategyOf(metric)}};
  return ObjectiveOf(alone, observation).number;
}

}  // namespace

std::vector<double> ExcessOf(const Objective& objective, const Observation& observation) {
  constexpr double kUnknown = std::numeric_limits<double>::infinity();
  std::vector<double> excess;
  for (const OutcomeConstraint& constraint : objective.constraints) {
    const std::optional<double> number = NumberOf(constraint.metric, objective, observation);
    if (constraint.at_most) {
      excess.push_back(number ? *number - *constraint.at_most : kUnknown);
    }
    if (constraint.at_least) {
      excess.push_back(number ? *constraint.at_least - *number : kUnknown);
    }
  }
  return excess;
}

}  // namespace hone
