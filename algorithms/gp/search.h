// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "algorithms/gp/criterion.h"
#include "algorithms/gp/fit.h"
#include "base/rng.h"

namespace hone::gp {

/// A property of snapped points.
using PointTest = std::function<bool(const VectorXd& point)>;

struct SearchOptions {
  Eigen::Index sobol_points = 512;
  int starts = 8;
  int iterations = 20;          ///< of L-BFGS-B, for each start and round
  PointTest taken{};            ///< must not be proposed (again)
  PointTest feasible{};         ///< keeps the constraints; empty: every point does
  bool local = true;            ///< false: the best of the sampled candidates
  std::optional<Box> region{};  ///< of continuous coordinates; nothing: the whole space
};

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

/// Sobol points with a random digital shift: point i of the sequence in column i - first.
/// @returns shape (dimensions, count), in [0, 1), not snapped
MatrixXd ShiftedSobol(Eigen::Index dimensions, std::uint32_t first, Eigen::Index count, Rng shift);

/// Every configuration of a space without continuous coordinates, if there are at most `limit`.
/// @returns shape (dimensions, configurations), each once; nothing: too many
std::optional<MatrixXd> AllPoints(const Dimensions& dimensions, std::size_t limit);

}  // namespace hone::gp
