// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "algorithms/importance/fanova.h"

namespace hone::importance {

/// One coordinate, as PED-ANOVA sees it.
struct PedFeature {
  std::size_t cells = 0;  ///< how many values it has; 0: continuous
  bool categorical = false;
};

/// How far a coordinate's distribution in the best trials is from that in all: the Pearson
/// divergence of kernel densities on a grid, as shares of the sum. A coordinate that plays a role
/// in some trials only is compared among these, and counts as much as they do.
/// @param points  shape (features, n): coordinates in [0, 1], categories as 0, 1, ...; NaN: plays
/// no
///                role
/// @param best    whether a row is one of the best, shape (n); some but not all are
/// @returns shares of one computation, without spread
/// @source  Watanabe, Bansal, Hutter 2023, arXiv 2304.10255, with the kernel densities of all rows
///          as the other distribution ("local"), Scott's rule and a prior of weight one
std::vector<double> PedAnova(const std::vector<PedFeature>& features, const Eigen::MatrixXd& points,
                             const std::vector<bool>& best);

/// The same with the standard deviation over bootstrap samples of the rows.
/// @param badness  shape (n): what is lowest is best; infinite: never among the best
/// @param top      how many are the best, 1 <= top < n, at most the finite ones
/// @cost  O(samples * features * (n + cells^2))
std::vector<Share> PedAnovaWithSpread(const std::vector<PedFeature>& features,
                                      const Eigen::MatrixXd& points, const Eigen::VectorXd& badness,
                                      std::size_t top, std::uint64_t seed);

}  // namespace hone::importance
