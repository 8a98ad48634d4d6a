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
  struct Entry {
    double value;
    Index point;  // -1: none
  };
  std::vector<Entry> sorted{{prior_mean, -1}, {0, -1}, {1, -1}};
  for (Index i = 0; i < points.size(); ++i) {
    sorted.push_back({points[i], i});
  }
  std::ranges::sort(sorted, {}, &Entry::value);
  Eigen::ArrayXd spreads(points.size());
  for (std::size_t begin = 0; begin < sorted.size();) {
    const double value = sorted[begin].value;
    std::size_t end = begin + 1;
    while (end < sorted.size() && sorted[end].value == value) {
      ++end;
    }
    const double below = begin > 0 ? value - sorted[begin - 1].value : 0;
    const bool alone = end == begin + 1;
    const double above = alone && end < sorted.size() ? sorted[end].value - value : 0;
    for (; begin < end; ++begin) {
      if (sorted[begin].point >= 0) {
        spreads[sorted[begin].point] = std::max(below, above);
      }
    }
  }
  return spreads;
}

}  // namespace hone::sampling
