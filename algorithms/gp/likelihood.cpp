// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/likelihood.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <limits>
#include <numbers>

namespace hone::gp {
namespace {

using Eigen::Index;

constexpr double kBetaA = 1;  // of the additive share's prior
constexpr double kMinNoise = 1e-6;
constexpr double kMostLogit = 6;
constexpr double kLeastLogLinear = -8;

/// Logarithm of a log-normal density's mode.
double ModeOf(const Belief& belief) {
  return belief.mean - belief.variance;
}

/// Logarithm of a log-normal density of exp(x), without constants; adds its slope.
double LogNormal(double x, const Belief& belief, double* slope) {
  const double sd = std::sqrt(belief.variance);
  const double z = (x - belief.mean) / sd;
  if (slope != nullptr) {
    *slope += -z / sd - 1;
  }
  return -0.5 * z * z - x;
}

double Sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

/// Logarithm of the density of the additive share, as one of its logit, without constants.
double LogitBeta(double logit, double beta_b, double* slope) {
  const double share = Sigmoid(logit);
  if (slope != nullptr) {
    *slope += kBetaA * (1 - share) - beta_b * share;
  }
  return kBetaA * std::log(share) + beta_b * std::log1p(-share);
}

/// The same for a density of x itself.
double Normal(double x, double sd, double* slope) {
  if (slope != nullptr) {
    *slope += -x / (sd * sd);
  }
  return -0.5 * x * x / (sd * sd);
}

double* At(VectorXd* gradient, Index i) {
  return gradient == nullptr ? nullptr : &(*gradient)[i];
}

}  // namespace

LogPosterior::LogPosterior(const Embedding& embedding, const MatrixXd& points,
                           const VectorXd& outputs, bool warped)
    : embedding_(embedding),
      points_(points),
      outputs_(outputs),
      lengths_(static_cast<Index>(embedding.dimensions().size())) {
  first_warp_ = lengths_ + 2;
  if (lengths_ > 1) {  // of one dimension, the parts are the same
    additive_ = first_warp_++;
  }
  if (!embedding.plain().empty()) {
    linear_ = first_warp_++;
  }
  for (Index d = 0; warped && d < lengths_; ++d) {
    if (embedding.IsWarped(static_cast<std::size_t>(d))) {
      warped_.push_back(d);
    }
  }
}

Belief LogPosterior::LengthBelief(Index d) const {
  return priors().LengthOf(embedding_.dimensions(), static_cast<std::size_t>(d));
}

VectorXd LogPosterior::PriorMode() const {
  VectorXd theta = VectorXd::Zero(size());
  for (Index d = 0; d < lengths_; ++d) {
    theta[d] = ModeOf(LengthBelief(d));
  }
  theta[lengths_] = ModeOf(priors().log_noise);
  if (additive_ >= 0) {
    theta[additive_] = std::log(kBetaA / priors().additive);
  }
  if (linear_ >= 0) {
    theta[linear_] = ModeOf(priors().log_linear);
  }
  return theta;
}

double LogPosterior::LogJacobian(const VectorXd& theta) const {
  return theta.head(lengths_ + 1).sum() + (linear_ >= 0 ? theta[linear_] : 0.0);
}

VectorXd LogPosterior::LowerBounds() const {
  VectorXd theta = VectorXd::Constant(size(), -1.5);
  theta.head(lengths_).setConstant(std::log(0.02));
  theta[lengths_] = std::log(kMinNoise);
  if (additive_ >= 0) {
    theta[additive_] = -kMostLogit;
  }
  if (linear_ >= 0) {
    theta[linear_] = kLeastLogLinear;
  }
  return theta;
}

VectorXd LogPosterior::UpperBounds() const {
  VectorXd theta = VectorXd::Constant(size(), 1.5);
  theta.head(lengths_).setConstant(std::log(100.0) + 0.5 * std::log(static_cast<double>(lengths_)));
  theta[lengths_] = 0;
  if (additive_ >= 0) {
    theta[additive_] = kMostLogit;
  }
  return theta;
}

Hyper LogPosterior::Unpacked(const VectorXd& theta) const {
  Hyper hyper;
  hyper.log_length = theta.head(lengths_);
  hyper.log_noise = theta[lengths_];
  hyper.log_scale = theta[lengths_ + 1];
  hyper.additive = additive_ >= 0 ? Sigmoid(theta[additive_]) : 0;
  hyper.linear = linear_ >= 0 ? std::exp(theta[linear_]) : 0;
  hyper.log_a = VectorXd::Zero(lengths_);
  hyper.log_b = VectorXd::Zero(lengths_);
  for (Index k = 0; k < Warps(); ++k) {
    const Index d = warped_[static_cast<std::size_t>(k)];
    hyper.log_a[d] = theta[first_warp_ + 2 * k];
    hyper.log_b[d] = theta[first_warp_ + 1 + 2 * k];
  }
  return hyper;
}

double LogPosterior::Prior(const VectorXd& theta, VectorXd* gradient) const {
  double sum = 0;
  for (Index d = 0; d < lengths_; ++d) {
    sum += LogNormal(theta[d], LengthBelief(d), At(gradient, d));
  }
  sum += LogNormal(theta[lengths_], priors().log_noise, At(gradient, lengths_));
  sum += Normal(theta[lengths_ + 1], priors().log_scale_sd, At(gradient, lengths_ + 1));
  if (additive_ >= 0) {
    sum += LogitBeta(theta[additive_], priors().additive, At(gradient, additive_));
  }
  if (linear_ >= 0) {
    sum += LogNormal(theta[linear_], priors().log_linear, At(gradient, linear_));
  }
  for (Index i = first_warp_; i < size(); ++i) {
    sum += Normal(theta[i], priors().log_warp_sd, At(gradient, i));
  }
  return sum;
}

/// By the parameters that only weigh the parts. @param w  with d value = sum of w * dK
void LogPosterior::AddSlopes(const Hyper& hyper, const Covariance::Parts& parts, const MatrixXd& w,
                             VectorXd& gradient) const {
  const double scale = std::exp(hyper.log_scale);
  const double product = scale * w.cwiseProduct(parts.product).sum();
  double additive = 0;
  if (additive_ >= 0) {
    additive = scale * w.cwiseProduct(parts.additive).sum();
    gradient[additive_] += hyper.additive * (1 - hyper.additive) * (additive - product);
  }
  if (linear_ >= 0) {
    gradient[linear_] += hyper.linear * w.cwiseProduct(parts.linear).sum();
  }
  gradient[lengths_] += std::exp(hyper.log_noise) * w.trace();
  gradient[lengths_ + 1] += (1 - hyper.additive) * product + hyper.additive * additive;
}

/// By what moves the image. @param z  the image
void LogPosterior::AddImageSlopes(const Hyper& hyper, const MatrixXd& z,
                                  const Covariance::Parts& parts, const MatrixXd& w,
                                  VectorXd& gradient) const {
  const Covariance covariance(embedding_, hyper);
  const double scale = std::exp(hyper.log_scale);
  // Sums of m (z_i - z_j) over j, as one product for all features.
  const MatrixXd m = 4 * scale * (1 - hyper.additive) * w.cwiseProduct(parts.product_slope);
  MatrixXd pull = z * m.rowwise().sum().asDiagonal();
  pull.noalias() -= z * m;
  if (additive_ >= 0) {
    pull += scale * hyper.additive * covariance.AdditiveSlopes(z, w);
  }
  const std::vector<Index>& owners = embedding_.owners();
  for (Index f = 0; f < embedding_.features(); ++f) {
    gradient[owners[static_cast<std::size_t>(f)]] -= z.row(f).dot(pull.row(f));
  }
  if (linear_ >= 0 && Warps() > 0) {
    // The linear part's coordinates are images times lengthscales, so only warps move them.
    const MatrixXd by_centred = 2 * hyper.linear * covariance.Centred(z) * w;
    for (Index k = 0; k < by_centred.rows(); ++k) {
      const Index f = embedding_.plain()[static_cast<std::size_t>(k)];
      const double length = std::exp(hyper.log_length[owners[static_cast<std::size_t>(f)]]);
      pull.row(f) += length * by_centred.row(k);
    }
  }
  for (Index k = 0; k < Warps(); ++k) {
    const Index d = warped_[static_cast<std::size_t>(k)];
    const Index f = embedding_.FeaturesOf(static_cast<std::size_t>(d)).first;
    const auto [by_a, by_b] = Embedding::WarpSlopes(hyper, d, points_.row(d).transpose());
    gradient[first_warp_ + 2 * k] += pull.row(f).dot(by_a.matrix());
    gradient[first_warp_ + 1 + 2 * k] += pull.row(f).dot(by_b.matrix());
  }
}

double LogPosterior::operator()(const VectorXd& theta, VectorXd* gradient) const {
  const Index n = points_.cols();
  const Hyper hyper = Unpacked(theta);
  const Covariance covariance(embedding_, hyper);
  const MatrixXd z = embedding_.Map(hyper, points_);
  const Covariance::Parts parts = covariance.PartsOf(z, gradient != nullptr);
  MatrixXd factor = covariance.Sum(parts);
  factor.diagonal().array() += std::exp(hyper.log_noise);
  const Eigen::LLT<Eigen::Ref<MatrixXd>> llt(factor);
  if (llt.info() != Eigen::Success) {
    return -std::numeric_limits<double>::infinity();
  }
  const VectorXd alpha = llt.solve(outputs_);
  double value = -0.5 * outputs_.dot(alpha) - factor.diagonal().array().log().sum() -
                 0.5 * static_cast<double>(n) * std::log(2 * std::numbers::pi);
  if (gradient == nullptr) {
    return value + Prior(theta, nullptr);
  }
  gradient->setZero(size());
  // W with d value = sum of W * dK.
  MatrixXd w = MatrixXd::Identity(n, n);
  llt.solveInPlace(w);
  w = 0.5 * (alpha * alpha.transpose() - w);
  AddSlopes(hyper, parts, w, *gradient);
  AddImageSlopes(hyper, z, parts, w, *gradient);
  value += Prior(theta, gradient);
  return value;
}

}  // namespace hone::gp
