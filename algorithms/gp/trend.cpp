// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/trend.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace hone::gp {
namespace {

using Eigen::Index;

// The prior of a weight.
constexpr double kMean = 0.5;
constexpr double kPrecision = 4;
// What a trend leaves over is never taken for smaller than this part of the outputs' spread: a few
// results that happen to fit prove nothing.
constexpr double kLeastUnit = 0.3;
constexpr int kSweeps = 50;

}  // namespace

MatrixXd Trend::At(const MatrixXd& points) const {
  MatrixXd values(points.cols(), size());
  for (Index k = 0; k < size(); ++k) {
    values.col(k) = known_[static_cast<std::size_t>(k)].Means(points);
  }
  return values;
}

MatrixXd Trend::SlopesAt(const VectorXd& point) const {
  MatrixXd slopes(point.size(), size());
  for (Index k = 0; k < size(); ++k) {
    slopes.col(k) = known_[static_cast<std::size_t>(k)].MeanSlopes(point);
  }
  return slopes;
}

/// The minimum of w' A w / 2 - c' w over w >= 0, coordinate by coordinate.
VectorXd TrendWeights(const MatrixXd& basis, const MatrixXd& weighted, const VectorXd& outputs,
                      const VectorXd& shift) {
  MatrixXd a = basis.transpose() * weighted;
  a.diagonal().array() += kPrecision;
  VectorXd c = (weighted.transpose() * outputs).array() + kPrecision * kMean;
  if (!shift.isZero(0)) {
    c += Eigen::LLT<MatrixXd>(a).matrixL() * shift;
  }
  VectorXd w = VectorXd::Zero(c.size());
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (Index k = 0; k < w.size(); ++k) {
      w[k] = std::max(0.0, w[k] + (c[k] - a.row(k).dot(w)) / a(k, k));
    }
  }
  return w;
}

RoughTrend RoughlyOf(const MatrixXd& basis, const VectorXd& outputs) {
  const MatrixXd centred = basis.rowwise() - basis.colwise().mean();
  RoughTrend trend;
  trend.weights = TrendWeights(basis, centred, outputs, VectorXd::Zero(basis.cols()));
  VectorXd rest = outputs - basis * trend.weights;
  trend.offset = rest.mean();
  rest.array() -= trend.offset;
  const double spread = std::sqrt(rest.squaredNorm() / static_cast<double>(rest.size()));
  trend.unit = std::clamp(spread, kLeastUnit, 1.0);
  return trend;
}

}  // namespace hone::gp
