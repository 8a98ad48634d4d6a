// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "algorithms/gp/fit.h"
#include "algorithms/gp/space.h"
#include "base/rng.h"

/// Points among which a search begins.
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

/// Sobol points and neighbours of the incumbents, snapped and feasible; in a constrained space as
/// many of them as a bounded number of draws has. May hold points that are taken.
/// @param incumbents  shape (dimensions, k)
MatrixXd Candidates(const Dimensions& dimensions, const MatrixXd& incumbents,
                    const SearchOptions& options, Rng& rng);

/// Incumbents with some coordinates moved: near ones, of every width, and other values. Not
/// snapped.
/// @param each  how many of each @returns shape (dimensions, k * each)
MatrixXd Neighbours(const Dimensions& dimensions, const MatrixXd& incumbents, Eigen::Index each,
                    Rng& rng);

/// The nearest points of a box. @param region  nothing: the points as they are
MatrixXd Clamped(MatrixXd points, const std::optional<Box>& region);

/// Indices of points in the order of falling values.
std::vector<Eigen::Index> BestFirst(const VectorXd& values);

/// Sobol points with a random digital shift: point i of the sequence in column i - first.
/// @returns shape (dimensions, count), in [0, 1), not snapped
MatrixXd ShiftedSobol(Eigen::Index dimensions, std::uint32_t first, Eigen::Index count, Rng shift);

/// Every configuration of a space without continuous coordinates, if there are at most `limit`.
/// @returns shape (dimensions, configurations), each once; nothing: too many
std::optional<MatrixXd> AllPoints(const Dimensions& dimensions, std::size_t limit);

}  // namespace hone::gp
