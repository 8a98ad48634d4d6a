// SPDX-License-Identifier: Apache-2.0
#include "algorithms/sampling/kernels.h"

#include <algorithm>
#include <vector>

namespace hone::sampling {
namespace {

using Eigen::Index;

constexpr std::size_t kFullWeight = 25;

}  // namespace

Eigen::ArrayXd WeightsByAge(std::size_t n) {
  Eigen::ArrayXd weights = Eigen::ArrayXd::Ones(static_cast<Index>(n));
  if (n > kFullWeight) {
    const auto old = static_cast<Index>(n - kFullWeight);
    weights.head(old) = Eigen::ArrayXd::LinSpaced(old, 1.0 / static_cast<double>(n), 1.0);
  }
  return weights;
}

Eigen::ArrayXd NeighbourSpreads(const Eigen::ArrayXd& points, double prior_mean) {
  std::vector<double> sorted(points.begin(), points.end());
  sorted.push_back(prior_mean);
  sorted.push_back(0);
  sorted.push_back(1);
  std::ranges::sort(sorted);
  Eigen::ArrayXd spreads(points.size());
  for (Index i = 0; i < points.size(); ++i) {
    const auto at = std::ranges::lower_bound(sorted, points[i]) - sorted.begin();
    const double below = at > 0 ? points[i] - sorted[static_cast<std::size_t>(at) - 1] : 0;
    const auto next = static_cast<std::size_t>(at) + 1;
    const double above = next < sorted.size() ? sorted[next] - points[i] : 0;
    spreads[i] = std::max(below, above);
  }
  return spreads;
}

}  // namespace hone::sampling
