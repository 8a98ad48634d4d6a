// SPDX-License-Identifier: Apache-2.0
// Letters as in the tutorial (arXiv 1604.00772): y a step in units of sigma, C = B D^2 B^T, p
// paths. Differs from it in: variances are kept within a condition of 1e14, so that C stays
// positive definite whatever the ranking; the growth of sigma in one update is limited to a factor
// of e (Hansen 2011, equation 5, with Delta_sigma_max = 1). Of many dimensions C = A A^T with a
// triangular A, as in Krause, Arbones, Igel 2016, "CMA-ES with optimal covariance update and
// storage complexity", but made anew now and then, as often as purecma.py (Hansen) does with
// eigenvectors.
#include "algorithms/cma/strategy.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "algorithms/cma/normals.h"
#include "base/check.h"

namespace hone::cma {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Stopping rules of the tutorial, appendix B.3: ConditionCov, TolX, TolXUp.
constexpr double kMaxCondition = 1e14;
constexpr int kMostLifts = 16;  // of the diagonal, ten times more each time
constexpr double kNarrowest = 1e-12;
constexpr double kWidest = 1e4;

/// Expected length of a standard normal vector (tutorial, section 3).
double ExpectedLength(double d) {
  return std::sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d * d));
}

/// Scales the raw weights: positive ones to the sum 1, negative ones as equation 53.
VectorXd ScaledWeights(VectorXd w, const Parameters& p, double d) {
  const Index mu = p.lambda / 2;
  const auto worst = w.tail(p.lambda - mu);
  const double mu_eff_minus = worst.sum() * worst.sum() / worst.squaredNorm();
  const double limit = std::min({1 + p.c_1 / p.c_mu, 1 + 2 * mu_eff_minus / (p.mu_eff + 2),
                                 (1 - p.c_1 - p.c_mu) / (d * p.c_mu)});
  const double positive = w.cwiseMax(0).sum();
  const double negative = w.cwiseMin(0).sum();
  for (double& weight : w) {
    weight *= weight >= 0 ? 1 / positive : -std::max(limit, 0.0) / negative;
  }
  return w;
}

}  // namespace

Parameters DefaultParameters(Index d, Index lambda, bool separable) {
  const auto n = static_cast<double>(d);
  Parameters p;
  p.lambda = lambda > 0 ? lambda : 4 + static_cast<Index>(std::floor(3 * std::log(n)));
  HONE_CHECK(d >= 1 && p.lambda >= 2, "an update ranks at least two points");
  VectorXd w(p.lambda);
  for (Index i = 0; i < p.lambda; ++i) {
    w[i] = std::log((static_cast<double>(p.lambda) + 1) / 2) - std::log(static_cast<double>(i + 1));
  }
  const auto best = w.head(p.lambda / 2);
  p.mu_eff = best.sum() * best.sum() / best.squaredNorm();
  p.c_sigma = (p.mu_eff + 2) / (n + p.mu_eff + 5);
  p.d_sigma = 1 + 2 * std::max(0.0, std::sqrt((p.mu_eff - 1) / (n + 1)) - 1) + p.c_sigma;
  p.c_c = (4 + p.mu_eff / n) / (n + 4 + 2 * p.mu_eff / n);
  const double faster = separable ? (n + 2) / 3 : 1;
  p.c_1 = std::min(1.0, faster * 2 / ((n + 1.3) * (n + 1.3) + p.mu_eff));
  p.c_mu = std::min(1 - p.c_1, faster * 2 * (0.25 + p.mu_eff + 1 / p.mu_eff - 2) /
                                   ((n + 2) * (n + 2) + p.mu_eff));
  p.w = ScaledWeights(std::move(w), p, n);
  return p;
}

Strategy::Strategy(VectorXd mean, const Options& options)
    : separable_(options.separable),
      first_sigma_(options.sigma),
      parameters_(DefaultParameters(mean.size(), options.lambda, options.separable)),
      mean_(std::move(mean)),
      sigma_(options.sigma),
      deviations_(VectorXd::Ones(mean_.size())),
      p_sigma_(VectorXd::Zero(mean_.size())),
      p_c_(VectorXd::Zero(mean_.size())) {
  const Index d = mean_.size();
  if (separable_) {
    variances_ = VectorXd::Ones(d);
  } else {
    triangular_ = d >= kManyDimensions;
    covariance_ = MatrixXd::Identity(d, d);
    axes_ = MatrixXd::Identity(d, d);
  }
  if (options.covariance.size() > 0) {
    if (separable_) {
      variances_ = options.covariance.diagonal();
    } else {
      covariance_ = options.covariance;
    }
    Decompose();
  }
}

VectorXd Strategy::Sample(Rng& rng) const {
  VectorXd y(mean_.size());
  FillNormals(rng, {y.data(), static_cast<std::size_t>(y.size())});
  if (triangular_) {
    y = axes_.triangularView<Eigen::Lower>() * y;
    return mean_ + sigma_ * y;
  }
  y.array() *= deviations_.array();
  if (separable_) {
    return mean_ + sigma_ * y;
  }
  return mean_ + sigma_ * (axes_ * y);
}

VectorXd Strategy::Whiten(const VectorXd& y) const {
  if (triangular_) {
    return axes_.triangularView<Eigen::Lower>().solve(y);
  }
  const auto inverse = deviations_.cwiseInverse();
  if (separable_) {
    return inverse.cwiseProduct(y);
  }
  return axes_ * inverse.cwiseProduct(axes_.transpose() * y);
}

/// Before the last rotation of Whiten, which changes no length.
VectorXd Strategy::SquaredLengths(const MatrixXd& y) const {
  if (triangular_) {
    return axes_.triangularView<Eigen::Lower>().solve(y).colwise().squaredNorm();
  }
  const VectorXd inverse = deviations_.cwiseInverse();
  if (separable_) {
    VectorXd squares(y.cols());
    for (Index i = 0; i < y.cols(); ++i) {
      squares[i] = y.col(i).cwiseProduct(inverse).squaredNorm();
    }
    return squares;
  }
  return (inverse.asDiagonal() * (axes_.transpose() * y)).colwise().squaredNorm();
}

VectorXd Strategy::Shorten(MatrixXd& y, const std::vector<bool>& injected) const {
  std::vector<Index> measured;  // the others' lengths play no role
  for (Index i = 0; i < y.cols(); ++i) {
    if (injected[static_cast<std::size_t>(i)] || parameters_.w[i] < 0) {
      measured.push_back(i);
    }
  }
  MatrixXd steps(y.rows(), static_cast<Index>(measured.size()));
  for (Index k = 0; k < steps.cols(); ++k) {
    steps.col(k) = y.col(measured[static_cast<std::size_t>(k)]);
  }
  const VectorXd found = SquaredLengths(steps);
  const auto n = static_cast<double>(mean_.size());
  const double longest = std::sqrt(n) + 2 * n / (n + 2);
  VectorXd squares = VectorXd::Zero(y.cols());
  for (Index k = 0; k < steps.cols(); ++k) {
    const Index i = measured[static_cast<std::size_t>(k)];
    const double length = std::sqrt(found[k]);
    const bool shorter = injected[static_cast<std::size_t>(i)] && length > longest;
    if (shorter) {
      y.col(i) *= longest / length;
    }
    squares[i] = shorter ? longest * longest : found[k];
  }
  return squares;
}

void Strategy::Update(const MatrixXd& points, const std::vector<bool>& injected) {
  const Parameters& p = parameters_;
  const auto n = static_cast<double>(mean_.size());
  HONE_CHECK(points.rows() == mean_.size() && points.cols() == p.lambda &&
                 injected.size() == static_cast<std::size_t>(p.lambda),
             "an update takes one population");
  MatrixXd y = (points.colwise() - mean_) / sigma_;
  const VectorXd squared_lengths = Shorten(y, injected);
  const VectorXd step = y * p.w.cwiseMax(0);
  mean_ += sigma_ * step;
  ++generation_;

  p_sigma_ =
      (1 - p.c_sigma) * p_sigma_ + std::sqrt(p.c_sigma * (2 - p.c_sigma) * p.mu_eff) * Whiten(step);
  const double expected = ExpectedLength(n);
  const double warm_up =
      std::sqrt(1 - std::pow(1 - p.c_sigma, 2 * static_cast<double>(generation_)));
  const bool stalled = p_sigma_.norm() / warm_up >= (1.4 + 2 / (n + 1)) * expected;
  p_c_ *= 1 - p.c_c;
  if (!stalled) {
    p_c_ += std::sqrt(p.c_c * (2 - p.c_c) * p.mu_eff) * step;
  }
  AdaptCovariance(y, squared_lengths, stalled);
  sigma_ *= std::exp(std::min(1.0, p.c_sigma / p.d_sigma * (p_sigma_.norm() / expected - 1)));
  const double between = 1 / ((triangular_ ? 2 : 10) * n * (p.c_1 + p.c_mu));
  if (separable_ || static_cast<double>(generation_ - decomposed_) >= between) {
    Decompose();
  }
}

void Strategy::AdaptCovariance(const MatrixXd& y, const VectorXd& squared_lengths,
                               bool path_stalled) {
  const Parameters& p = parameters_;
  const auto n = static_cast<double>(mean_.size());
  const double kept =
      1 - p.c_1 - p.c_mu * p.w.sum() + (path_stalled ? p.c_1 * p.c_c * (2 - p.c_c) : 0.0);
  VectorXd w = p.w;
  for (Index i = 0; i < w.size(); ++i) {
    if (w[i] < 0) {  // equation 46
      w[i] *= n / std::max(squared_lengths[i], 1e-300);
    }
  }
  if (separable_) {
    variances_ = kept * variances_ + p.c_1 * p_c_.cwiseAbs2();
    for (Index i = 0; i < y.cols(); ++i) {  // column by column: no matrix of squares
      variances_ += (p.c_mu * w[i]) * y.col(i).cwiseAbs2();
    }
    return;
  }
  // All steps in one product, the path the last of them.
  MatrixXd steps(y.rows(), y.cols() + 1);
  steps << y, p_c_;
  VectorXd weights(w.size() + 1);
  weights << p.c_mu * w, p.c_1;
  const MatrixXd weighted = steps * weights.asDiagonal();
  covariance_.triangularView<Eigen::Lower>() *= kept;
  covariance_.triangularView<Eigen::Lower>() += weighted * steps.transpose();
}

void Strategy::Decompose() {
  decomposed_ = generation_;
  if (separable_) {
    variances_ = variances_.cwiseMax(variances_.maxCoeff() / kMaxCondition);
    deviations_ = variances_.cwiseSqrt();
    return;
  }
  if (triangular_) {
    return FactorCovariance();
  }
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(covariance_);
  VectorXd eigenvalues = solver.eigenvalues();
  const double floor = eigenvalues.maxCoeff() / kMaxCondition;
  if (eigenvalues.minCoeff() < floor) {
    covariance_.diagonal().array() += floor - eigenvalues.minCoeff();
    eigenvalues.array() += floor - eigenvalues.minCoeff();
  }
  axes_ = solver.eigenvectors();
  deviations_ = eigenvalues.cwiseSqrt();
}

/// The diagonal of the factor lies between the roots of the eigenvalues, so it understates the
/// condition.
void Strategy::FactorCovariance() {
  Eigen::LLT<MatrixXd> llt(covariance_);
  double lift = covariance_.diagonal().maxCoeff() / kMaxCondition;
  for (int i = 0; i < kMostLifts && llt.info() != Eigen::Success; ++i) {
    covariance_.diagonal().array() += lift;
    lift *= 10;
    llt.compute(covariance_);
  }
  axes_ = llt.matrixL();
  deviations_ = axes_.diagonal();
}

bool Strategy::Exhausted() const {
  const double widest = deviations_.maxCoeff();
  const double condition = widest / deviations_.minCoeff();
  return condition * condition > kMaxCondition / 2 || sigma_ * widest < kNarrowest * first_sigma_ ||
         sigma_ * widest > kWidest * first_sigma_;
}

double Strategy::Deviation(Index coordinate) const {
  const double variance = separable_ ? variances_[coordinate] : covariance_(coordinate, coordinate);
  return sigma_ * std::sqrt(variance);
}

MatrixXd Strategy::Covariance() const {
  if (separable_) {
    return variances_.asDiagonal();
  }
  return covariance_.selfadjointView<Eigen::Lower>();
}

double Reflect(double x) {
  const double folded = std::abs(std::remainder(x, 2.0));
  return std::min(folded, 1.0);
}

}  // namespace hone::cma
