// SPDX-License-Identifier: Apache-2.0
#include "algorithms/sampling/kernels.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace hone::sampling {
namespace {

using Eigen::Index;

constexpr std::size_t kFullWeight = 25;

}  // namespace

void Insert(std::vector<Placed>& placed, Placed one) {
  placed.insert(std::ranges::upper_bound(placed, one.value, {}, &Placed::value), one);
}

Eigen::ArrayXd WeightsByAge(std::size_t n) {
  Eigen::ArrayXd weights = Eigen::ArrayXd::Ones(static_cast<Index>(n));
  if (n > kFullWeight) {
    const auto old = static_cast<Index>(n - kFullWeight);
    weights.head(old) = Eigen::ArrayXd::LinSpaced(old, 1.0 / static_cast<double>(n), 1.0);
  }
  return weights;
}

Eigen::ArrayXd NeighbourSpreads(const Eigen::ArrayXd& points, double prior_mean) {
  std::vector<Placed> placed;
  for (Index i = 0; i < points.size(); ++i) {
    placed.push_back({points[i], i});
  }
  std::ranges::sort(placed, {}, &Placed::value);
  return NeighbourSpreads(std::move(placed), prior_mean);
}

Eigen::ArrayXd NeighbourSpreads(std::vector<Placed> placed, double prior_mean) {
  Eigen::ArrayXd spreads(static_cast<Index>(placed.size()));
  for (const double value : {prior_mean, 0.0, 1.0}) {
    Insert(placed, {value, -1});
  }
  for (std::size_t begin = 0; begin < placed.size();) {
    const double value = placed[begin].value;
    std::size_t end = begin + 1;
    while (end < placed.size() && placed[end].value == value) {
      ++end;
    }
    const double below = begin > 0 ? value - placed[begin - 1].value : 0;
    const bool alone = end == begin + 1;
    const double above = alone && end < placed.size() ? placed[end].value - value : 0;
    for (; begin < end; ++begin) {
      if (placed[begin].point >= 0) {
        spreads[placed[begin].point] = std::max(below, above);
      }
    }
  }
  return spreads;
}

}  // namespace hone::sampling
