// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "algorithms/gp/kernel.h"

namespace hone::gp {

/// The logarithm of prior times marginal likelihood of the hyperparameters, with its gradient.
///
/// Priors: lengthscale LogNormal(sqrt 2 + ln(d) / 2, sqrt 3) and noise variance LogNormal(-4, 1)
/// (Hvarfner, Hellsten, Nardi 2024, arXiv 2402.02229); warp LogNormal(0, 0.5); the kernel's
/// variance LogNormal(0, 0.5), since the outputs are standardised and the lengthscales' prior
/// assumes 1.
class LogPosterior {
 public:
  /// @param points   shape (dimensions, n), n >= 1; must live as long as this
  /// @param outputs  shape (n), standardised; must live as long as this
  LogPosterior(const Embedding& embedding, const MatrixXd& points, const VectorXd& outputs,
               bool warped);

  /// Number of free hyperparameters.
  [[nodiscard]] Eigen::Index size() const { return lengths_ + 2 + 2 * Warps(); }
  [[nodiscard]] VectorXd PriorMode() const;
  [[nodiscard]] VectorXd LowerBounds() const;
  [[nodiscard]] VectorXd UpperBounds() const;
  [[nodiscard]] Hyper Unpacked(const VectorXd& theta) const;

  /// @param gradient  if not null: set to the gradient by theta
  /// @returns  -infinity where the kernel matrix is not numerically positive definite
  /// @cost     O(n^3) for both
  double operator()(const VectorXd& theta, VectorXd* gradient) const;

 private:
  [[nodiscard]] Eigen::Index Warps() const { return static_cast<Eigen::Index>(warped_.size()); }
  double Prior(const VectorXd& theta, VectorXd* gradient) const;

  const Embedding& embedding_;
  const MatrixXd& points_;
  const VectorXd& outputs_;
  Eigen::Index lengths_ = 0;
  std::vector<Eigen::Index> warped_;  // dimensions
};

}  // namespace hone::gp
