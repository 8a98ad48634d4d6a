// SPDX-License-Identifier: Apache-2.0
#include "algorithms/initial_design.h"

#include <utility>

#include "algorithms/feasible.h"
#include "algorithms/gp/search.h"
#include "base/rng.h"

namespace hone {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Rng Shift(std::uint64_t seed) {
  return {seed, Scope::Experiment(), Purpose::kScramble};
}

std::optional<VectorXd> FeasiblePoint(const UnitSpace& space, const PointSet& taken,
                                      std::uint64_t seed, std::size_t index) {
  constexpr std::uint32_t kBlock = 128;
  for (std::uint32_t first = 1; first < kMostDraws; first += kBlock) {
    MatrixXd block = gp::ShiftedSobol(space.size(), first, kBlock, Shift(seed));
    for (auto&& point : block.colwise()) {
      point = space.Canonical(space.WithBranches(space.FromUniform(point), index));
    }
    if (std::optional<VectorXd> point = FirstNew(space, taken, block).point) {
      return point;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<VectorXd> InitialPoint(const UnitSpace& space, const PointSet& taken,
                                     std::uint64_t seed, std::size_t index) {
  if (index > 0 && space.IsConstrained()) {
    return FeasiblePoint(space, taken, seed, index);
  }
  VectorXd point = VectorXd::Constant(space.size(), 0.5);
  if (index > 0) {
    point = gp::ShiftedSobol(space.size(), static_cast<std::uint32_t>(index), 1, Shift(seed));
  }
  point = space.Canonical(space.WithBranches(space.FromUniform(std::move(point)), index));
  if (!space.IsFeasible(point)) {
    return FeasiblePoint(space, taken, seed, index);
  }
  return taken.contains(point) ? std::nullopt : std::optional(std::move(point));
}

}  // namespace hone
