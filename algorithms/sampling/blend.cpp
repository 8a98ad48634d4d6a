// SPDX-License-Identifier: Apache-2.0
#include "algorithms/sampling/blend.h"

#include <cmath>

namespace hone::sampling {

using Eigen::Index;

Eigen::ArrayXd Blend::LogDensity(const Eigen::ArrayXXd& x) const {
  if (others_.empty()) {
    return first_.LogDensity(x);
  }
  Eigen::ArrayXXd logs(x.rows(), std::ssize(others_) + 1);
  logs.col(0) = first_.LogDensity(x) + std::log(weight_ / total_);
  for (std::size_t k = 0; k < others_.size(); ++k) {
    logs.col(static_cast<Index>(k) + 1) =
        others_[k].mixture->LogDensity(x) + std::log(others_[k].weight / total_);
  }
  const Eigen::ArrayXd top = logs.rowwise().maxCoeff();
  return top + (logs.colwise() - top).exp().rowwise().sum().log();
}

Eigen::ArrayXXd Blend::Sample(Index count, Rng& rng) const {
  if (others_.empty()) {
    return first_.Sample(count, rng);
  }
  Index own = 0;
  std::vector<Index> shares(others_.size(), 0);
  for (Index j = 0; j < count; ++j) {
    double at = rng.Uniform() * total_ - weight_;
    std::size_t k = 0;
    while (at >= 0 && k + 1 < others_.size() && at >= others_[k].weight) {
      at -= others_[k++].weight;
    }
    ++(at < 0 ? own : shares[k]);
  }
  Eigen::ArrayXXd points = first_.Sample(own, rng);
  for (std::size_t k = 0; k < others_.size(); ++k) {
    const Eigen::ArrayXXd more = others_[k].mixture->Sample(shares[k], rng);
    points.conservativeResize(points.rows() + more.rows(), Eigen::NoChange);
    points.bottomRows(more.rows()) = more;
  }
  return points;
}

}  // namespace hone::sampling
