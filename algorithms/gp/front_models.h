// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "algorithms/gp/hypervolume.h"
#include "algorithms/gp/surrogate.h"

namespace hone::gp {

/// Models of several objectives, and the front as they see it: the posterior means of the points
/// whose results nothing dominates. A value.
struct FrontModels {
  std::vector<Model> objectives;
  std::vector<VectorXd> points;       ///< of the front
  std::vector<pareto::Losses> means;  ///< of these points

  /// Adds a point that is under way, as if its results were what the models expect.
  void Condition(const VectorXd& point);
  /// The expected gain of hypervolume beyond the front. The reference point is the worst of the
  /// front in each objective and half of its width (at least of a standard deviation) more.
  [[nodiscard]] Criterion Gain(Weights weights) const;
  /// Points of the front that lie apart. @returns shape (dimensions, at most `most`)
  [[nodiscard]] MatrixXd Spread(std::size_t most) const;
};

/// @param results   of each objective, the same points in the same order
/// @param losses    of each result; empty: infeasible. At least one is not
FrontModels FrontOf(const Embedding& embedding, std::span<Surrogate> surrogates,
                    std::span<const std::vector<Observed>> results,
                    std::span<const pareto::Losses> losses);

/// The results with one number for each, by weights of the objectives (pareto::Scalarise).
/// @param losses  of each result; empty: infeasible
std::vector<Observed> Scalarised(std::vector<Observed> results,
                                 std::span<const pareto::Losses> losses,
                                 std::span<const double> weights);

}  // namespace hone::gp
