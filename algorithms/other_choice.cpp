// SPDX-License-Identifier: Apache-2.0
#include "algorithms/other_choice.h"

#include <algorithm>
#include <vector>

namespace hone {
namespace {

using Eigen::Index;
using gp::Dimension;
using gp::Dimensions;
using gp::VectorXd;

bool IsChosen(const Dimensions& dimensions, std::size_t d) {
  return dimensions[d].categorical ||
         std::ranges::any_of(dimensions, [d](const Dimension& other) { return other.parent == d; });
}

std::size_t ValueAt(const Dimensions& dimensions, const VectorXd& point, std::size_t d) {
  return gp::NearestValue(dimensions[d], point[static_cast<Index>(d)]);
}

}  // namespace

bool Choice::IsAt(const Dimensions& dimensions, const VectorXd& point) const {
  return ValueAt(dimensions, point, dimension) == value &&
         gp::ActiveAt(dimensions, point)[dimension];
}

std::optional<Choice> OtherChoice(const Dimensions& dimensions, const VectorXd& best,
                                  const std::multiset<VectorXd, Lexicographic>& tried, Rng rng) {
  const std::vector<bool> active = gp::ActiveAt(dimensions, best);
  std::vector<Choice> others;
  std::vector<double> weights;
  double total = 0;
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    if (!active[d] || !IsChosen(dimensions, d)) {
      continue;
    }
    std::vector<std::size_t> counts(dimensions[d].values.size());
    for (const VectorXd& point : tried) {
      ++counts[ValueAt(dimensions, point, d)];
    }
    for (std::size_t value = 0; value < counts.size(); ++value) {
      if (value != ValueAt(dimensions, best, d)) {
        others.push_back({d, value});
        weights.push_back(1 / static_cast<double>(1 + counts[value]));
        total += weights.back();
      }
    }
  }
  if (others.empty()) {
    return std::nullopt;
  }
  double draw = total * rng.Uniform();
  std::size_t chosen = 0;
  while (chosen + 1 < others.size() && draw >= weights[chosen]) {
    draw -= weights[chosen++];
  }
  return others[chosen];
}

}  // namespace hone
