// SPDX-License-Identifier: Apache-2.0
#include "algorithms/pareto/front.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.h"
#include "tests/catch.h"

namespace hone::pareto {
namespace {

/// The definition, word by word: front k is what nothing dominates once the fronts before it are
/// gone.
std::vector<std::size_t> RanksByDefinition(const std::vector<Losses>& points) {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> ranks(points.size(), kNone);
  for (std::size_t rank = 0, left = points.size(); left > 0; ++rank) {
    std::vector<std::size_t> front;
    for (std::size_t i = 0; i < points.size(); ++i) {
      bool dominated = ranks[i] != kNone;
      for (std::size_t j = 0; j < points.size(); ++j) {
        dominated = dominated || (ranks[j] == kNone && Dominates(points[j], points[i]));
      }
      if (!dominated) {
        front.push_back(i);
      }
    }
    for (const std::size_t i : front) {
      ranks[i] = rank;
    }
    left -= front.size();
  }
  return ranks;
}

TEST_CASE("pareto: what dominates", "[algorithms]") {
  CHECK(Dominates({1, 2}, {1, 3}));
  CHECK(Dominates({0, 0, 0}, {1, 1, 1}));
  CHECK_FALSE(Dominates({1, 2}, {1, 2}));
  CHECK_FALSE(Dominates({1, 3}, {2, 2}));
  CHECK_FALSE(Dominates({2, 2}, {1, 3}));
}

TEST_CASE("pareto: ranks are those of the definition, with ties", "[algorithms]") {
  for (std::uint32_t trial = 1; trial <= 60; ++trial) {
    Rng rng(7, Scope::Trial(trial), Purpose::kSimulation);
    const std::uint32_t objectives = 1 + rng.Below(4);
    const std::uint32_t levels = 2 + rng.Below(20);  // few levels: many equal values and points
    std::vector<Losses> points(1 + rng.Below(60), Losses(objectives));
    for (Losses& point : points) {
      for (double& loss : point) {
        loss = rng.Below(levels);
      }
    }
    const std::vector<std::size_t> expected = RanksByDefinition(points);
    CHECK(Ranks(points) == expected);
    std::vector<std::size_t> front;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (expected[i] == 0) {
        front.push_back(i);
      }
    }
    CHECK(Front(points) == front);
  }
  CHECK(Ranks({}).empty());
  CHECK(Front({}).empty());
}

TEST_CASE("pareto: crowding is the sum of gaps, the ends are infinite", "[algorithms]") {
  const std::vector<Losses> front = {{0, 10}, {1, 6}, {4, 1}, {5, 0}};
  const std::vector<double> distances = CrowdingDistances(front);
  CHECK(std::isinf(distances[0]));
  CHECK(std::isinf(distances[3]));
  CHECK_THAT(distances[1], Catch::Matchers::WithinAbs(4.0 / 5 + 9.0 / 10, 1e-12));
  CHECK_THAT(distances[2], Catch::Matchers::WithinAbs(4.0 / 5 + 6.0 / 10, 1e-12));
  const std::vector<Losses> equal(3, {1, 1});
  const std::vector<double> of_equal = CrowdingDistances(equal);
  CHECK(of_equal[1] == 0);  // no width: no gap
  CHECK(CrowdingDistances({}).empty());
}

TEST_CASE("pareto: the elite is whole fronts and the least crowded of the next", "[algorithms]") {
  // Front 0: the first two; front 1: four points on a line, of which {4, 5.9} is most crowded.
  const std::vector<Losses> points = {{0, 1}, {1, 0}, {2, 8}, {4, 6}, {4.1, 5.9}, {8, 2}};
  CHECK(Elite(points, 0).empty());
  CHECK(Elite(points, 2) == std::vector<std::size_t>{0, 1});
  CHECK(Elite(points, 4) == std::vector<std::size_t>{0, 1, 2, 5});
  CHECK(Elite(points, 5).size() == 5);
  CHECK(Elite(points, 6) == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
  for (std::uint32_t trial = 1; trial <= 30; ++trial) {
    Rng rng(8, Scope::Trial(trial), Purpose::kSimulation);
    std::vector<Losses> drawn(1 + rng.Below(40), Losses(2));
    for (Losses& point : drawn) {
      point = {1.0 * rng.Below(9), 1.0 * rng.Below(9)};
    }
    const std::size_t count = rng.Below(static_cast<std::uint32_t>(drawn.size()) + 1);
    const std::vector<std::size_t> elite = Elite(drawn, count);
    CHECK(elite.size() == count);
    const std::vector<std::size_t> ranks = RanksByDefinition(drawn);
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      const bool chosen = std::ranges::binary_search(elite, i);
      for (const std::size_t other : elite) {
        CHECK((chosen || ranks[other] <= ranks[i]));  // nobody of a later front was preferred
      }
    }
  }
}

}  // namespace
}  // namespace hone::pareto
