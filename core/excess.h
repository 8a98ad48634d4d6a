// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/objective.h"
#include "core/observation.h"

namespace hone {

/// How far a trial is beyond each bound of the outcome constraints, in the unit of its metric; what
/// is not positive is kept. In the order of the constraints, a constraint's atMost before its
/// atLeast. Infinite if the metric was not reported as a number.
std::vector<double> ExcessOf(const Objective& objective, const Observation& observation);

}  // namespace hone
