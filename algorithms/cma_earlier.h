// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "algorithms/cma_space.h"
#include "core/earlier.h"

namespace hone {

/// Where earlier tasks were good, as a distribution to begin with: the normal distribution with the
/// moments of a kernel density estimate of their best results.
/// @source  Nomura, Watanabe, Akimoto, Ozaki, Onishi 2021, arXiv 2012.06932 (WS-CMA-ES), sections
///          3.2 and 3.3; of categories, their shares among these results
struct CmaEarlier {
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;  ///< of determinant 1
  double sigma = 0;
  std::vector<Eigen::VectorXd> probabilities;  ///< of each categorical variable
};

/// @returns  nothing: no task has a result
/// @errors   as those of CmaSpace::Encode
Result<std::optional<CmaEarlier>> WhereEarlierWasGood(const CmaSpace& space,
                                                      const std::vector<EarlierTask>& tasks);

}  // namespace hone
