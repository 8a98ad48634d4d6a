// SPDX-License-Identifier: Apache-2.0
#include "algorithms/likeness.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace hone {
namespace {

// What a task that a person names is taken for before the first result, and how many results that
// guess weighs.
constexpr double kGuess = 0.5;
constexpr double kWeightOfGuess = 5;

/// Ranks less their mean.
Eigen::ArrayXd CentredRanks(std::span<const double> values) {
  const std::size_t n = values.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i]; });
  Eigen::ArrayXd ranks(static_cast<Eigen::Index>(n));
  for (std::size_t first = 0; first < n;) {
    std::size_t last = first;
    while (last + 1 < n && values[order[last + 1]] == values[order[first]]) {
      ++last;
    }
    for (std::size_t i = first; i <= last; ++i) {
      ranks[static_cast<Eigen::Index>(order[i])] = 0.5 * static_cast<double>(first + last);
    }
    first = last + 1;
  }
  return ranks - 0.5 * (static_cast<double>(n) - 1);
}

}  // namespace

double Likeness(std::span<const double> expected, std::span<const double> found) {
  double correlation = 0;
  if (!found.empty()) {
    const Eigen::ArrayXd a = CentredRanks(expected);
    const Eigen::ArrayXd b = CentredRanks(found);
    const double spread = std::sqrt(a.square().sum() * b.square().sum());
    correlation = spread > 0 ? (a * b).sum() / spread : 0;
  }
  const auto n = static_cast<double>(found.size());
  return std::max(0.0, (kWeightOfGuess * kGuess + n * correlation) / (kWeightOfGuess + n));
}

}  // namespace hone
