// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "algorithms/forest/regression_forest.h"
#include "tests/catch.h"

namespace hone::forest {
namespace {

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();

std::vector<Index> AllRows(Index n) {
  std::vector<Index> rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), Index{0});
  return rows;
}

/// Measure of a leaf, every coordinate being uniform.
double MeasureOf(const Leaf& leaf) {
  double measure = 1;
  for (const Range& range : leaf.ranges) {
    if (range.choices.empty()) {
      measure *= range.high - range.low;
    } else {
      measure *= static_cast<double>(std::ranges::count(range.choices, true)) /
                 static_cast<double>(range.choices.size());
    }
  }
  return measure;
}

TEST_CASE("forest: a tree splits in the middle between rows and keeps what it has seen",
          "[algorithms]") {
  const MatrixXd points{{0.1, 0.2, 0.8, 0.9}};
  const VectorXd outputs{{1, 1, 5, 5}};
  const Tree tree({{}}, points, outputs, AllRows(4), 1);
  CHECK(tree.Predict(VectorXd{{0.49}}) == 1);
  CHECK(tree.Predict(VectorXd{{0.51}}) == 5);
  CHECK(tree.Leaves({{}}).size() == 2);
}

TEST_CASE("forest: neighbouring doubles are told apart", "[algorithms]") {
  // The middle of the second pair rounds to its upper end.
  const double a = 0.5;
  const double b = std::nextafter(a, 1.0);
  const double c = std::nextafter(b, 1.0);
  const MatrixXd points{{a, b, c}};
  const Tree tree({{}}, points, VectorXd{{1, 2, 4}}, AllRows(3), 1);
  CHECK(tree.Predict(VectorXd{{a}}) == 1);
  CHECK(tree.Predict(VectorXd{{b}}) == 2);
  CHECK(tree.Predict(VectorXd{{c}}) == 4);
}

TEST_CASE("forest: categories are divided after their means, in one split", "[algorithms]") {
  const MatrixXd points{{0, 1, 2, 3}};
  const VectorXd outputs{{7, 1, 7, 1}};
  const std::vector<Feature> features = {{4}};
  const Tree tree(features, points, outputs, AllRows(4), 1);
  const auto leaves = tree.Leaves(features);
  REQUIRE(leaves.size() == 2);
  CHECK(tree.Predict(VectorXd{{2}}) == 7);
  CHECK(tree.Predict(VectorXd{{3}}) == 1);
}

TEST_CASE("forest: the leaves of a tree are the whole cube, once", "[algorithms]") {
  Rng rng(5, Scope::Experiment(), Purpose::kSimulation);
  const std::vector<Feature> features = {{}, {5}, {}};
  MatrixXd points(3, 200);
  VectorXd outputs(200);
  for (Index i = 0; i < points.cols(); ++i) {
    points.col(i) << rng.Uniform(), rng.Below(5), rng.Uniform();
    outputs[i] = rng.Normal();
  }
  const Tree tree(features, points, outputs, AllRows(200), 1);
  const auto leaves = tree.Leaves(features);
  CHECK(leaves.size() == 200);
  double measure = 0;
  for (const Leaf& leaf : leaves) {
    measure += MeasureOf(leaf);
  }
  CHECK(measure == Approx(1).epsilon(1e-12));
  const Tree coarse(features, points, outputs, AllRows(200), 20);
  CHECK(coarse.Leaves(features).size() <= 10);
}

TEST_CASE("forest: a coordinate is split only where all rows have it", "[algorithms]") {
  // The number matters with the second choice only; with the first it is not there.
  const std::vector<Feature> features = {{2}, {}};
  const MatrixXd points{{0, 0, 1, 1, 1, 1}, {kAbsent, kAbsent, 0.1, 0.2, 0.7, 0.8}};
  const VectorXd outputs{{0, 0, 10, 10, 20, 20}};
  const Tree tree(features, points, outputs, AllRows(6), 1);
  CHECK(tree.Predict(VectorXd{{0, kAbsent}}) == 0);
  CHECK(tree.Predict(VectorXd{{0, 0.9}}) == 0);
  CHECK(tree.Predict(VectorXd{{1, 0.15}}) == 10);
  CHECK(tree.Predict(VectorXd{{1, 0.75}}) == 20);
  CHECK(tree.Predict(VectorXd{{1, kAbsent}}) == 15);  // the mean of both
}

TEST_CASE("forest: predicts what it has not seen, and says how well", "[algorithms]") {
  Rng rng(6, Scope::Experiment(), Purpose::kSimulation);
  MatrixXd points(2, 400);
  VectorXd outputs(400);
  VectorXd noise(400);
  for (Index i = 0; i < points.cols(); ++i) {
    points.col(i) << rng.Uniform(), rng.Uniform();
    outputs[i] = 3 * points(0, i) + std::sin(6 * points(1, i));
    noise[i] = rng.Normal();
  }
  const Forest forest({{}, {}}, points, outputs, {}, 1);
  CHECK(forest.Predict(VectorXd{{0.5, 0.25}}) == Approx(1.5 + std::sin(1.5)).margin(0.15));
  CHECK(forest.ExplainedOutOfBag().value_or(0) > 0.95);
  CHECK(Forest({{}, {}}, points, noise, {}, 1).ExplainedOutOfBag().value_or(1) < 0.1);
  CHECK(Forest({{}, {}}, points, outputs, {}, 1).Predict(VectorXd{{0.3, 0.3}}) ==
        forest.Predict(VectorXd{{0.3, 0.3}}));
}

TEST_CASE("forest: extremely randomised trees predict, each by splits of its own", "[algorithms]") {
  Rng rng(7, Scope::Experiment(), Purpose::kSimulation);
  const std::vector<Feature> features = {{}, {4}};
  MatrixXd points(2, 300);
  VectorXd outputs(300);
  for (Index i = 0; i < points.cols(); ++i) {
    const std::uint32_t choice = rng.Below(4);
    points.col(i) << rng.Uniform(), choice;
    outputs[i] = std::sin(6 * points(0, i)) + (choice == 2 ? 3 : 0);
  }
  const Forest forest(features, points, outputs, {.extra_random = true}, 1);
  CHECK(forest.Predict(VectorXd{{0.25, 2}}) == Approx(3 + std::sin(1.5)).margin(0.15));
  CHECK(forest.Predict(VectorXd{{0.25, 1}}) == Approx(std::sin(1.5)).margin(0.15));
  CHECK(forest.PredictSpread(VectorXd{{0.25, 2}}).mean == forest.Predict(VectorXd{{0.25, 2}}));
  // Trees of all rows differ by their splits only, and by nothing where they have a row.
  CHECK(forest.PredictSpread(points.col(5)).deviation < 1e-6);
  CHECK(forest.PredictSpread(VectorXd{{0.7777, 3}}).deviation > 1e-6);
  CHECK_FALSE(forest.ExplainedOutOfBag().has_value());
}

TEST_CASE("forest: equal outputs make a tree of one leaf", "[algorithms]") {
  const MatrixXd points{{0.1, 0.2, 0.3}};
  const Forest forest({{}}, points, VectorXd::Constant(3, 2.5), {}, 1);
  CHECK(forest.Predict(VectorXd{{0.9}}) == 2.5);
  CHECK(forest.trees().front().Leaves({{}}).size() == 1);
  CHECK_FALSE(forest.ExplainedOutOfBag().has_value());
}

}  // namespace
}  // namespace hone::forest
