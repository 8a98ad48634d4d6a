// SPDX-License-Identifier: Apache-2.0
// The parts beside the strategy: restarts, margins, categories.
#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <set>

#include "algorithms/cma/categories.h"
#include "algorithms/cma/margin.h"
#include "algorithms/cma/restarts.h"
#include "tests/catch.h"

namespace hone::cma {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

double Below(double x, const Stepped& of) {
  return boost::math::cdf(boost::math::normal_distribution<>(of.mean, of.deviation), x);
}

TEST_CASE("cma margin: a distribution that leaves its cell often enough is left alone",
          "[algorithms]") {
  const Stepped wide{0.5, 0.5};
  const Stepped kept = KeepMargin(wide, {0.4, 0.6}, 0.1);
  CHECK(kept.mean == wide.mean);
  CHECK(kept.deviation == wide.deviation);
  CHECK(KeepMargin({0.2, 0.3}, {std::nullopt, 0.25}, 0.1).mean == 0.2);
}

TEST_CASE("cma margin: a narrow one leaves its cell with the margin's probability",
          "[algorithms]") {
  constexpr double kAlpha = 0.1;
  for (const double mean : {0.41, 0.5, 0.59}) {
    const Stepped kept = KeepMargin({mean, 1e-9}, {0.4, 0.6}, kAlpha);
    INFO("mean " << mean);
    CHECK(kept.mean > 0.4);
    CHECK(kept.mean < 0.6);
    CHECK(Below(0.4, kept) + 1 - Below(0.6, kept) == Approx(kAlpha));
  }
  const Stepped first = KeepMargin({-3, 0.01}, {std::nullopt, 0.25}, kAlpha);
  CHECK(1 - Below(0.25, first) == Approx(kAlpha));
  CHECK(first.deviation == 0.01);
  const Stepped last = KeepMargin({0.9, 0.01}, {0.75, std::nullopt}, kAlpha);
  CHECK(Below(0.75, last) == Approx(kAlpha));
}

TEST_CASE("cma categories: learn the choice that ranks best and never give up the others",
          "[algorithms]") {
  Categories categories({3, 5}, 0.1);
  VectorXd weights(6);
  weights << 0.6, 0.3, 0.1, 0, 0, 0;
  for (std::uint32_t generation = 0; generation < 200; ++generation) {
    std::vector<std::vector<Index>> points;
    for (std::uint32_t i = 0; i < 6; ++i) {
      Rng rng(1, {Scope::Kind::kGeneration, generation}, Purpose::kSample, i);
      points.push_back(categories.Sample(rng));
    }
    std::ranges::stable_sort(points, {}, [](const std::vector<Index>& point) {
      return (point[0] != 2 ? 1 : 0) + (point[1] != 0 ? 1 : 0);
    });
    categories.Update(points, weights);
  }
  CHECK(categories.Probabilities(0)[2] > 0.8);
  CHECK(categories.Probabilities(1)[0] > 0.8);
  for (std::size_t v = 0; v < 2; ++v) {
    const VectorXd& q = categories.Probabilities(v);
    CHECK(q.sum() == Approx(1.0));
    CHECK(q.minCoeff() > 0.99 * 0.1 / (static_cast<double>(q.size()) - 1));
  }
}

TEST_CASE("cma restarts: IPOP doubles, BIPOP spends as much on small populations", "[algorithms]") {
  Rng rng(1, Scope::Experiment(), Purpose::kSimulation);
  Restarts same(Restarts::Rule::kSame, {8, 0.3});
  CHECK(same.After(1000, rng).lambda == 8);
  Restarts growing(Restarts::Rule::kGrowing, {8, 0.3});
  CHECK(growing.After(1000, rng).lambda == 16);
  CHECK(growing.After(1000, rng).lambda == 32);

  Restarts two(Restarts::Rule::kTwoBudgets, {8, 0.3});
  std::uint64_t large = 0;
  std::uint64_t small = 1000;  // the first run
  Index last = 8;
  Plan plan = two.After(1000, rng);
  for (int i = 0; i < 30; ++i) {
    const bool is_small = plan.most_evaluations < 1'000'000;
    REQUIRE(is_small == (small < large));
    if (is_small) {
      CHECK(plan.lambda >= 8);
      CHECK(plan.lambda <= std::max<Index>(8, last / 2));
      CHECK(plan.sigma <= 0.3);
      CHECK(plan.sigma >= 0.003);
      small += 400;
      plan = two.After(400, rng);
    } else {
      CHECK(plan.lambda == 2 * last);
      CHECK(plan.sigma == 0.3);
      last = plan.lambda;
      large += 1000;
      plan = two.After(1000, rng);
    }
  }
  CHECK(last > 8);
}

/// Generations until the rules stop a run whose values come from `value(generation, rank)`.
int Generations(Index d, Index lambda, const auto& value) {
  Progress progress(d, lambda);
  for (int generation = 0; generation < 100000; ++generation) {
    std::vector<double> values;
    values.reserve(static_cast<std::size_t>(lambda));
    for (int rank = 0; rank < lambda; ++rank) {
      values.push_back(value(generation, rank));
    }
    progress.Add(values);
    if (progress.Stopped()) {
      return generation + 1;
    }
  }
  return 100000;
}

TEST_CASE("cma restarts: a run stops when it no longer gets better", "[algorithms]") {
  const auto noise = [](int generation) {
    Rng rng(5, {Scope::Kind::kGeneration, static_cast<std::uint32_t>(generation)},
            Purpose::kSimulation);
    return rng.Uniform();
  };
  // TolHistFun: the window of 10 + 30 d / lambda generations, equal bests.
  CHECK(Generations(10, 10, [](int, int rank) { return rank; }) == 40);
  // EqualFunValues: soon after d generations.
  CHECK(Generations(10, 10, [](int generation, int) { return -generation; }) == 12);
  // In two dimensions one plateau is not yet a reason, two in a row are.
  const auto level_at = [](int first, int last) {
    return [=](int generation, int rank) {
      return (generation >= first && generation <= last ? 0 : rank) - generation;
    };
  };
  CHECK(Generations(2, 6, level_at(20, 20)) > 100);
  CHECK(Generations(2, 6, level_at(20, 21)) == 22);
  // MaxIter: it gets better all the time.
  CHECK(Generations(2, 4, [](int generation, int rank) { return rank - generation; }) ==
        100 + 25 * 25);
  // Stagnation: noise only, after the window of 120 + 30 d / lambda.
  const int stagnant =
      Generations(10, 10, [&](int generation, int rank) { return noise(generation) + rank; });
  CHECK(stagnant >= 150);
  CHECK(stagnant < 400);
}

}  // namespace
}  // namespace hone::cma
