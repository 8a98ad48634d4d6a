// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "algorithms/gp/space.h"

namespace hone::gp {

/// Makes outputs (to be minimised) good for a Gaussian process; keeps their order.
///   1. the worse half becomes normal scores of its ranks, scaled by the spread of the better half,
///      so that disasters do not flatten everything else
///   2. Yeo-Johnson's power transform of maximum likelihood
///   3. mean 0, standard deviation 1
/// Equal outputs stay equal; a constant becomes 0.
/// @param outputs  shape (n), finite
/// @source  half-rank warping: Song et al. 2024, arXiv 2408.11527, appendix; Yeo, Johnson 2000
VectorXd TransformedOutputs(VectorXd outputs);

}  // namespace hone::gp
