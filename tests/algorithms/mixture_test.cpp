// SPDX-License-Identifier: Apache-2.0
#include "algorithms/sampling/mixture.h"

#include <cmath>

#include "algorithms/sampling/kernels.h"
#include "algorithms/sampling/normal.h"
#include "tests/catch.h"

namespace hone::sampling {
namespace {

Coordinate Cells(std::vector<double> edges, bool categorical = false) {
  return {.categorical = categorical, .edges = std::move(edges)};
}

/// Three kernels over one coordinate.
Components Three(double spread) {
  Components components;
  components.points.resize(3, 1);
  components.points << 0.1, 0.15, 0.9;
  components.weights.resize(3);
  components.weights << 1, 1, 2;
  components.spreads = Eigen::ArrayXXd::Constant(1, 1, spread);
  return components;
}

Rng Stream(std::uint32_t counter) {
  return {7, Scope::Experiment(), Purpose::kSimulation, counter};
}

TEST_CASE("mixture: a continuous density integrates to one", "[algorithms]") {
  for (const double spread : {0.01, 0.1, 0.5, 2.0}) {
    const Mixture mixture({Coordinate{}}, Three(spread));
    constexpr Eigen::Index kPoints = 20000;
    Eigen::ArrayXXd x(kPoints, 1);
    x.col(0) = (Eigen::ArrayXd::LinSpaced(kPoints, 0, kPoints - 1) + 0.5) / kPoints;
    // Midpoint rule; its error is below (spread / points)^2.
    CHECK(mixture.LogDensity(x).exp().mean() == Approx(1.0).epsilon(1e-6));
  }
}

TEST_CASE("mixture: kernels are truncated normal densities, weighted", "[algorithms]") {
  Components one;
  one.points = Eigen::ArrayXXd::Constant(1, 1, 0.2);
  one.weights = Eigen::ArrayXd::Constant(1, 3.0);
  one.spreads = Eigen::ArrayXXd::Constant(1, 1, 0.1);
  const Mixture mixture({Coordinate{}}, one);
  Eigen::ArrayXXd x(1, 1);
  x << 0.35;
  const auto phi = [](double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0)); };
  const auto cdf = [](double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; };
  const double kernel = phi(1.5) / 0.1 / (cdf(8) - cdf(-2));
  const double prior = phi(-0.15) / (cdf(0.5) - cdf(-0.5));
  // The tails come from a table that is good to 1e-10.
  CHECK(std::exp(mixture.LogDensity(x)[0]) == Approx(0.75 * kernel + 0.25 * prior).epsilon(1e-9));
}

TEST_CASE("mixture: kernels of equal spreads are the same, given once or for each",
          "[algorithms]") {
  Components once = Three(0.15);
  once.points.conservativeResize(3, 3);
  once.points.col(1) << 0.9, 0.2, 0.6;
  once.points.col(2) << 0.0, 1.0, 0.4;
  once.spreads.resize(1, 3);
  once.spreads << 0.15, 0.02, 0.7;
  Components each = once;
  each.spreads = once.spreads.row(0).replicate(3, 1);
  const std::vector<Coordinate> coordinates{
      Coordinate{}, Coordinate{.prior_mean = 0.3, .prior_sd = 0.2}, Cells({0, 0.3, 0.8, 1})};
  Rng rng = Stream(2);
  const Mixture a(coordinates, once);
  const Mixture b(coordinates, each);
  const Eigen::ArrayXXd x = a.Sample(50, rng);
  CHECK((a.LogDensity(x) - b.LogDensity(x)).abs().maxCoeff() < 1e-9);
}

TEST_CASE("mixture: normal tails from the table", "[algorithms]") {
  const auto exact = [](double z) { return std::erfc(z / std::sqrt(2.0)) / 2; };
  for (double z = 0; z < 8.4; z += 0.00137) {
    REQUIRE(sampling::UpperTail(z) == Approx(exact(z)).epsilon(1e-6));
    REQUIRE(std::abs(sampling::UpperTail(z) - exact(z)) < 1e-10);
  }
  CHECK(sampling::UpperTail(8.5) == 0);
  CHECK(sampling::UpperTail(1e300) == 0);
  CHECK(NormalMass(-1, 2) == Approx(1 - exact(1) - exact(2)));
  CHECK(NormalMass(5, 6) == Approx(exact(5) - exact(6)).epsilon(1e-6));
  CHECK(NormalMass(-6, -5) == Approx(exact(5) - exact(6)).epsilon(1e-6));
  CHECK(NormalMass(-20, 20) == 1);
  for (const double uniform : {0.0, 0.01, 0.5, 0.99, 1 - 1e-16}) {
    const double x = SampleTruncated(0.2, 0.1, uniform);
    CHECK(x >= 0);
    CHECK(x <= 1);
    CHECK(NormalMass(-2, (x - 0.2) / 0.1) ==
          Approx(uniform * MassInside(2, 8)).margin(1e-9).epsilon(1e-6));
  }
}

TEST_CASE("mixture: a kernel reaches to its farther neighbour", "[algorithms]") {
  struct Case {
    const char* name;
    std::vector<double> points;
    double prior_mean;
    std::vector<double> spreads;
  };
  const Case cases[] = {
      {"bounds and the prior's mean are neighbours", {0.2, 0.9}, 0.5, {0.3, 0.4}},
      {"in no order", {0.9, 0.1, 0.3}, 0.5, {0.4, 0.2, 0.2}},
      {"equal points", {0.4, 0.4}, 0.5, {0.4, 0.4}},
      {"at the ends", {0.0, 1.0}, 0.5, {0.0, 0.5}},
      {"none", {}, 0.5, {}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const Eigen::ArrayXd points = Eigen::Map<const Eigen::ArrayXd>(
          c.points.data(), static_cast<Eigen::Index>(c.points.size()));
      const Eigen::ArrayXd spreads = NeighbourSpreads(points, c.prior_mean);
      REQUIRE(spreads.size() == points.size());
      for (Eigen::Index i = 0; i < spreads.size(); ++i) {
        CHECK(spreads[i] == Approx(c.spreads[static_cast<std::size_t>(i)]).margin(1e-15));
      }
    }
  }
}

TEST_CASE("mixture: a part that is known already need not be found again", "[algorithms]") {
  constexpr Eigen::Index kPoints = 9;
  const std::vector<Coordinate> coordinates{Coordinate{}, Cells({0, 0.5, 1}), Coordinate{}};
  Components components;
  components.points = (Points::Random(kPoints, 3) + 1) / 2;
  components.weights = Eigen::ArrayXd::LinSpaced(kPoints, 1, 2);
  components.spreads = Eigen::ArrayXXd::Constant(1, 3, 0.2);
  const Mixture found(coordinates, components);
  components.log_scales.resize(kPoints);
  const std::vector<double> spreads(3, 0.2);
  for (Eigen::Index i = 0; i < kPoints; ++i) {
    const double* const point = components.points.row(i).data();
    components.log_scales[i] = LogScale(coordinates, {point, 3}, spreads);
  }
  const Mixture told(coordinates, components);
  const Eigen::ArrayXXd x = (Eigen::ArrayXXd::Random(5, 3) + 1) / 2;
  CHECK((found.LogDensity(x) - told.LogDensity(x)).abs().maxCoeff() < 1e-12);
}

TEST_CASE("mixture: many kernels of one coordinate are summed up in single precision",
          "[algorithms]") {
  constexpr Eigen::Index kPoints = 700;
  for (const bool alike : {false, true}) {
    // The narrowest kernels there are; a second coordinate of one cell takes the other way.
    Components one;
    one.points = (Points::Random(kPoints, 1) + 1) / 2;
    one.weights = Eigen::ArrayXd::LinSpaced(kPoints, 0.1, 1);
    one.spreads = Eigen::ArrayXXd::Constant(alike ? 1 : kPoints, 1, 0.005);
    if (!alike) {
      one.spreads.col(0) = Eigen::ArrayXd::LinSpaced(kPoints, 0.005, 0.5);
    }
    Components two = one;
    two.points.conservativeResize(kPoints, 2);
    two.points.col(1).setConstant(0.5);
    two.spreads.conservativeResize(Eigen::NoChange, 2);
    two.spreads.col(1).setConstant(1);
    const Coordinate narrow{.prior_mean = 0.5, .prior_sd = 1e-3};  // of no help far away
    Eigen::ArrayXXd x = Eigen::ArrayXXd::Constant(101, 2, 0.5);
    x.col(0) = Eigen::ArrayXd::LinSpaced(101, 0, 1);
    const Eigen::ArrayXd single = Mixture({narrow}, one).LogDensity(x.leftCols(1));
    const Eigen::ArrayXd exact = Mixture({narrow, Cells({0, 1})}, two).LogDensity(x);
    CHECK((single - exact).abs().maxCoeff() < 1e-4);
  }
}

TEST_CASE("mixture: probabilities of cells add up to one", "[algorithms]") {
  for (const bool categorical : {false, true}) {
    const Coordinate coordinate = Cells({0, 0.3, 0.4, 0.8, 1}, categorical);
    const Mixture mixture({coordinate}, Three(0.2));
    Eigen::ArrayXXd x(4, 1);
    for (std::size_t cell = 0; cell < 4; ++cell) {
      x(static_cast<Eigen::Index>(cell), 0) = MiddleOf(coordinate, cell);
    }
    CHECK(mixture.LogDensity(x).exp().sum() == Approx(1.0).epsilon(1e-12));
  }
}

TEST_CASE("mixture: the kernel of a category is that of Aitchison and Aitken", "[algorithms]") {
  Components one;
  one.points = Eigen::ArrayXXd::Constant(1, 1, 0.9);
  one.weights = Eigen::ArrayXd::Constant(1, 1.0);
  one.spreads = Eigen::ArrayXXd::Constant(1, 1, 0.1);
  const Coordinate coordinate = Cells({0, 0.25, 0.5, 0.75, 1}, true);
  const Mixture mixture({coordinate}, one);
  Eigen::ArrayXXd x(2, 1);
  x << 0.9, 0.1;
  // Share of the prior 1/2: the observed choice (1 + 1/2) / 3, each other one (1/2) / 3.
  CHECK(std::exp(mixture.LogDensity(x)[0]) == Approx(0.5 * 0.5 + 0.5 * 0.25));
  CHECK(std::exp(mixture.LogDensity(x)[1]) == Approx(0.5 / 6 + 0.5 * 0.25));
}

TEST_CASE("mixture: samples follow the density", "[algorithms]") {
  const Coordinate ordered = Cells({0, 0.3, 0.4, 0.8, 1});
  Components components = Three(0.15);
  components.points.conservativeResize(3, 2);
  components.points.col(1) << 0.9, 0.2, 0.6;
  components.spreads = Eigen::ArrayXXd::Constant(1, 2, 0.15);
  const Mixture mixture({Coordinate{}, ordered}, components);
  constexpr Eigen::Index kSamples = 40000;
  Rng rng = Stream(1);
  const Eigen::ArrayXXd samples = mixture.Sample(kSamples, rng);
  REQUIRE(samples.minCoeff() >= 0);
  REQUIRE(samples.maxCoeff() <= 1);
  // Both shares of each box: counted, and from the density by the midpoint rule.
  for (int box = 0; box < 10; ++box) {
    for (std::size_t cell = 0; cell < ordered.cells(); ++cell) {
      constexpr Eigen::Index kSteps = 200;
      Eigen::ArrayXXd x(kSteps, 2);
      x.col(0) =
          0.1 * box + 0.1 * (Eigen::ArrayXd::LinSpaced(kSteps, 0, kSteps - 1) + 0.5) / kSteps;
      x.col(1) = MiddleOf(ordered, cell);
      const double expected = 0.1 * mixture.LogDensity(x).exp().mean();
      const auto inside = samples.col(0) >= 0.1 * box && samples.col(0) < 0.1 * (box + 1) &&
                          samples.col(1) == MiddleOf(ordered, cell);
      const double share = static_cast<double>(inside.count()) / kSamples;
      // Six standard deviations of a binomial share: below 1e-7 for all 40 boxes together.
      CHECK(std::abs(share - expected) <= 6 * std::sqrt(expected / kSamples) + 1e-5);
    }
  }
}

TEST_CASE("mixture: without points it is the prior", "[algorithms]") {
  Components none;
  none.points.resize(0, 1);
  none.weights.resize(0);
  none.spreads = Eigen::ArrayXXd::Constant(1, 1, 0.1);
  const Mixture mixture({Coordinate{.prior_mean = 0.5, .prior_sd = 1e3}}, none);
  Eigen::ArrayXXd x(3, 1);
  x << 0, 0.4, 1;
  CHECK(mixture.LogDensity(x).abs().maxCoeff() < 1e-6);
}

TEST_CASE("mixture: points far from every kernel keep a finite density", "[algorithms]") {
  Eigen::ArrayXXd x(2, 1);
  x << 0.5, 1.0;
  for (const Eigen::Index times : {1, 100}) {
    Components components = Three(1e-3);
    components.points = components.points.replicate(times, 1).eval();
    components.weights = components.weights.replicate(times, 1).eval();
    const Mixture mixture({Coordinate{.prior_mean = 0.1, .prior_sd = 1e-3}}, components);
    CHECK(mixture.LogDensity(x).isFinite().all());
  }
}

}  // namespace
}  // namespace hone::sampling
