// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "algorithms/gp/candidates.h"
#include "algorithms/gp/criterion.h"
#include "base/rng.h"

namespace hone::gp {

/// The point of the largest value that is not taken: Sobol points and the neighbours of the
/// incumbents, from the best of them bounded L-BFGS on continuous coordinates in turn with moves of
/// single coordinates that have values. Spaces of few configurations are searched whole. With
/// constraints, candidates are feasible ones, no step leaves the feasible region, and the best two
/// are tried in ever smaller random steps, since a climb ends where it meets the border.
/// @param incumbents  shape (dimensions, k): good points so far
/// @returns  a snapped, feasible point; nothing if every candidate is taken
/// @cost     counts only: never the clock
std::optional<VectorXd> SearchBest(const Dimensions& dimensions, const Criterion& criterion,
                                   const MatrixXd& incumbents, const SearchOptions& options,
                                   Rng rng);

}  // namespace hone::gp
