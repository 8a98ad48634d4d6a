// SPDX-License-Identifier: Apache-2.0
//
// Order of theta: log lengthscales, log noise, log scale, then log a, log b of each warped
// dimension.
#include "algorithms/gp/likelihood.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <limits>
#include <numbers>

namespace hone::gp {
namespace {

using Eigen::Index;

constexpr double kNoiseMean = -4;
constexpr double kNoiseSd = 1;
constexpr double kWarpSd = 0.5;
constexpr double kScaleSd = 0.5;
constexpr double kMinNoise = 1e-6;

double LengthMean(Index dimensions) {
  return std::numbers::sqrt2 + 0.5 * std::log(static_cast<double>(dimensions));
}

/// Logarithm of a log-normal density of exp(x), without constants; adds its slope.
double LogNormal(double x, double mean, double sd, double* slope) {
  const double z = (x - mean) / sd;
  if (slope != nullptr) {
    *slope += -z / sd - 1;
  }
  return -0.5 * z * z - x;
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
  for (Index d = 0; warped && d < lengths_; ++d) {
    if (embedding.IsWarped(static_cast<std::size_t>(d))) {
      warped_.push_back(d);
    }
  }
}

VectorXd LogPosterior::PriorMode() const {
  VectorXd theta = VectorXd::Zero(size());
  theta.head(lengths_).setConstant(LengthMean(lengths_) - 3);  // mean - variance
  theta[lengths_] = kNoiseMean - kNoiseSd * kNoiseSd;
  return theta;
}

VectorXd LogPosterior::LowerBounds() const {
  VectorXd theta = VectorXd::Constant(size(), -1.5);
  theta.head(lengths_).setConstant(std::log(0.02));
  theta[lengths_] = std::log(kMinNoise);
  return theta;
}

VectorXd LogPosterior::UpperBounds() const {
  VectorXd theta = VectorXd::Constant(size(), 1.5);
  theta.head(lengths_).setConstant(std::log(100.0) + 0.5 * std::log(static_cast<double>(lengths_)));
  theta[lengths_] = 0;
  return theta;
}

Hyper LogPosterior::Unpacked(const VectorXd& theta) const {
  Hyper hyper;
  hyper.log_length = theta.head(lengths_);
  hyper.log_noise = theta[lengths_];
  hyper.log_scale = theta[lengths_ + 1];
  hyper.log_a = VectorXd::Zero(lengths_);
  hyper.log_b = VectorXd::Zero(lengths_);
  for (Index k = 0; k < Warps(); ++k) {
    const Index d = warped_[static_cast<std::size_t>(k)];
    hyper.log_a[d] = theta[lengths_ + 2 + 2 * k];
    hyper.log_b[d] = theta[lengths_ + 3 + 2 * k];
  }
  return hyper;
}

double LogPosterior::Prior(const VectorXd& theta, VectorXd* gradient) const {
  double sum = 0;
  const double mean = LengthMean(lengths_);
  for (Index d = 0; d < lengths_; ++d) {
    sum += LogNormal(theta[d], mean, std::numbers::sqrt3, At(gradient, d));
  }
  sum += LogNormal(theta[lengths_], kNoiseMean, kNoiseSd, At(gradient, lengths_));
  sum += Normal(theta[lengths_ + 1], kScaleSd, At(gradient, lengths_ + 1));
  for (Index i = lengths_ + 2; i < size(); ++i) {
    sum += Normal(theta[i], kWarpSd, At(gradient, i));
  }
  return sum;
}

double LogPosterior::operator()(const VectorXd& theta, VectorXd* gradient) const {
  const Index n = points_.cols();
  const Hyper hyper = Unpacked(theta);
  const double noise = std::exp(hyper.log_noise);
  const MatrixXd z = embedding_.Map(hyper, points_);
  MatrixXd kernel = SquaredDistances(z, z);
  kernel.diagonal().setZero();
  MatrixXd slope;
  Matern52(std::exp(hyper.log_scale), kernel, gradient == nullptr ? nullptr : &slope);
  MatrixXd factor = (kernel.array() + kMeanVariance).matrix();
  factor.diagonal().array() += noise;
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
  (*gradient)[lengths_] = noise * w.trace();
  (*gradient)[lengths_ + 1] = w.cwiseProduct(kernel).sum();
  // By the image: sums of M (z_i - z_j) over j, as one product for all features.
  const MatrixXd m = w.cwiseProduct(slope);
  MatrixXd pull = z * m.rowwise().sum().asDiagonal();
  pull.noalias() -= z * m;
  const std::vector<Index>& owners = embedding_.owners();
  for (Index f = 0; f < embedding_.features(); ++f) {
    (*gradient)[owners[static_cast<std::size_t>(f)]] -= 4 * z.row(f).dot(pull.row(f));
  }
  for (Index k = 0; k < Warps(); ++k) {
    const Index d = warped_[static_cast<std::size_t>(k)];
    Index f = 0;
    while (owners[static_cast<std::size_t>(f)] != d) {
      ++f;
    }
    for (Index i = 0; i < n; ++i) {
      const auto [by_a, by_b] = Embedding::WarpSlopes(hyper, d, points_(d, i));
      (*gradient)[lengths_ + 2 + 2 * k] += 4 * pull(f, i) * by_a;
      (*gradient)[lengths_ + 3 + 2 * k] += 4 * pull(f, i) * by_b;
    }
  }
  value += Prior(theta, gradient);
  return value;
}

}  // namespace hone::gp
