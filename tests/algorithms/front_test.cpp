// SPDX-License-Identifier: Apache-2.0
#include "algorithms/pareto/front.h"

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

}  // namespace
}  // namespace hone::pareto
