// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "algorithms/new_points.h"
#include "algorithms/unit_space.h"

namespace hone {

/// Point `index` of the design that a model-based search begins with: the middle of the space, then
/// Sobol points, the branches in turn. With constraints, the first feasible and new Sobol point on
/// its branch.
/// @returns  canonical and feasible; nothing: it is taken, or nothing feasible was found
std::optional<Eigen::VectorXd> InitialPoint(const UnitSpace& space, const PointSet& taken,
                                            std::uint64_t seed, std::size_t index);

}  // namespace hone
