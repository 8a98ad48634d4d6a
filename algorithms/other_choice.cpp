// SPDX-License-Identifier: Apache-2.0
#include "algorithms/other_choice.h"

#include <vector>

namespace hone {
namespace {

using Eigen::Index;
using gp::Dimensions;
using gp::VectorXd;

bool IsChosen(const Dimensions& dimensions, std::size_t d) {
  return dimensions[d].categorical || gp::HasChildren(dimensions, d);
}

std::size_t ValueAt(const Dimensions& dimensions, const VectorXd& point, std::size_t d) {
  return gp::NearestValue(dimensions[d], point[static_cast<Index>(d)]);
}

/// A choice and how likely it is to be drawn, up to a factor.
struct Weighed {
  Choice choice;
  double weight = 0;
};

/// All values of a dimension but that of the best point.
void AddOthers(const Dimensions& dimensions, std::size_t d, const VectorXd& best,
               const std::multiset<VectorXd, Lexicographic>& tried, std::vector<Weighed>& others) {
  std::vector<std::size_t> counts(dimensions[d].values.size());
  for (const VectorXd& point : tried) {
    ++counts[ValueAt(dimensions, point, d)];
  }
  for (std::size_t value = 0; value < counts.size(); ++value) {
    if (value != ValueAt(dimensions, best, d)) {
      others.push_back({{d, value}, 1 / static_cast<double>(1 + counts[value])});
    }
  }
}

}  // namespace

bool Choice::IsAt(const Dimensions& dimensions, const VectorXd& point) const {
  return ValueAt(dimensions, point, dimension) == value &&
         gp::ActiveAt(dimensions, point)[dimension];
}

std::optional<Choice> OtherChoice(const Dimensions& dimensions, const VectorXd& best,
                                  const std::multiset<VectorXd, Lexicographic>& tried, Rng rng) {
  const std::vector<bool> active = gp::ActiveAt(dimensions, best);
  std::vector<Weighed> others;
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    if (active[d] && IsChosen(dimensions, d)) {
      AddOthers(dimensions, d, best, tried, others);
    }
  }
  if (others.empty()) {
    return std::nullopt;
  }
  double total = 0;
  for (const Weighed& other : others) {
    total += other.weight;
  }
  double draw = total * rng.Uniform();
  std::size_t chosen = 0;
  while (chosen + 1 < others.size() && draw >= others[chosen].weight) {
    draw -= others[chosen++].weight;
  }
  return others[chosen].choice;
}

}  // namespace hone
