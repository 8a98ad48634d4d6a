// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "algorithms/gp/covariance.h"

namespace hone::gp {

/// The logarithm of prior times marginal likelihood of the hyperparameters, with its gradient.
///
/// Priors: the embedding's (priors.h). Order of theta: log lengthscales, log noise, log scale,
/// logit of the additive share and log of the linear variance where they are learned, then log a,
/// log b of each warped dimension.
class LogPosterior {
 public:
  /// @param points   shape (dimensions, n), n >= 1; must live as long as this
  /// @param outputs  shape (n), standardised; must live as long as this
  LogPosterior(const Embedding& embedding, const MatrixXd& points, const VectorXd& outputs,
               bool warped);

  /// Number of free hyperparameters.
  [[nodiscard]] Eigen::Index size() const { return first_warp_ + 2 * Warps(); }
  /// Number of lengthscales, which come first.
  [[nodiscard]] Eigen::Index lengths() const { return lengths_; }
  /// What makes this density, whose priors are of lengthscales and variances, one of theta: the
  /// logarithm of their derivatives.
  [[nodiscard]] double LogJacobian(const VectorXd& theta) const;
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
  [[nodiscard]] const Priors& priors() const { return embedding_.priors(); }
  [[nodiscard]] Belief LengthBelief(Eigen::Index d) const;
  double Prior(const VectorXd& theta, VectorXd* gradient) const;
  void AddSlopes(const Hyper& hyper, const Covariance::Parts& parts, const MatrixXd& w,
                 VectorXd& gradient) const;
  void AddImageSlopes(const Hyper& hyper, const MatrixXd& z, const Covariance::Parts& parts,
                      const MatrixXd& w, VectorXd& gradient) const;

  const Embedding& embedding_;
  const MatrixXd& points_;
  const VectorXd& outputs_;
  Eigen::Index lengths_ = 0;
  Eigen::Index additive_ = -1;  // place of the logit of the additive share; -1: it is 0
  Eigen::Index linear_ = -1;    // of the log of the linear variance
  Eigen::Index first_warp_ = 0;
  std::vector<Eigen::Index> warped_;  // dimensions
};

}  // namespace hone::gp
