// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/model.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "algorithms/gp/trend.h"
#include "base/check.h"

namespace hone::gp {
namespace {

using Eigen::Index;

constexpr Index kRoom = 64;
// Added to the noise when rounding leaves the matrix indefinite, ten times more each time.
constexpr double kFirstJitter = 1e-8;
constexpr int kJitters = 10;
// Of the prior's: below it a variance is rounding error.
constexpr double kLeastVariance = 1e-12;

}  // namespace

Model::Model(const Embedding& embedding, Hyper hyper, const MatrixXd& points, const Device* device,
             Follows follows)
    : embedding_(embedding),
      hyper_(std::move(hyper)),
      device_(device),
      n_(points.cols()),
      follows_(std::move(follows)) {
  const MatrixXd image = embedding_.Map(hyper_, points);
  factor_ = MatrixXd::Zero(n_ + kRoom, n_ + kRoom);
  factor_.topLeftCorner(n_, n_) = FactorOf(image);
  image_ = MatrixXd::Zero(embedding_.features(), n_ + kRoom);
  image_.leftCols(n_) = image;
  if (follows_.trend != nullptr) {
    basis_ = follows_.trend->At(points);
  }
}

/// Adds to the noise until there is a factor.
MatrixXd Model::FactorOf(const MatrixXd& image) {
  if (device_ != nullptr) {
    if (auto factor = device_->Factor(embedding_, hyper_, image, std::exp(hyper_.log_noise))) {
      return *std::move(factor);
    }
  }
  const MatrixXd kernel = Kernel().Sum(Kernel().PartsOf(image, false));
  Eigen::LLT<MatrixXd> llt;
  double jitter = 0;
  for (int i = 0; i < kJitters; ++i) {
    hyper_.log_noise = std::log(std::exp(hyper_.log_noise) + jitter);
    jitter = std::max(kFirstJitter, 10 * jitter);
    MatrixXd noisy = kernel;
    noisy.diagonal().array() += std::exp(hyper_.log_noise);
    llt.compute(noisy);
    if (llt.info() == Eigen::Success) {
      break;
    }
  }
  HONE_CHECK(llt.info() == Eigen::Success, "a kernel matrix with noise is positive definite");
  return llt.matrixL();
}

void Model::Reserve(Index n) {
  if (n > factor_.rows()) {
    image_.conservativeResize(image_.rows(), n + kRoom);
    MatrixXd larger = MatrixXd::Zero(n + kRoom, n + kRoom);
    larger.topLeftCorner(n_, n_) = L();
    factor_ = std::move(larger);
  }
}

void Model::Append(const VectorXd& point) {
  Reserve(n_ + 1);
  const MatrixXd z = embedding_.Map(hyper_, point);
  VectorXd row = Kernel().Between(image_.leftCols(n_), z);
  L().triangularView<Eigen::Lower>().solveInPlace(row);
  const double noise = std::exp(hyper_.log_noise);
  const double rest = Kernel().Variances(z)[0] + noise - row.squaredNorm();
  factor_.row(n_).head(n_) = row;
  factor_(n_, n_) = std::sqrt(std::max(rest, 0.5 * noise));
  image_.col(n_) = z;
  ++n_;
  if (follows_.trend != nullptr) {
    basis_.conservativeResize(n_, basis_.cols());
    basis_.row(n_ - 1) = follows_.trend->At(point);
  }
}

void Model::SetOutputs(VectorXd outputs) {
  if (follows_.trend != nullptr) {
    SetTrend(outputs);
  }
  Solve(std::move(outputs));
  best_ = FittedMeans().minCoeff();
}

void Model::LimitBest(const std::vector<bool>& rows) {
  const VectorXd means = FittedMeans();
  best_ = std::numeric_limits<double>::infinity();
  for (Index i = 0; i < means.size(); ++i) {
    best_ = rows[static_cast<std::size_t>(i)] ? std::min(best_, means[i]) : best_;
  }
}

void Model::Solve(VectorXd outputs) {
  HONE_DCHECK(outputs.size() == n_, "one output for each point");
  outputs_ = std::move(outputs);
  alpha_ = outputs_;
  if (follows_.trend != nullptr) {
    alpha_ = (outputs_ - TrendOf(basis_)) / unit_;
  }
  L().triangularView<Eigen::Lower>().solveInPlace(alpha_);
  L().transpose().triangularView<Eigen::Upper>().solveInPlace(alpha_);
}

/// The weights are those of the kernel's noise; its unit is found before.
void Model::SetTrend(const VectorXd& outputs) {
  unit_ = RoughlyOf(basis_, outputs).unit;
  MatrixXd weighted = basis_ / unit_;
  L().triangularView<Eigen::Lower>().solveInPlace(weighted);
  L().transpose().triangularView<Eigen::Upper>().solveInPlace(weighted);
  weights_ = TrendWeights(basis_, weighted / unit_, outputs, follows_.shift);
  offset_ = (outputs - basis_ * weights_).mean();
}

VectorXd Model::TrendOf(const MatrixXd& basis) const {
  return (basis * weights_).array() + offset_;
}

void Model::Condition(const VectorXd& point, bool counts) {
  VectorXd outputs(n_ + 1);
  outputs.head(n_) = outputs_;
  outputs[n_] = Predict(point).mean[0];
  best_ = counts ? std::min(best_, outputs[n_]) : best_;
  Append(point);
  Solve(std::move(outputs));
}

Prediction Model::Predict(const MatrixXd& points) const {
  const MatrixXd z = embedding_.Map(hyper_, points);
  const VectorXd prior = Kernel().Variances(z);
  Device::Posterior found = PosteriorAt(z);
  Prediction prediction{std::move(found.mean),
                        (prior - found.explained).cwiseMax(kLeastVariance * prior).cwiseSqrt()};
  if (follows_.trend != nullptr) {
    prediction.mean = unit_ * prediction.mean + TrendOf(follows_.trend->At(points));
    prediction.sd *= unit_;
  }
  return prediction;
}

Device::Posterior Model::PosteriorAt(const MatrixXd& z) const {
  if (device_ != nullptr) {
    const Device::Known known{image_.leftCols(n_), L(), alpha_};
    if (auto found = device_->Predict(embedding_, hyper_, known, z)) {
      return *std::move(found);
    }
  }
  MatrixXd k = Kernel().Between(image_.leftCols(n_), z);
  Device::Posterior found;
  found.mean.noalias() = k.transpose() * alpha_;
  L().triangularView<Eigen::Lower>().solveInPlace(k);
  found.explained = k.colwise().squaredNorm().transpose();
  return found;
}

VectorXd Model::Means(const MatrixXd& points) const {
  return Kernel().Between(image_.leftCols(n_), embedding_.Map(hyper_, points)).transpose() * alpha_;
}

VectorXd Model::MeanSlopes(const VectorXd& point) const {
  const VectorXd z = embedding_.Map(hyper_, point);
  const VectorXd by_feature = Kernel().At(image_.leftCols(n_), z).slopes.transpose() * alpha_;
  const VectorXd du = embedding_.Slopes(hyper_, point);
  VectorXd slopes = VectorXd::Zero(point.size());
  for (Index f = 0; f < z.size(); ++f) {
    slopes[embedding_.owners()[static_cast<std::size_t>(f)]] += by_feature[f] * du[f];
  }
  return slopes;
}

VectorXd Model::FittedMeans() const {
  return outputs_ - unit_ * std::exp(hyper_.log_noise) * alpha_;
}

PointPrediction Model::PredictAt(const VectorXd& point) const {
  const VectorXd z = embedding_.Map(hyper_, point);
  const Covariance::WithPoint at = Kernel().At(image_.leftCols(n_), z);
  PointPrediction prediction;
  prediction.mean = at.values.dot(alpha_);
  VectorXd v = at.values;
  L().triangularView<Eigen::Lower>().solveInPlace(v);
  const double prior = Kernel().Variances(z)[0];
  const double variance = prior - v.squaredNorm();
  L().transpose().triangularView<Eigen::Upper>().solveInPlace(v);
  const VectorXd mean_z = at.slopes.transpose() * alpha_;
  const VectorXd variance_z = at.variance_slope - 2 * (at.slopes.transpose() * v);
  const VectorXd du = embedding_.Slopes(hyper_, point);
  prediction.sd = std::sqrt(std::max(variance, kLeastVariance * prior));
  prediction.mean_slope = VectorXd::Zero(point.size());
  prediction.sd_slope = VectorXd::Zero(point.size());
  for (Index f = 0; f < z.size(); ++f) {
    const Index d = embedding_.owners()[static_cast<std::size_t>(f)];
    prediction.mean_slope[d] += mean_z[f] * du[f];
    prediction.sd_slope[d] += variance_z[f] * du[f] / (2 * prediction.sd);
  }
  if (follows_.trend != nullptr) {
    prediction.mean = unit_ * prediction.mean + TrendOf(follows_.trend->At(point))[0];
    prediction.sd *= unit_;
    prediction.mean_slope =
        unit_ * prediction.mean_slope + follows_.trend->SlopesAt(point) * weights_;
    prediction.sd_slope *= unit_;
  }
  return prediction;
}

MatrixXd Model::Factor() const {
  return L();
}

}  // namespace hone::gp
