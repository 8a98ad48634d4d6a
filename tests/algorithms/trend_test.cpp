// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/trend.h"

#include <cmath>

#include "algorithms/gp/fit.h"
#include "algorithms/gp/surrogate.h"
#include "base/rng.h"
#include "tests/catch.h"

namespace hone::gp {
namespace {

using Eigen::Index;

MatrixXd RandomPoints(Index count, std::uint32_t stream) {
  Rng rng(4711, Scope::Experiment(), Purpose::kSimulation, stream);
  MatrixXd points(2, count);
  for (Index i = 0; i < count; ++i) {
    points.col(i) << rng.Uniform(), rng.Uniform();
  }
  return points;
}

double Bowl(const VectorXd& point) {
  return (point.array() - 0.3).square().sum() + 0.3 * std::sin(7 * point[0]);
}

std::vector<Observed> Results(const MatrixXd& points, double factor) {
  std::vector<Observed> results;
  for (const auto& point : points.colwise()) {
    results.push_back({point, factor * Bowl(point), std::nullopt});
  }
  return results;
}

Surrogate Following(const Embedding& embedding, double factor, Index count) {
  Surrogate surrogate(Surrogate::kDraws, 1);
  surrogate.SetEarlier({Results(RandomPoints(40, 1), factor)});
  surrogate.Update(embedding, Results(RandomPoints(count, 2), 1), Target::kValue);
  return surrogate;
}

/// Rank errors of a model's means: pairs of points that it puts the wrong way round.
int Inversions(const Model& model) {
  const MatrixXd points = RandomPoints(40, 3);
  const VectorXd means = model.Predict(points).mean;
  int wrong = 0;
  for (Index i = 0; i < points.cols(); ++i) {
    for (Index j = 0; j < i; ++j) {
      wrong += (means[i] < means[j]) != (Bowl(points.col(i)) < Bowl(points.col(j))) ? 1 : 0;
    }
  }
  return wrong;
}

TEST_CASE("trend: weights of what is alike, of what says nothing and of the opposite",
          "[algorithms]") {
  Rng rng(1, Scope::Experiment(), Purpose::kSimulation);
  constexpr Index kCount = 60;
  MatrixXd basis(kCount, 3);
  VectorXd outputs(kCount);
  for (Index i = 0; i < kCount; ++i) {
    basis.row(i) << rng.Normal(), rng.Normal(), rng.Normal();
    outputs[i] = basis(i, 0) - basis(i, 2) + 0.1 * rng.Normal();
  }
  const VectorXd weights = TrendWeights(basis, basis, outputs, VectorXd::Zero(3));
  CHECK(weights[0] == Approx(1).margin(0.2));
  CHECK(weights[1] == Approx(0).margin(0.2));
  CHECK(weights[2] == 0);
  const RoughTrend rough = RoughlyOf(basis.leftCols(1), basis.col(0).array() + 5);
  CHECK(rough.offset == Approx(5).margin(0.1));
  CHECK(rough.unit == 0.3);
}

TEST_CASE("trend: a few results and what was found before rank a space better", "[algorithms]") {
  const Embedding embedding{Dimensions(2)};
  Surrogate alone(Surrogate::kDraws, 1);
  alone.Update(embedding, Results(RandomPoints(6, 2), 1), Target::kValue);
  const int without = Inversions(alone.model());
  CHECK(Inversions(Following(embedding, 1000, 6).model()) < without / 2);
  CHECK(Inversions(Following(embedding, -1, 12).model()) <= without + without / 4);
}

TEST_CASE("trend: gradients of predictions are those of finite differences", "[algorithms]") {
  const Embedding embedding{Dimensions(2)};
  const Surrogate surrogate = Following(embedding, 3, 10);
  constexpr double kStep = 1e-5;
  for (Model model : surrogate.models()) {
    model.Condition(VectorXd::Constant(2, 0.9), true);
    for (const VectorXd& point : {VectorXd{{0.2, 0.8}}, VectorXd{{0.55, 0.1}}}) {
      const PointPrediction at = model.PredictAt(point);
      const Prediction same = model.Predict(point);
      CHECK(at.mean == Approx(same.mean[0]));
      CHECK(at.sd == Approx(same.sd[0]));
      for (Index d = 0; d < 2; ++d) {
        const VectorXd step = kStep * VectorXd::Unit(2, d);
        const PointPrediction up = model.PredictAt(point + step);
        const PointPrediction down = model.PredictAt(point - step);
        CHECK(at.mean_slope[d] == Approx((up.mean - down.mean) / (2 * kStep)).margin(1e-5));
        CHECK(at.sd_slope[d] == Approx((up.sd - down.sd) / (2 * kStep)).margin(1e-5));
      }
    }
  }
}

TEST_CASE("trend: means at the model's own points are its predictions there", "[algorithms]") {
  const Embedding embedding{Dimensions(2)};
  const MatrixXd points = RandomPoints(10, 2);
  const Surrogate surrogate = Following(embedding, 3, 10);
  for (const Model& model : surrogate.models()) {
    const VectorXd predicted = model.Predict(points).mean;
    CHECK((model.FittedMeans() - predicted).cwiseAbs().maxCoeff() < 1e-8);
    CHECK(model.best() == Approx(predicted.minCoeff()));
  }
}

}  // namespace
}  // namespace hone::gp
