// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "algorithms/gp/priors.h"
#include "algorithms/gp/space.h"

namespace hone::gp {

/// Hyperparameters. Coordinate d has lengthscale exp(log_length[d]) and, if it is warped, the
/// Kumaraswamy warp w(u) = 1 - (1 - u^a)^b with a = exp(log_a[d]), b = exp(log_b[d]).
struct Hyper {
  VectorXd log_length;
  double log_noise = 0;  ///< of the variance, outputs being standardised
  double log_scale = 0;  ///< of the kernel's variance s^2
  VectorXd log_a;        ///< 0: no warp
  VectorXd log_b;
  double additive = 0;  ///< share of the mean of one-dimensional kernels, in [0, 1)
  double linear = 0;    ///< variance of a slope along a number that is always active
};

/// The map from points to a space where the kernel's distance is Euclidean.
///   number         w(u) / l
///   category       one of the corners of a simplex with edges 1 / l
///   conditional    (sin, cos)(pi u / 2) * (2 / pi) / l where active, (0, 0) where not
/// @source  arc embedding: Swersky, Duvenaud, Snoek, Hutter, Osborne 2013, arXiv 1409.4011, with
///          rho = 1/2; the factor gives active points the distances of an unconditional number
class Embedding {
 public:
  /// @param priors  of the hyperparameters, for who learns them
  explicit Embedding(Dimensions dimensions, const Priors& priors = {});

  [[nodiscard]] const Dimensions& dimensions() const { return dimensions_; }
  [[nodiscard]] const Priors& priors() const { return priors_; }
  /// Number of coordinates of the image.
  [[nodiscard]] Eigen::Index features() const { return features_; }
  /// Dimension of a feature.
  [[nodiscard]] const std::vector<Eigen::Index>& owners() const { return owners_; }
  /// Features of numbers that are always active: those that the linear term knows.
  [[nodiscard]] const std::vector<Eigen::Index>& plain() const { return plain_; }
  /// First feature of a dimension, and how many it has.
  [[nodiscard]] std::pair<Eigen::Index, Eigen::Index> FeaturesOf(std::size_t d) const {
    const Eigen::Index end = d + 1 < first_.size() ? first_[d + 1] : features_;
    return {first_[d], end - first_[d]};
  }
  /// Whether a dimension's coordinate may be warped: numbers that are searched as continuous.
  [[nodiscard]] bool IsWarped(std::size_t d) const;

  /// @param points  shape (dimensions, n) @returns shape (features, n)
  [[nodiscard]] MatrixXd Map(const Hyper& hyper, const MatrixXd& points) const;
  /// Derivatives of a feature vector by the point's coordinates: where[f] of dimension owners()[f].
  /// Zero for categories.
  [[nodiscard]] VectorXd Slopes(const Hyper& hyper, const VectorXd& point) const;
  /// Derivatives of w(u) / l by log a and log b. @param u  of many points
  static std::pair<Eigen::ArrayXd, Eigen::ArrayXd> WarpSlopes(const Hyper& hyper, Eigen::Index d,
                                                              const Eigen::ArrayXd& u);

 private:
  void MapAlong(std::size_t d, const Hyper& hyper, const Eigen::ArrayXd& u, MatrixXd& image) const;
  void ClearInactive(const VectorXd& point, Eigen::Ref<VectorXd> image) const;

  Dimensions dimensions_;
  Priors priors_;
  std::vector<Eigen::Index> first_;  // feature of each dimension
  std::vector<Eigen::Index> owners_;
  std::vector<Eigen::Index> plain_;
  Eigen::Index features_ = 0;
  bool conditional_ = false;
};

/// Squared distances between the columns. @returns shape (columns of a, columns of b), >= 0
MatrixXd SquaredDistances(const MatrixXd& a, const MatrixXd& b);

/// Matern 5/2 at squared distances r2: in place r2 becomes k, and `slope` (if not null) dk/d(r2).
void Matern52(double scale, MatrixXd& r2, MatrixXd* slope);

}  // namespace hone::gp
