// SPDX-License-Identifier: Apache-2.0
#include "algorithms/other_choice.h"

#include <cstdlib>
#include <map>
#include <utility>

#include "tests/catch.h"

namespace hone {
namespace {

using gp::Dimensions;
using gp::VectorXd;
using Tried = std::multiset<VectorXd, Lexicographic>;

Rng Numbers(std::uint32_t stream) {
  return {7, Scope::Experiment(), Purpose::kSimulation, stream};
}

/// A number, a category of three, a category under the first of these, a number of two values on
/// which another one depends.
Dimensions MixedCube() {
  Dimensions dimensions(5);
  dimensions[1] = {.categorical = true, .values = {1.0 / 6, 0.5, 5.0 / 6}};
  dimensions[2] = {.categorical = true,
                   .values = {0.25, 0.75},
                   .parent = 1,
                   .active_values = {true, false, false}};
  dimensions[3].values = {0.25, 0.75};
  dimensions[4].parent = 3;
  dimensions[4].active_values = {true, false};
  return dimensions;
}

VectorXd Point(double word, double under, double parent) {
  VectorXd point(5);
  point << 0.3, word, under, parent, 0.4;
  return gp::Snapped(MixedCube(), point);
}

TEST_CASE("other choice: one that the best point does not have, rather what was seldom tried",
          "[algorithms]") {
  const VectorXd best = Point(0.5, 0.5, 0.25);
  Tried tried{best};
  for (int i = 0; i < 9; ++i) {
    tried.insert(Point(1.0 / 6, 0.25, 0.25));
  }
  std::map<std::pair<std::size_t, std::size_t>, int> counts;
  constexpr int kDraws = 2000;
  for (int i = 0; i < kDraws; ++i) {
    const auto choice =
        OtherChoice(MixedCube(), best, tried, Numbers(static_cast<std::uint32_t>(i)));
    REQUIRE(choice.has_value());
    CHECK_FALSE(choice->IsAt(MixedCube(), best));
    ++counts[{choice->dimension, choice->value}];
  }
  // Weights 1/10, 1 and 1; the category that is not active at the best point has none. Six standard
  // deviations of the counts are 57 and 134.
  REQUIRE(counts.size() == 3);
  CHECK(std::abs(counts[{1, 0}] - kDraws / 21) < 57);
  CHECK(std::abs(counts[{1, 2}] - kDraws * 10 / 21) < 134);
  CHECK(std::abs(counts[{3, 1}] - kDraws * 10 / 21) < 134);
}

TEST_CASE("other choice: a point has it only where it plays a role", "[algorithms]") {
  const Choice choice{2, 0};
  CHECK(choice.IsAt(MixedCube(), Point(1.0 / 6, 0.25, 0.25)));
  CHECK_FALSE(choice.IsAt(MixedCube(), Point(1.0 / 6, 0.75, 0.25)));
  CHECK_FALSE(choice.IsAt(MixedCube(), Point(0.5, 0.25, 0.25)));
}

TEST_CASE("other choice: a space of numbers has none", "[algorithms]") {
  const VectorXd best = VectorXd::Constant(3, 0.5);
  CHECK_FALSE(OtherChoice(Dimensions(3), best, {best}, Numbers(1)).has_value());
}

}  // namespace
}  // namespace hone
