// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/covariance.h"

#include <cmath>
#include <utility>

namespace hone::gp {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;

constexpr double kSlope = -5.0 / 6.0;  // of Matern 5/2 by r^2, at r = 0

/// Numbers whose distances have a Matern 5/2. The exponential of a difference is a product, so
/// there is one of each number instead of one of each pair. Images are below 1 / 0.02 (the bound of
/// lengthscales), so nothing overflows.
class Line {
 public:
  explicit Line(ArrayXd at)
      : at_(std::sqrt(5.0) * std::move(at)), up_(at_.exp()), down_(up_.inverse()) {}

  [[nodiscard]] Index size() const { return at_.size(); }
  /// Root 5 times the distances from number `from` on to another line's number j.
  [[nodiscard]] auto Distances(Index from, const Line& other, Index j) const {
    return (at_.tail(size() - from) - other.at_[j]).abs();
  }
  /// The exponentials of minus those.
  [[nodiscard]] auto Decays(Index from, const Line& other, Index j) const {
    const Index count = size() - from;
    return (up_.tail(count) * other.down_[j]).min(down_.tail(count) * other.up_[j]);
  }

 private:
  ArrayXd at_;
  ArrayXd up_;
  ArrayXd down_;
};

auto Matern(const ArrayXd& r, const ArrayXd& decay) {
  return (1 + r + r.square() / 3) * decay;
}

void AddAlongLine(const Line& a, const Line& b, MatrixXd& sum) {
  ArrayXd r(a.size());
  ArrayXd decay(a.size());
  for (Index j = 0; j < b.size(); ++j) {
    r = a.Distances(0, b, j);
    decay = a.Decays(0, b, j);
    sum.col(j).array() += Matern(r, decay);
  }
}

/// Of a line with itself, the lower triangle only.
void AddAlongLine(const Line& line, MatrixXd& sum) {
  const Index n = line.size();
  ArrayXd r(n);
  ArrayXd decay(n);
  for (Index j = 0; j < n; ++j) {
    const Index count = n - j;
    r.head(count) = line.Distances(j, line, j);
    decay.head(count) = line.Decays(j, line, j);
    const auto there = r.head(count);
    sum.col(j).tail(count).array() += (1 + there + there.square() / 3) * decay.head(count);
  }
}

/// Derivatives of the sum of w * m by the numbers, w symmetric: each pair once.
ArrayXd SlopesAlongLine(const Line& line, const ArrayXd& at, const MatrixXd& w) {
  const Index n = line.size();
  ArrayXd slopes = ArrayXd::Zero(n);
  ArrayXd r(n);
  ArrayXd decay(n);
  ArrayXd pull(n);
  for (Index j = 0; j + 1 < n; ++j) {
    const Index count = n - j - 1;
    r.head(count) = line.Distances(j + 1, line, j);
    decay.head(count) = line.Decays(j + 1, line, j);
    pull.head(count) = 4 * kSlope * w.col(j).tail(count).array() * (1 + r.head(count)) *
                       decay.head(count) * (at.tail(count) - at[j]);
    slopes.tail(count) += pull.head(count);
    slopes[j] -= pull.head(count).sum();
  }
  return slopes;
}

}  // namespace

double Covariance::LengthOf(Index feature) const {
  return std::exp(hyper_.log_length[embedding_.owners()[static_cast<std::size_t>(feature)]]);
}

MatrixXd Covariance::Centred(const MatrixXd& image) const {
  const std::vector<Index>& plain = embedding_.plain();
  MatrixXd centred(std::ssize(plain), image.cols());
  for (Index k = 0; k < centred.rows(); ++k) {
    const Index f = plain[static_cast<std::size_t>(k)];
    centred.row(k) = image.row(f).array() * LengthOf(f) - 0.5;
  }
  return centred;
}

/// The mean of m(r_d) over the dimensions.
MatrixXd Covariance::Additive(const MatrixXd& a, const MatrixXd& b) const {
  const std::size_t count = embedding_.dimensions().size();
  MatrixXd sum = MatrixXd::Zero(a.cols(), b.cols());
  for (std::size_t d = 0; d < count; ++d) {
    const auto [first, rows] = embedding_.FeaturesOf(d);
    if (rows == 1) {
      AddAlongLine(Line(a.row(first).transpose()), Line(b.row(first).transpose()), sum);
    } else {
      MatrixXd m = SquaredDistances(a.middleRows(first, rows), b.middleRows(first, rows));
      Matern52(1, m, nullptr);
      sum += m;
    }
  }
  return sum / static_cast<double>(count);
}

MatrixXd Covariance::AdditiveSlopes(const MatrixXd& image, const MatrixXd& w) const {
  const std::size_t count = embedding_.dimensions().size();
  MatrixXd slopes(image.rows(), image.cols());
  for (std::size_t d = 0; d < count; ++d) {
    const auto [first, rows] = embedding_.FeaturesOf(d);
    if (rows == 1) {
      const ArrayXd at = image.row(first).transpose();
      slopes.row(first) = SlopesAlongLine(Line(at), at, w).matrix().transpose();
      continue;
    }
    const MatrixXd z = image.middleRows(first, rows);
    MatrixXd m = SquaredDistances(z, z);
    MatrixXd slope;
    Matern52(1, m, &slope);
    m = 4 * w.cwiseProduct(slope);
    slopes.middleRows(first, rows) = z * m.rowwise().sum().asDiagonal();
    slopes.middleRows(first, rows).noalias() -= z * m;
  }
  return slopes / static_cast<double>(count);
}

/// The same of columns with themselves: half the work.
MatrixXd Covariance::Additive(const MatrixXd& image) const {
  const std::size_t count = embedding_.dimensions().size();
  MatrixXd sum = MatrixXd::Zero(image.cols(), image.cols());
  for (std::size_t d = 0; d < count; ++d) {
    const auto [first, rows] = embedding_.FeaturesOf(d);
    if (rows == 1) {
      AddAlongLine(Line(image.row(first).transpose()), sum);
    } else {
      const MatrixXd z = image.middleRows(first, rows);
      MatrixXd m = SquaredDistances(z, z);
      m.diagonal().setZero();
      Matern52(1, m, nullptr);
      sum += m;
    }
  }
  sum.triangularView<Eigen::StrictlyUpper>() = sum.transpose();
  return sum / static_cast<double>(count);
}

Covariance::Parts Covariance::PartsOf(const MatrixXd& image, bool slope) const {
  Parts parts;
  parts.product = SquaredDistances(image, image);
  parts.product.diagonal().setZero();
  Matern52(1, parts.product, slope ? &parts.product_slope : nullptr);
  if (hyper_.additive > 0) {
    parts.additive = Additive(image);
  }
  if (hyper_.linear > 0) {
    const MatrixXd centred = Centred(image);
    parts.linear.noalias() = centred.transpose() * centred;
  }
  return parts;
}

MatrixXd Covariance::Sum(const Parts& parts) const {
  const double scale = std::exp(hyper_.log_scale);
  MatrixXd sum = (scale * (1 - hyper_.additive) * parts.product.array() + kMeanVariance).matrix();
  if (parts.additive.size() > 0) {
    sum += scale * hyper_.additive * parts.additive;
  }
  if (parts.linear.size() > 0) {
    sum += hyper_.linear * parts.linear;
  }
  return sum;
}

MatrixXd Covariance::Between(const MatrixXd& a, const MatrixXd& b) const {
  Parts parts;
  parts.product = SquaredDistances(a, b);
  Matern52(1, parts.product, nullptr);
  if (hyper_.additive > 0) {
    parts.additive = Additive(a, b);
  }
  if (hyper_.linear > 0) {
    parts.linear.noalias() = Centred(a).transpose() * Centred(b);
  }
  return Sum(parts);
}

VectorXd Covariance::Variances(const MatrixXd& image) const {
  VectorXd variances = VectorXd::Constant(image.cols(), std::exp(hyper_.log_scale) + kMeanVariance);
  if (hyper_.linear > 0) {
    variances += hyper_.linear * Centred(image).colwise().squaredNorm().transpose();
  }
  return variances;
}

Covariance::WithPoint Covariance::At(const MatrixXd& image, const VectorXd& z) const {
  const double scale = std::exp(hyper_.log_scale);
  const Index n = image.cols();
  WithPoint at;
  at.variance_slope = VectorXd::Zero(z.size());
  // (z - z_i), points in rows, so that features are columns in memory.
  const MatrixXd apart = (-image.transpose()).rowwise() + z.transpose();
  MatrixXd product = apart.rowwise().squaredNorm();
  MatrixXd slope;
  Matern52(1, product, &slope);
  at.values = scale * (1 - hyper_.additive) * product.col(0);
  at.values.array() += kMeanVariance;
  at.slopes = (2 * scale * (1 - hyper_.additive) * slope.col(0)).asDiagonal() * apart;
  if (hyper_.additive > 0) {
    const std::size_t count = embedding_.dimensions().size();
    const double share = scale * hyper_.additive / static_cast<double>(count);
    MatrixXd m(n, 1);
    for (std::size_t d = 0; d < count; ++d) {
      const auto [first, columns] = embedding_.FeaturesOf(d);
      m = apart.middleCols(first, columns).rowwise().squaredNorm();
      Matern52(share, m, &slope);
      at.values += m.col(0);
      for (Index f = first; f < first + columns; ++f) {
        at.slopes.col(f).array() += 2 * slope.col(0).array() * apart.col(f).array();
      }
    }
  }
  if (hyper_.linear > 0) {
    const MatrixXd there = Centred(image);
    const MatrixXd here = Centred(z);
    at.values.noalias() += hyper_.linear * (there.transpose() * here);
    for (Index k = 0; k < there.rows(); ++k) {
      const Index f = embedding_.plain()[static_cast<std::size_t>(k)];
      const double factor = hyper_.linear * LengthOf(f);
      at.slopes.col(f) += factor * there.row(k).transpose();
      at.variance_slope[f] = 2 * factor * here(k, 0);
    }
  }
  return at;
}

}  // namespace hone::gp
