// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "algorithms/gp/likelihood.h"
#include "base/rng.h"

namespace hone::gp {

/// Draws from a posterior of hyperparameters by slice sampling along random directions, from its
/// maximum on. A fixed number of steps, each of a bounded number of evaluations; so it is a
/// function of its arguments.
/// @param start  of positive density; the first draw
/// @param count  draws, the start among them; >= 1
/// @source  Neal 2003, "Slice sampling", figures 3 and 5; random directions as in MacKay 2003,
///          section 29.7. Differs in: a step that finds nothing in time stays where it is.
std::vector<VectorXd> SliceSample(const LogPosterior& posterior, const VectorXd& start, int count,
                                  Rng rng);

}  // namespace hone::gp
