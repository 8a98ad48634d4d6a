// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <optional>
#include <set>

#include "algorithms/unit_space.h"
#include "base/result.h"
#include "base/rng.h"

/// Points of a space that are feasible and were not tried.
namespace hone {

/// The order that lets points be kept in a set.
struct Lexicographic {
  bool operator()(const Eigen::VectorXd& a, const Eigen::VectorXd& b) const {
    return std::ranges::lexicographical_compare(a, b);
  }
};

/// Canonical points.
using PointSet = std::set<Eigen::VectorXd, Lexicographic>;

struct FirstFound {
  std::optional<Eigen::VectorXd> point;  ///< feasible and not taken
  bool feasible = false;                 ///< some point was, taken or not
};

/// @param points  canonical, in columns
FirstFound FirstNew(const UnitSpace& space, const PointSet& taken, const Eigen::MatrixXd& points);

/// A random point that is feasible and new; of a small space, the first such one. Of a large one in
/// which all that were drawn are taken, one that is not new.
/// @returns  nothing: every feasible configuration was tried
/// @errors   kFailedPrecondition: nothing feasible was found
Result<std::optional<Eigen::VectorXd>> AnyNewPoint(const UnitSpace& space, const PointSet& taken,
                                                   Rng rng);

}  // namespace hone
