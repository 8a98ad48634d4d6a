// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "algorithms/gp/candidates.h"

namespace hone::gp {

/// What several criteria say of points, all to be maximised.
struct Criteria {
  /// @param points  shape (dimensions, m) @returns shape (m, criteria)
  std::function<MatrixXd(const MatrixXd& points)> values;
  /// A cheap likeness, to choose among many points.
  std::function<MatrixXd(const MatrixXd& points)> rough;
};

/// One of the points that no other is better than in every criterion, at random: the criteria
/// differ in how much they dare, so the front is the whole range between exploiting and exploring.
/// Candidates as in SearchBest, then a few generations of their best ones' neighbours.
/// @param incumbents  shape (dimensions, k): good points so far
/// @returns  a snapped, feasible point that is not taken; nothing if every candidate is
/// @source   Lyu, Yang, Yan, Zhou, Zeng 2018, "Multi-objective Bayesian optimization algorithm for
///           real-time analog circuit sizing" (MACE); Cowen-Rivers et al. 2022, arXiv 2012.03826
///           (HEBO). Differs in: fewer points and generations.
std::optional<VectorXd> SearchFront(const Dimensions& dimensions, const Criteria& criteria,
                                    const MatrixXd& incumbents, const SearchOptions& options,
                                    Rng rng);

}  // namespace hone::gp
