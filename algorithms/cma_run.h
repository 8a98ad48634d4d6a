// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "algorithms/cma/categories.h"
#include "algorithms/cma/restarts.h"
#include "algorithms/cma/strategy.h"
#include "algorithms/cma_earlier.h"
#include "algorithms/cma_space.h"
#include "base/rng.h"

namespace hone {

/// One run between restarts: its distribution over a space, and how long it has gone on.
struct CmaRun {
  std::uint32_t number = 0;
  cma::Strategy strategy;
  /// Of stepped coordinates, from the points of the strategy to the drawn ones.
  Eigen::VectorXd stretch;
  cma::Categories categories;
  cma::Progress progress;
  std::uint64_t most_evaluations = 0;
  std::uint64_t evaluations = 0;

  /// A point of the strategy, before it is stretched.
  [[nodiscard]] CmaPoint Sample(Rng& rng) const {
    return {strategy.Sample(rng), categories.Sample(rng)};
  }
  [[nodiscard]] Eigen::VectorXd Stretched(const Eigen::VectorXd& x) const;
  /// So that no cell of a stepped coordinate becomes all but impossible.
  void KeepMargins(const CmaSpace& space);
};

/// The first run begins in the middle, a later one anywhere.
CmaRun BeginRun(const CmaSpace& space, std::uint32_t number, const cma::Plan& plan, bool separable,
                std::uint64_t seed);

/// Lets a run that has just begun begin as earlier tasks ended.
void BeginAs(const CmaEarlier& earlier, const cma::Plan& plan, bool separable, CmaRun& run);

}  // namespace hone
