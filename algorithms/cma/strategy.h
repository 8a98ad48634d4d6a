// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <vector>

#include "base/rng.h"

namespace hone::cma {

/// Default parameters of one population size, in the letters of the tutorial.
struct Parameters {
  Eigen::Index lambda = 0;  ///< points of an update
  Eigen::VectorXd w;        ///< recombination weights, best first; the positive ones sum to 1
  double mu_eff = 0;        ///< variance effective selection mass
  double c_sigma = 0;       ///< rate of the step size's path
  double d_sigma = 0;       ///< damping of the step size
  double c_c = 0;           ///< rate of the covariance's path
  double c_1 = 0;           ///< rank-one rate
  double c_mu = 0;          ///< rank-mu rate
};

/// @param lambda  at least 2; 0: 4 + floor(3 ln d)
/// @source  Hansen 2016, arXiv 1604.00772, table 1; for `separable` the rates c_1 and c_mu of
///          Ros & Hansen 2008, (d + 2) / 3 times as large
Parameters DefaultParameters(Eigen::Index d, Eigen::Index lambda, bool separable);

struct Options {
  double sigma = 0.3;       ///< first step size, > 0
  Eigen::Index lambda = 0;  ///< 0: the default of the dimension
  bool separable = false;   ///< a diagonal covariance: O(d) instead of O(d^2) a point
  /// The first C, positive definite, of which only the diagonal counts if separable; empty: 1.
  Eigen::MatrixXd covariance{};
};

/// Covariance matrix adaptation evolution strategy with active update: the distribution
/// N(mean, sigma^2 C) and how it learns from ranked points. Knows neither bounds nor values. From
/// kManyDimensions on, the Cholesky factor of C takes the place of its symmetric root.
/// @threads  a value; Sample may be called from several threads at once
/// @source   Hansen 2016, arXiv 1604.00772, figure 6; injected points: Hansen 2011, arXiv 1110.4181
class Strategy {
 public:
  /// @param mean  shape (d), d >= 1
  Strategy(Eigen::VectorXd mean, const Options& options);

  /// Coordinates from which on eigenvectors would take most of the time.
  static constexpr Eigen::Index kManyDimensions = 200;

  /// One point. @returns shape (d). @cost O(d^2), separable O(d)
  [[nodiscard]] Eigen::VectorXd Sample(Rng& rng) const;

  /// Learns from one population.
  /// @param points    shape (d, lambda), columns from best to worst
  /// @param injected  shape (lambda): the point was not drawn from this very distribution, so its
  ///                  step is shortened to a Mahalanobis length of sqrt(d) + 2d / (d + 2)
  /// @cost  O(lambda d^2), and O(d^3) every 1 / (10 d (c_1 + c_mu)) updates (with a Cholesky factor
  ///        1 / (2 d (c_1 + c_mu))); separable O(lambda d)
  void Update(const Eigen::MatrixXd& points, const std::vector<bool>& injected);

  /// The distribution has become too narrow, too wide or too ill-conditioned to go on with.
  [[nodiscard]] bool Exhausted() const;

  [[nodiscard]] const Parameters& parameters() const { return parameters_; }
  [[nodiscard]] const Eigen::VectorXd& mean() const { return mean_; }
  [[nodiscard]] double sigma() const { return sigma_; }
  [[nodiscard]] Eigen::Index generation() const { return generation_; }
  /// Standard deviation of one coordinate.
  [[nodiscard]] double Deviation(Eigen::Index coordinate) const;
  /// Moves the mean along one coordinate; nothing else changes.
  void MoveMean(Eigen::Index coordinate, double to) { mean_[coordinate] = to; }
  /// C, without sigma. @cost O(d^2)
  [[nodiscard]] Eigen::MatrixXd Covariance() const;

 private:
  [[nodiscard]] Eigen::VectorXd Whiten(const Eigen::VectorXd& y) const;
  /// Mahalanobis lengths of the columns.
  [[nodiscard]] Eigen::VectorXd SquaredLengths(const Eigen::MatrixXd& y) const;
  /// Shortens the steps of injected points. @returns squared lengths of those that need one
  [[nodiscard]] Eigen::VectorXd Shorten(Eigen::MatrixXd& y,
                                        const std::vector<bool>& injected) const;
  void AdaptCovariance(const Eigen::MatrixXd& y, const Eigen::VectorXd& squared_lengths,
                       bool path_stalled);
  void Decompose();
  void FactorCovariance();

  bool separable_;
  double first_sigma_;
  Parameters parameters_;
  Eigen::VectorXd mean_;
  double sigma_;
  Eigen::MatrixXd covariance_;  // full only; its lower triangle is kept
  Eigen::VectorXd variances_;   // separable only: the diagonal
  bool triangular_ = false;     // full, of many dimensions
  Eigen::MatrixXd axes_;        // full only, of the last decomposition: eigenvectors; or the factor
  Eigen::VectorXd deviations_;  // roots of the eigenvalues then; of the factor: its diagonal
  Eigen::VectorXd p_sigma_;     // path of the step size
  Eigen::VectorXd p_c_;         // path of the covariance
  Eigen::Index generation_ = 0;
  Eigen::Index decomposed_ = 0;  // generation of the last decomposition
};

/// Folds any number into [0, 1] as if both ends were mirrors. A strategy that samples freely and
/// learns from the unfolded points sees a periodic function: no point lies outside, and where the
/// function is flat nothing pulls the mean to a bound or away from it.
double Reflect(double x);

}  // namespace hone::cma
