// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "tests/catch.h"

namespace {

using hone::Purpose;
using hone::Rng;
using hone::Scope;

Rng Stream(std::uint64_t seed = 1) {
  return {seed, Scope::Experiment(), Purpose::kSimulation};
}

std::vector<std::uint32_t> Take(Rng rng, int count) {
  std::vector<std::uint32_t> out(static_cast<std::size_t>(count));
  std::ranges::generate(out, [&] { return rng(); });
  return out;
}

TEST_CASE("rng: Philox4x32-10 gives the published answers", "[base]") {
  struct Row {
    const char* name;
    std::array<std::uint32_t, 4> counter;
    std::array<std::uint32_t, 2> key;
    std::array<std::uint32_t, 4> block;
  };
  // Random123 1.14.0, tests/kat_vectors, lines "philox4x32 10".
  const Row rows[] = {
      {"zeros", {0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {"ones",
       {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {"digits of pi",
       {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(hone::Philox4x32(row.counter, row.key) == row.block);
    }
  }
}

TEST_CASE("rng: a stream is the blocks of its coordinates", "[base]") {
  const std::uint64_t seed = 0x0123456789abcdefULL;
  const auto numbers = Take(Rng(seed, Scope::Trial(9), Purpose::kFit, 5), 8);
  const std::uint32_t kind_and_purpose = (3U << 16U) | 4U;
  for (std::uint32_t block = 0; block < 2; ++block) {
    const auto expected =
        hone::Philox4x32({kind_and_purpose, 9, 5, block}, {0x89abcdef, 0x01234567});
    CHECK(
        std::equal(expected.begin(), expected.end(), numbers.begin() + std::ptrdiff_t{block} * 4));
  }
}

TEST_CASE("rng: streams with other coordinates are other streams", "[base]") {
  const std::vector<Rng> streams = {
      {1, Scope::Experiment(), Purpose::kSample},    {2, Scope::Experiment(), Purpose::kSample},
      {1, Scope::Experiment(), Purpose::kFit},       {1, Scope::Experiment(), Purpose::kSample, 1},
      {1, Scope::Trial(0), Purpose::kSample},        {1, Scope::Trial(1), Purpose::kSample},
      {1ULL << 32U, Scope::Trial(1), Purpose::kFit},
  };
  std::set<std::vector<std::uint32_t>> seen;
  for (const Rng& stream : streams) {
    seen.insert(Take(stream, 4));
  }
  CHECK(seen.size() == streams.size());
}

TEST_CASE("rng: a copy goes its own way with the same numbers", "[base]") {
  Rng rng = Stream();
  rng();
  const Rng copy = rng;
  CHECK(Take(rng, 10) == Take(copy, 10));
}

// The mean of n uniforms is within 5.5 standard errors but for a chance of 4e-8, and so below.
TEST_CASE("rng: Uniform has the moments of the unit interval", "[base]") {
  constexpr int kCount = 100'000;
  Rng rng = Stream();
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kCount; ++i) {
    const double u = rng.Uniform();
    REQUIRE((u >= 0 && u < 1));
    sum += u;
    squares += u * u;
  }
  CHECK(std::fabs(sum / kCount - 1.0 / 2) < 5.5 * std::sqrt(1.0 / 12 / kCount));
  CHECK(std::fabs(squares / kCount - 1.0 / 3) < 5.5 * std::sqrt(4.0 / 45 / kCount));
}

TEST_CASE("rng: Normal has the moments of the normal distribution", "[base]") {
  constexpr int kCount = 100'000;
  Rng rng = Stream(2);
  double sum = 0;
  double squares = 0;
  double fourths = 0;
  for (int i = 0; i < kCount; ++i) {
    const double z = rng.Normal();
    REQUIRE(std::isfinite(z));
    sum += z;
    squares += z * z;
    fourths += z * z * z * z;
  }
  CHECK(std::fabs(sum / kCount) < 5.5 * std::sqrt(1.0 / kCount));
  CHECK(std::fabs(squares / kCount - 1) < 5.5 * std::sqrt(2.0 / kCount));
  CHECK(std::fabs(fourths / kCount - 3) < 5.5 * std::sqrt(96.0 / kCount));
}

TEST_CASE("rng: Normal inverts the distribution at the uniform it draws", "[base]") {
  Rng uniforms = Stream(3);
  Rng normals = Stream(3);
  for (int i = 0; i < 1000; ++i) {
    const double u = uniforms.Uniform();
    const double z = normals.Normal();
    // Half a cell of 2^-52 and erfc's rounding: both far below 1e-13.
    CHECK(std::fabs(std::erfc(-z / std::sqrt(2.0)) / 2 - u) < 1e-13);
  }
}

TEST_CASE("rng: Normal costs one Uniform", "[base]") {
  Rng a = Stream(4);
  Rng b = Stream(4);
  a.Normal();
  b.Uniform();
  CHECK(a() == b());
}

TEST_CASE("rng: Below is uniform also where 2^32 is not a multiple", "[base]") {
  // Without rejection the first third of 3 * 2^30 would be drawn twice as often as the rest.
  constexpr std::uint32_t kRange = 3U << 30U;
  constexpr int kCount = 60'000;
  Rng rng = Stream(5);
  int first_third = 0;
  for (int i = 0; i < kCount; ++i) {
    const std::uint32_t x = rng.Below(kRange);
    REQUIRE(x < kRange);
    first_third += x < (1U << 30U) ? 1 : 0;
  }
  CHECK(std::fabs(first_third / double{kCount} - 1.0 / 3) < 5.5 * std::sqrt(2.0 / 9 / kCount));
}

TEST_CASE("rng: Below reaches each value of a small range and nothing else", "[base]") {
  Rng rng = Stream(6);
  for (const std::uint32_t n : {1U, 2U, 7U}) {
    std::set<std::uint32_t> seen;
    for (int i = 0; i < 1000; ++i) {
      seen.insert(rng.Below(n));
    }
    CHECK(seen.size() == n);
    CHECK(*seen.rbegin() == n - 1);
  }
}

TEST_CASE("rng: Shuffle permutes, repeatably, and gives each order its share", "[base]") {
  std::vector<int> items(20);
  std::iota(items.begin(), items.end(), 0);
  std::vector<int> first = items;
  std::vector<int> second = items;
  Rng a = Stream(7);
  Rng b = Stream(7);
  hone::Shuffle(std::span(first), a);
  hone::Shuffle(std::span(second), b);
  CHECK(first == second);
  CHECK(first != items);
  std::ranges::sort(first);
  CHECK(first == items);

  constexpr int kCount = 6000;
  std::map<std::array<int, 3>, int> orders;
  for (int i = 0; i < kCount; ++i) {
    std::array<int, 3> three = {0, 1, 2};
    hone::Shuffle(std::span<int>(three), a);
    ++orders[three];
  }
  REQUIRE(orders.size() == 6);
  for (const auto& [order, count] : orders) {
    CHECK(std::fabs(count / double{kCount} - 1.0 / 6) < 5.5 * std::sqrt(5.0 / 36 / kCount));
  }
}

}  // namespace
