// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <vector>

#include "algorithms/cma/normals.h"
#include "tests/catch.h"

namespace hone::cma {
namespace {

Rng Stream(std::uint64_t seed) {
  return {seed, Scope::Experiment(), Purpose::kSimulation};
}

std::vector<double> Filled(std::uint64_t seed, std::size_t count) {
  Rng rng = Stream(seed);
  std::vector<double> numbers(count);
  FillNormals(rng, numbers);
  return numbers;
}

TEST_CASE("cma normals: many blocks at a time are those of Philox one by one", "[algorithms]") {
  const std::array<std::uint32_t, 2> key{0xa4093822, 0x299f31d0};
  const std::array<std::uint32_t, 3> place{0x243f6a88, 0x85a308d3, 0x13198a2e};
  for (const std::size_t count : {1U, 2U, 15U, 16U, 17U, 100U}) {
    std::vector<std::uint64_t> words(count);
    const std::uint32_t first = 0xfffffffa;  // the counter of blocks turns over
    FillWords(key, place, first, words);
    for (std::size_t i = 0; i < count; ++i) {
      const auto number = static_cast<std::uint32_t>(first + i / 2);
      const auto block = Philox4x32({place[0], place[1], place[2], number}, key);
      const std::size_t half = 2 * (i % 2);
      REQUIRE(words[i] == (std::uint64_t{block[half]} << 32U | block[half + 1]));
    }
  }
}

TEST_CASE("cma normals: the same generator gives the same numbers, another one others",
          "[algorithms]") {
  CHECK(Filled(1, 1000) == Filled(1, 1000));
  CHECK(Filled(1, 1000) != Filled(2, 1000));
  Rng rng = Stream(1);
  std::vector<double> first(10);
  std::vector<double> second(10);
  FillNormals(rng, first);
  FillNormals(rng, second);
  CHECK(first != second);
}

TEST_CASE("cma normals: their distribution is normal, tails included", "[algorithms]") {
  constexpr std::size_t kCount = 2'000'000;
  const std::vector<double> numbers = Filled(7, kCount);
  const boost::math::normal_distribution<> normal;
  // Shares below these places: each is off by more than five standard deviations with a probability
  // below 6e-7. 3.654 is where the base layer of the ziggurat ends, 0.2153 its topmost layer.
  for (const double x : {-4.5, -3.7, -3.6, -2.0, -0.5, -0.2, 0.0, 0.1, 0.22, 1.0, 3.0, 3.66, 4.2}) {
    const double expected = boost::math::cdf(normal, x);
    const auto below = static_cast<double>(
        std::ranges::count_if(numbers, [&](double number) { return number < x; }));
    const double deviation = std::sqrt(expected * (1 - expected) / kCount);
    INFO("below " << x << ": " << below / kCount << ", expected " << expected);
    CHECK(std::abs(below / kCount - expected) < 5 * deviation);
  }
  double sum = 0;
  double squares = 0;
  double products = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    sum += numbers[i];
    squares += numbers[i] * numbers[i];
    products += i > 0 ? numbers[i] * numbers[i - 1] : 0;
  }
  CHECK(std::abs(sum / kCount) < 5 / std::sqrt(kCount));
  CHECK(std::abs(squares / kCount - 1) < 5 * std::sqrt(2.0 / kCount));
  CHECK(std::abs(products / kCount) < 5 / std::sqrt(kCount));
}

}  // namespace
}  // namespace hone::cma
