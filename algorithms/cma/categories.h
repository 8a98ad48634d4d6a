// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <utility>
#include <vector>

#include "base/rng.h"

namespace hone::cma {

/// Independent categorical distributions that learn from ranked points by the natural gradient,
/// with a step size that adapts to its signal and a least probability for each choice.
/// @threads  a value; Sample may be called from several threads at once
/// @source   Hamano et al. 2025, arXiv 2504.07884, and Akimoto et al. 2019 (ASNG), arXiv 1905.08537
class Categories {
 public:
  /// @param choices  number of choices of each variable, each at least 2
  /// @param alpha    probability, of each variable, that a converged distribution draws another
  ///                 choice than the likeliest; 0 < alpha < 1/2
  Categories(const std::vector<Eigen::Index>& choices, double alpha);

  [[nodiscard]] std::size_t size() const { return q_.size(); }
  /// Begins with other probabilities than equal ones. @param q  of each variable, with sum 1
  void Start(std::vector<Eigen::VectorXd> q) { q_ = std::move(q); }
  /// One choice for each variable.
  [[nodiscard]] std::vector<Eigen::Index> Sample(Rng& rng) const;
  /// Learns from one population.
  /// @param points   from best to worst
  /// @param weights  of the same length, >= 0 with sum 1
  void Update(const std::vector<std::vector<Eigen::Index>>& points, const Eigen::VectorXd& weights);
  /// Probabilities of one variable.
  [[nodiscard]] const Eigen::VectorXd& Probabilities(std::size_t variable) const {
    return q_[variable];
  }

 private:
  double alpha_;
  std::vector<Eigen::VectorXd> q_;
  Eigen::VectorXd s_;        // path of the gradient, in the Fisher metric
  double gamma_ = 0;         // its expected squared length under no signal
  double inverse_step_ = 1;  // Delta
};

}  // namespace hone::cma
