// SPDX-License-Identifier: Apache-2.0
#include "algorithms/new_points.h"

#include <cstddef>
#include <string>
#include <utility>

#include "algorithms/feasible.h"
#include "algorithms/gp/search.h"

namespace hone {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kTries = 256;
constexpr std::size_t kMostListed = 65536;

}  // namespace

FirstFound FirstNew(const UnitSpace& space, const PointSet& taken, const MatrixXd& points) {
  FirstFound found;
  for (const auto& point : points.colwise()) {
    if (!space.IsFeasible(point)) {
      continue;
    }
    found.feasible = true;
    if (!taken.contains(point)) {
      found.point = point;
      break;
    }
  }
  return found;
}

Result<std::optional<VectorXd>> AnyNewPoint(const UnitSpace& space, const PointSet& taken,
                                            Rng rng) {
  std::optional<VectorXd> repeated;
  int feasible = 0;
  for (int i = 0; i < kMostDraws && feasible < kTries; ++i) {
    VectorXd point(space.size());
    std::ranges::generate(point, [&] { return rng.Uniform(); });
    point = space.Canonical(space.FromUniform(std::move(point)));
    if (!space.IsFeasible(point)) {
      continue;
    }
    ++feasible;
    if (!taken.contains(point)) {
      return point;
    }
    repeated = std::move(point);
  }
  if (const std::optional<MatrixXd> all = gp::AllPoints(space.dimensions(), kMostListed)) {
    FirstFound found = FirstNew(space, taken, *all);
    if (!found.feasible) {
      return NothingFeasible("no configuration");
    }
    return std::move(found.point);
  }
  if (!repeated) {
    return NothingFeasible("none of " + std::to_string(kMostDraws) + " points");
  }
  return repeated;
}

}  // namespace hone
