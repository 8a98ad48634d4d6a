// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "algorithms/gp/kernel.h"

namespace hone::gp {

/// Variance of the constant mean, which is integrated out. 0.01 is worse on four of five functions
/// of benchmarks/quality/functions.cpp (64 trials, 10 seeds), by a factor of 30 on two.
inline constexpr double kMeanVariance = 1.0;

/// The covariance of two points, given their images under an embedding:
///   s^2 ((1 - a) m(r) + a mean of m(r_d)) + v sum of c c' + kMeanVariance
/// m is Matern 5/2, r the distance of the images, r_d that of one dimension's features, and c the
/// warped coordinate, less 1/2, of a number that is always active. The second part lets what was
/// seen along one coordinate count wherever the others are.
/// A view: embedding and hyperparameters must live as long.
/// @source  Duvenaud, Nickisch, Rasmussen 2011, "Additive Gaussian processes" (orders 1 and D)
class Covariance {
 public:
  Covariance(const Embedding& embedding, const Hyper& hyper)
      : embedding_(embedding), hyper_(hyper) {}

  /// A matrix in parts, for the gradient of the likelihood.
  struct Parts {
    MatrixXd product;        ///< m(r)
    MatrixXd additive;       ///< mean of m(r_d); empty if a is 0
    MatrixXd linear;         ///< sum of c c'; empty if v is 0
    MatrixXd product_slope;  ///< dm/d(r^2), if it is wanted
  };
  /// Of the columns of an image, shape (features, n). @param slope  whether that one is wanted
  [[nodiscard]] Parts PartsOf(const MatrixXd& image, bool slope) const;
  /// Derivatives by the image of sum(w * additive). @param w  symmetric, shape (n, n)
  /// @returns shape (features, n)
  [[nodiscard]] MatrixXd AdditiveSlopes(const MatrixXd& image, const MatrixXd& w) const;
  [[nodiscard]] MatrixXd Sum(const Parts& parts) const;
  /// @returns shape (columns of a, columns of b)
  [[nodiscard]] MatrixXd Between(const MatrixXd& a, const MatrixXd& b) const;
  /// Of each column with itself. @returns shape (n)
  [[nodiscard]] VectorXd Variances(const MatrixXd& image) const;

  /// Of all columns of an image with one point.
  struct WithPoint {
    VectorXd values;          ///< shape (n)
    MatrixXd slopes;          ///< by the point's features, shape (n, features)
    VectorXd variance_slope;  ///< of the point's variance, shape (features)
  };
  [[nodiscard]] WithPoint At(const MatrixXd& image, const VectorXd& z) const;

  /// The coordinates c. @returns shape (plain features, n)
  [[nodiscard]] MatrixXd Centred(const MatrixXd& image) const;

 private:
  [[nodiscard]] double LengthOf(Eigen::Index feature) const;
  [[nodiscard]] MatrixXd Additive(const MatrixXd& a, const MatrixXd& b) const;
  [[nodiscard]] MatrixXd Additive(const MatrixXd& image) const;

  const Embedding& embedding_;
  const Hyper& hyper_;
};

}  // namespace hone::gp
