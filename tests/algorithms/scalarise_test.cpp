// SPDX-License-Identifier: Apache-2.0
#include "algorithms/pareto/scalarise.h"

#include <algorithm>
#include <numeric>

#include "tests/catch.h"

namespace hone::pareto {
namespace {

std::size_t Lowest(const std::vector<Losses>& losses, const std::vector<double>& weights) {
  const std::vector<double> values = Scalarise(losses, weights);
  return static_cast<std::size_t>(std::ranges::min_element(values) - values.begin());
}

TEST_CASE("scalarise: each point of a front is the lowest for some weights, others for none",
          "[algorithms]") {
  // A concave front, which no sum of objectives finds; the scales differ by far.
  const std::vector<Losses> losses = {{0, 1e6}, {6, 8e5}, {8, 6e5}, {10, 0}, {9, 9e5}, {1e9, 1e9}};
  std::vector<std::size_t> hits(losses.size());
  for (int i = 1; i < 200; ++i) {
    const double weight = i / 200.0;
    ++hits[Lowest(losses, {weight, 1 - weight})];
  }
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    CHECK(hits[i] > 10);
  }
  CHECK(hits[4] + hits[5] == 0);
}

TEST_CASE("scalarise: a front of one value, and points that are all equal", "[algorithms]") {
  CHECK(Lowest({{1, 1}, {2, 1}, {1, 5}}, {0.5, 0.5}) == 0);
  const std::vector<double> values =
      Scalarise(std::vector<Losses>{{3, 3}, {3, 3}}, std::vector{0.3, 0.7});
  CHECK(values == std::vector<double>{0, 0});
}

TEST_CASE("scalarise: weights are positive, add up to one and cover the simplex", "[algorithms]") {
  std::vector<double> means(3);
  constexpr int kDraws = 3000;
  for (int i = 0; i < kDraws; ++i) {
    Rng rng(7, Scope::Trial(static_cast<std::uint32_t>(i)), Purpose::kSample);
    const std::vector<double> weights = DrawWeights(3, rng);
    CHECK(std::accumulate(weights.begin(), weights.end(), 0.0) == Approx(1));
    for (std::size_t k = 0; k < 3; ++k) {
      REQUIRE(weights[k] > 0);
      means[k] += weights[k] / kDraws;
    }
  }
  for (const double mean : means) {
    CHECK(mean == Approx(1.0 / 3).margin(0.02));
  }
}

}  // namespace
}  // namespace hone::pareto
