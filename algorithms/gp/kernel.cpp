// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/kernel.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hone::gp {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;

// Away from the ends, where the warp's slope is infinite or nothing.
constexpr double kEnd = 1e-6;

double Inside(double u) {
  return std::clamp(u, kEnd, 1 - kEnd);
}

ArrayXd Inside(const ArrayXd& u) {
  return u.max(kEnd).min(1 - kEnd);
}

/// Of many numbers. Powers are exponentials of logarithms here: those are made several at a time.
ArrayXd Warp(double log_a, double log_b, const ArrayXd& u) {
  if (log_a == 0 && log_b == 0) {
    return u;
  }
  const ArrayXd power = (std::exp(log_a) * Inside(u).log()).exp();
  return 1 - (std::exp(log_b) * (1 - power).log()).exp();
}

double WarpSlope(double log_a, double log_b, double u) {
  if (log_a == 0 && log_b == 0) {
    return 1;
  }
  const double a = std::exp(log_a);
  const double b = std::exp(log_b);
  const double inside = Inside(u);
  return a * b * std::pow(inside, a - 1) * std::pow(1 - std::pow(inside, a), b - 1);
}

constexpr double kAngle = std::numbers::pi / 2;

}  // namespace

Embedding::Embedding(Dimensions dimensions, const Priors& priors)
    : dimensions_(std::move(dimensions)), priors_(priors) {
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    first_.push_back(features_);
    Index count = dimension.parent ? 2 : 1;
    if (dimension.categorical) {
      count = static_cast<Index>(dimension.values.size());
    }
    if (count == 1 && !dimension.categorical) {
      plain_.push_back(features_);
    }
    owners_.insert(owners_.end(), static_cast<std::size_t>(count), static_cast<Index>(d));
    features_ += count;
    conditional_ = conditional_ || dimension.parent.has_value();
  }
}

bool Embedding::IsWarped(std::size_t d) const {
  return !IsChoice(dimensions_[d]) && !dimensions_[d].parent;
}

MatrixXd Embedding::Map(const Hyper& hyper, const MatrixXd& points) const {
  MatrixXd image = MatrixXd::Zero(features_, points.cols());
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    MapAlong(d, hyper, points.row(static_cast<Index>(d)).transpose(), image);
  }
  for (Index i = 0; conditional_ && i < points.cols(); ++i) {
    ClearInactive(points.col(i), image.col(i));
  }
  return image;
}

void Embedding::ClearInactive(const VectorXd& point, Eigen::Ref<VectorXd> image) const {
  const std::vector<bool> active = ActiveAt(dimensions_, point);
  for (std::size_t f = 0; f < owners_.size(); ++f) {
    if (!active[static_cast<std::size_t>(owners_[f])]) {
      image[static_cast<Index>(f)] = 0;
    }
  }
}

/// Of one dimension, as if it were active everywhere. @param u  shape (points)
void Embedding::MapAlong(std::size_t d, const Hyper& hyper, const ArrayXd& u,
                         MatrixXd& image) const {
  const Dimension& dimension = dimensions_[d];
  const auto row = static_cast<Index>(d);
  const double weight = std::exp(-hyper.log_length[row]);
  if (dimension.categorical) {
    for (Index i = 0; i < u.size(); ++i) {
      image(first_[d] + static_cast<Index>(NearestValue(dimension, u[i])), i) =
          weight * std::numbers::sqrt2 / 2;
    }
  } else if (dimension.parent) {
    image.row(first_[d]) = (weight / kAngle * (kAngle * u).sin()).matrix().transpose();
    image.row(first_[d] + 1) = (weight / kAngle * (kAngle * u).cos()).matrix().transpose();
  } else {
    image.row(first_[d]) =
        (weight * Warp(hyper.log_a[row], hyper.log_b[row], u)).matrix().transpose();
  }
}

VectorXd Embedding::Slopes(const Hyper& hyper, const VectorXd& point) const {
  VectorXd slopes = VectorXd::Zero(features_);
  const std::vector<bool> active = ActiveAt(dimensions_, point);
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    if (dimensions_[d].categorical || !active[d]) {
      continue;
    }
    const auto row = static_cast<Index>(d);
    const double weight = std::exp(-hyper.log_length[row]);
    const double u = point[row];
    if (dimensions_[d].parent) {
      slopes[first_[d]] = weight * std::cos(kAngle * u);
      slopes[first_[d] + 1] = -weight * std::sin(kAngle * u);
    } else {
      slopes[first_[d]] = weight * WarpSlope(hyper.log_a[row], hyper.log_b[row], u);
    }
  }
  return slopes;
}

std::pair<ArrayXd, ArrayXd> Embedding::WarpSlopes(const Hyper& hyper, Index d, const ArrayXd& u) {
  const double a = std::exp(hyper.log_a[d]);
  const double b = std::exp(hyper.log_b[d]);
  const double weight = std::exp(-hyper.log_length[d]);
  const ArrayXd log_inside = Inside(u).log();
  const ArrayXd p = (a * log_inside).exp();
  const ArrayXd log_rest = (1 - p).log();
  const ArrayXd power = (b * log_rest).exp();  // (1 - p)^b
  return {weight * a * b * power / (1 - p) * p * log_inside, -weight * b * power * log_rest};
}

MatrixXd SquaredDistances(const MatrixXd& a, const MatrixXd& b) {
  MatrixXd r2(a.cols(), b.cols());
  r2.noalias() = -2 * a.transpose() * b;
  r2.colwise() += a.colwise().squaredNorm().transpose();
  r2.rowwise() += b.colwise().squaredNorm();
  return r2.cwiseMax(0);
}

void Matern52(double scale, MatrixXd& r2, MatrixXd* slope) {
  const double root5 = std::sqrt(5.0);
  // Column by column, so that a column stays in the cache.
  if (slope != nullptr) {
    slope->resize(r2.rows(), r2.cols());
  }
  Eigen::ArrayXd r(r2.rows());
  Eigen::ArrayXd e(r2.rows());
  for (Index j = 0; j < r2.cols(); ++j) {
    r = root5 * r2.col(j).array().sqrt();
    e = scale * (-r).exp();
    if (slope != nullptr) {
      slope->col(j).array() = (-5.0 / 6.0) * (1 + r) * e;
    }
    r2.col(j).array() = (1 + r + r.square() / 3) * e;
  }
}

}  // namespace hone::gp
