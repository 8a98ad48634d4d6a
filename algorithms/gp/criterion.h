// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "algorithms/gp/acquisition.h"

namespace hone::gp {

/// What a search over points maximises.
struct Criterion {
  /// @param points  shape (dimensions, m) @returns shape (m)
  std::function<VectorXd(const MatrixXd& points)> values;
  /// At one point. @param gradient  set to the gradient by the coordinates
  std::function<double(const VectorXd& point, VectorXd* gradient)> value_at;
  /// A cheap likeness of `values`, to choose among many points; empty: `values` is cheap.
  std::function<VectorXd(const MatrixXd& points)> rough;
};

/// Models that weigh on any criterion. They must live as long as what is made of them.
struct Weights {
  /// If not null: of the logarithm of a trial's duration; the criterion is then per second.
  const Model* log_duration = nullptr;
  /// If not null: of 1 (has a value) and -1 (failed). The logarithm of the probability of
  /// feasibility is added; for LCB, too, whose unit is about one standard deviation.
  const Model* feasibility = nullptr;
  /// Of how far a trial is beyond each bound of the outcome constraints; likewise the probability
  /// that all are kept, as if they were independent.
  std::vector<const Model*> bounds{};

  [[nodiscard]] bool IsNothing() const {
    return log_duration == nullptr && feasibility == nullptr && bounds.empty();
  }
};

/// The mean of an acquisition over models of the same results that differ in hyperparameters: of
/// the improvement or its probability, not of their logarithms. Each model has its own value to
/// improve on, the best of its posterior means.
/// @param draws  at least one; must live as long as the criterion
/// @source  Snoek, Larochelle, Adams 2012, "Practical Bayesian optimization", section 3.2
Criterion Averaged(const Acquisition& acquisition, std::span<const Model> draws, Weights weights);

/// The weights alone: for when there is nothing yet to improve on.
Criterion Chance(Weights weights);

/// Adds the logarithms of the weights.
Criterion Weighted(Criterion criterion, Weights weights);

/// The logarithms of the expected improvement and of its probability, and the lower confidence
/// bound, each as in Averaged and weighted.
/// @param draws  must live as long @returns of points: shape (m, 3)
std::function<MatrixXd(const MatrixXd& points)> EveryAcquisition(std::span<const Model> draws,
                                                                 Weights weights);

}  // namespace hone::gp
