// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "algorithms/gp/space.h"

namespace hone::gp {

/// Makes outputs (to be minimised) good for a Gaussian process; keeps their order.
///   1. the worse half becomes normal scores of its ranks, scaled by the spread of the better half,
///      so that disasters do not flatten everything else
///   2. Yeo-Johnson's power transform of maximum likelihood
///   3. mean 0, standard deviation 1
/// Equal outputs stay equal; a constant becomes 0.
/// @param outputs  shape (n), finite @param ranks  false: without the first step
/// @source  half-rank warping: Song et al. 2024, arXiv 2408.11527, appendix; Yeo, Johnson 2000
VectorXd TransformedOutputs(VectorXd outputs, bool ranks = true);

/// Back from transformed outputs to their own units: between outputs linear, below the best one on
/// by the slope there, above the worst one the worst, since ranks say nothing beyond it.
class OutputMap {
 public:
  /// @param outputs      n >= 1, finite
  /// @param transformed  TransformedOutputs of them
  OutputMap(const VectorXd& outputs, const VectorXd& transformed);
  /// Never falls as `transformed` grows.
  [[nodiscard]] double Back(double transformed) const;

 private:
  std::vector<std::pair<double, double>> pairs_;  // transformed and own, ascending, each once
  double slope_ = 0;                              // below the first
};

}  // namespace hone::gp
