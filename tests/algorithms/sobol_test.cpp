// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <set>

#include "algorithms/check.h"
#include "base/text.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"
#include "tests/contracts/searcher_contract.h"

namespace hone {
namespace {

using Point = std::vector<double>;

const SearcherInfo& SobolInfo() {
  return *SearcherRegistry::Instance().Find("sobol");
}

ExperimentSpec UnitCube(std::size_t dimensions, std::vector<Setting> settings = {}) {
  ExperimentSpec spec;
  for (std::size_t d = 0; d < dimensions; ++d) {
    spec.space.parameters.push_back(spaces::Real("x" + std::to_string(d), 0, 1));
  }
  spec.algorithm = {"sobol", std::move(settings)};
  return spec;
}

std::vector<Point> PointsOf(const std::vector<Proposal>& answers) {
  std::vector<Point> points;
  for (const Proposal& answer : answers) {
    Point point;
    for (const Value& value : std::get<proposal::Start>(answer).values) {
      point.push_back(*ParseDouble(value.text));
    }
    points.push_back(std::move(point));
  }
  return points;
}

std::vector<Point> FirstPoints(std::size_t dimensions, std::uint32_t count, std::uint64_t seed) {
  return PointsOf(SearcherLab(SobolInfo(), UnitCube(dimensions), seed).Peek(count));
}

std::uint64_t IntervalOf(double u, int digits) {
  return static_cast<std::uint64_t>(u * std::exp2(digits));
}

TEST_CASE("sobol: first 2^k points hit each dyadic interval once", "[algorithms]") {
  constexpr std::size_t kDimensions = 12;
  for (const std::uint64_t seed : {1ULL, 2ULL, 999ULL}) {
    const std::vector<Point> points = FirstPoints(kDimensions, 256, seed);
    for (int k = 0; k <= 8; ++k) {
      const std::size_t count = std::size_t{1} << k;
      for (std::size_t d = 0; d < kDimensions; ++d) {
        INFO("seed " << seed << " k " << k << " dimension " << d);
        std::set<std::uint64_t> hit;
        for (std::size_t i = 0; i < count; ++i) {
          hit.insert(IntervalOf(points[i][d], k));
        }
        CHECK(hit.size() == count);
      }
    }
  }
}

TEST_CASE("sobol: the first two dimensions are a net in every box of equal size", "[algorithms]") {
  // Sobol's first two dimensions are a (0,2)-sequence, and Owen's scrambling keeps that.
  const std::vector<Point> points = FirstPoints(2, 256, 5);
  for (int a = 0; a <= 8; ++a) {
    std::set<std::pair<std::uint64_t, std::uint64_t>> hit;
    for (const Point& point : points) {
      hit.emplace(IntervalOf(point[0], a), IntervalOf(point[1], 8 - a));
    }
    CHECK(hit.size() == points.size());
  }
}

TEST_CASE("sobol: scrambling differs by seed and by dimension", "[algorithms]") {
  CHECK(FirstPoints(3, 4, 1) == FirstPoints(3, 4, 1));
  CHECK(FirstPoints(3, 4, 1) != FirstPoints(3, 4, 2));
  const auto seeded = [](const char* state, std::uint64_t seed) {
    return SearcherLab(SobolInfo(), UnitCube(2, {{"random_state", state}}), seed).Peek(4);
  };
  CHECK(seeded("7", 1) == seeded("7", 2));
  CHECK(seeded("7", 1) != seeded("8", 1));
  const Point first = FirstPoints(3, 1, 1)[0];
  CHECK(first[0] != first[1]);
  CHECK(first[1] != first[2]);
}

TEST_CASE("sobol: over many seeds a point is uniform", "[algorithms]") {
  // Mean of 4000 uniforms: standard deviation 0.00456. Beyond 6 deviations: 2e-9.
  double sum = 0;
  int low_half = 0;
  constexpr int kSeeds = 4000;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const double u = FirstPoints(1, 1, seed)[0][0];
    sum += u;
    low_half += u < 0.5 ? 1 : 0;
  }
  CHECK(std::abs(sum / kSeeds - 0.5) < 6 * 0.00456);
  CHECK(std::abs(low_half - kSeeds / 2) < 6 * std::sqrt(kSeeds) / 2);
}

TEST_CASE("sobol: each digit is scrambled by the digits before it", "[algorithms]") {
  // Unscrambled, the first two points are 0.000000 and 0.100000 in binary. A shift common to all
  // points would leave their digits equal after the first one; nested scrambling makes all digits
  // of both independent. Six digits reach over the end of a subtree of five.
  constexpr int kSeeds = 6400;
  std::vector<int> first(64);
  std::vector<int> both(4);
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto points = FirstPoints(1, 2, seed);
    const std::uint64_t a = IntervalOf(points[0][0], 6);
    const std::uint64_t b = IntervalOf(points[1][0], 6);
    ++first[a];
    ++both[((a >> 4U) & 1U) * 2 + ((b >> 4U) & 1U)];
  }
  const auto chi_squared = [](const std::vector<int>& counts) {
    const double expected = kSeeds / static_cast<double>(counts.size());
    double sum = 0;
    for (const int count : counts) {
      sum += (count - expected) * (count - expected) / expected;
    }
    return sum;
  };
  // Exceeded with probability < 3e-7 for 63 and for 3 degrees of freedom.
  CHECK(chi_squared(first) < 137);
  CHECK(chi_squared(both) < 35);
}

TEST_CASE("sobol: the sequence goes on where the used points end", "[algorithms]") {
  const auto all = FirstPoints(2, 8, 3);
  SearcherLab lab(SobolInfo(), UnitCube(2), 3);
  lab.Ask(3);
  lab.AskInVain(2);  // withdrawn answers leave no hole
  const auto rest = PointsOf(lab.Peek(5));
  CHECK(std::equal(rest.begin(), rest.end(), all.begin() + 3, all.end()));
}

TEST_CASE("sobol: skip leaves points out at the start", "[algorithms]") {
  const auto all = FirstPoints(2, 6, 3);
  const auto skipped = PointsOf(SearcherLab(SobolInfo(), UnitCube(2, {{"skip", "4"}}), 3).Peek(2));
  CHECK(std::equal(skipped.begin(), skipped.end(), all.begin() + 4, all.end()));
}

TEST_CASE("sobol: choices are hit evenly", "[algorithms]") {
  ExperimentSpec spec;
  spec.space = Space{{spaces::Words("w", {"a", "b", "c", "d"}), spaces::Whole("n", 1, 8)}};
  spec.algorithm.name = "sobol";
  std::map<std::string, int> count;
  for (const Proposal& answer : SearcherLab(SobolInfo(), spec, 1).Peek(64)) {
    const auto& values = std::get<proposal::Start>(answer).values;
    ++count[values[0].text];
    ++count[values[1].text];
  }
  REQUIRE(count.size() == 12);
  for (const auto& [text, seen] : count) {
    INFO(text);
    CHECK(seen == (text >= "a" ? 16 : 8));
  }
}

TEST_CASE("sobol: its limits and leniency", "[algorithms]") {
  SECTION("too many parameters are refused") {
    Problems problems;
    CheckAlgorithm(UnitCube(3668), problems);
    REQUIRE(problems.list().size() == 1);
    CHECK(problems.list()[0].field == "spec.parameters");
    CHECK_THAT(problems.list()[0].message, Catch::Matchers::Contains("at most 3667"));
  }
  SECTION("the largest space works") {
    CHECK(FirstPoints(3667, 2, 1).size() == 2);
  }
  SECTION("unknown settings are warnings, as Katib ignores them") {
    Problems problems;
    CheckAlgorithm(UnitCube(2, {{"skip", "1"}, {"sigma", "2"}}), problems);
    REQUIRE(problems.list().size() == 1);
    CHECK(problems.list()[0].severity == Problem::Severity::kWarning);
    CHECK(problems.list()[0].field == "spec.algorithm.algorithmSettings[1].name");
  }
  SECTION("known settings are still checked") {
    Problems problems;
    CheckAlgorithm(UnitCube(2, {{"skip", "-1"}}), problems);
    CHECK(problems.HasErrors());
  }
}

}  // namespace
}  // namespace hone
