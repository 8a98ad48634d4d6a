// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "algorithms/pareto/front.h"
#include "base/rng.h"

namespace hone::pareto {

/// How much each objective matters in one proposal: uniform on the simplex. @returns shape (count),
/// each > 0, with sum 1
std::vector<double> DrawWeights(std::size_t count, Rng& rng);

/// One number for each point, the lower the better, whose minimum over a space is a point of the
/// front: the largest weighted objective, and a little of their sum. Objectives are scaled so that
/// the front goes from 0 to 1 in each.
/// @param losses  at least one
/// @returns shape (losses)
/// @source Knowles 2006, "ParEGO"; the scale of the front instead of that of all points is ours
std::vector<double> Scalarise(std::span<const Losses> losses, std::span<const double> weights);

}  // namespace hone::pareto
