// SPDX-License-Identifier: Apache-2.0
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "algorithms/gp/covariance.h"
#include "algorithms/gp/criterion.h"
#include "algorithms/gp/front_search.h"
#include "algorithms/gp/hypervolume.h"
#include "algorithms/gp/sample.h"
#include "algorithms/gp/trust_region.h"
#include "base/rng.h"
#include "tests/catch.h"

namespace hone::gp {
namespace {

using Eigen::Index;
using pareto::Losses;

Rng Numbers(std::uint32_t stream) {
  return {815, Scope::Experiment(), Purpose::kSimulation, stream};
}

/// A number, a category of three, a number under two of the categories, a number.
Dimensions Mixed() {
  Dimensions dimensions(4);
  dimensions[1] = {.categorical = true, .values = {1.0 / 6, 0.5, 5.0 / 6}};
  dimensions[2].parent = 1;
  dimensions[2].active_values = {true, false, true};
  return dimensions;
}

MatrixXd RandomPoints(Index rows, Index count, Rng rng) {
  MatrixXd points(rows, count);
  for (double& x : points.reshaped()) {
    x = rng.Uniform();
  }
  return points;
}

Hyper SomeHyper() {
  Hyper hyper{VectorXd::Constant(4, -0.7), -4, 0.3, VectorXd::Zero(4), VectorXd::Zero(4), 0.4, 0.2};
  hyper.log_a[0] = 0.4;
  hyper.log_length[3] = 0.2;
  return hyper;
}

TEST_CASE("gp: what a pending point promises is no gain for its neighbours", "[algorithms]") {
  const Embedding embedding(Dimensions(1));
  const MatrixXd points{{0.1, 0.3, 0.5}};
  const VectorXd outputs{{1, 0.3, -0.4}};
  const Hyper hyper{VectorXd::Constant(1, -1), std::log(1e-6), 0, VectorXd::Zero(1),
                    VectorXd::Zero(1)};
  Model counting(embedding, hyper, points);
  counting.SetOutputs(outputs);
  const double best = counting.best();
  const VectorXd pending = VectorXd::Constant(1, 0.6);
  const double promised = counting.Predict(pending).mean[0];
  REQUIRE(promised < best - 0.1);
  Model passing = counting;
  counting.Condition(pending, true);
  passing.Condition(pending, false);
  CHECK(counting.best() == promised);
  CHECK(passing.best() == best);
  const auto gain = [](const Model& model) {
    const std::vector<Model> draws{model};
    return Averaged({}, draws, {}).values(MatrixXd::Constant(1, 1, 0.59))[0];
  };
  CHECK(gain(passing) > std::log(0.1));
  CHECK(gain(counting) < std::log(0.05));
}

TEST_CASE("covariance: the sum of its parts as they are defined, and positive definite",
          "[algorithms]") {
  const Embedding embedding(Mixed());
  const Hyper hyper = SomeHyper();
  const Covariance covariance(embedding, hyper);
  const MatrixXd image = embedding.Map(hyper, RandomPoints(4, 30, Numbers(1)));
  const MatrixXd k = covariance.Between(image, image);
  const MatrixXd centred = covariance.Centred(image);
  const auto matern = [](double r2) {
    const double r = std::sqrt(5 * r2);
    return (1 + r + r * r / 3) * std::exp(-r);
  };
  for (Index i = 0; i < image.cols(); ++i) {
    for (Index j = 0; j < i; ++j) {
      const VectorXd square = (image.col(i) - image.col(j)).array().square();
      double one_by_one = 0;
      for (std::size_t d = 0; d < 4; ++d) {
        const auto [first, count] = embedding.FeaturesOf(d);
        one_by_one += matern(square.segment(first, count).sum()) / 4;
      }
      const double expected = std::exp(0.3) * (0.6 * matern(square.sum()) + 0.4 * one_by_one) +
                              0.2 * centred.col(i).dot(centred.col(j)) + kMeanVariance;
      CHECK(k(i, j) == Approx(expected).epsilon(1e-10));
    }
  }
  CHECK((k.diagonal() - covariance.Variances(image)).norm() < 1e-9);
  CHECK((k - covariance.Sum(covariance.PartsOf(image, false))).norm() < 1e-6);
  CHECK(Eigen::SelfAdjointEigenSolver<MatrixXd>(k).eigenvalues().minCoeff() > -1e-10);
}

TEST_CASE("slice sampling: draws of the prior have its mean and spread, and are repeatable",
          "[algorithms]") {
  const Embedding embedding(Dimensions(1));
  const MatrixXd point = MatrixXd::Constant(1, 1, 0.5);
  const VectorXd output = VectorXd::Zero(1);
  const LogPosterior posterior(embedding, point, output, false);
  constexpr int kCount = 3000;
  const auto draws = SliceSample(posterior, posterior.PriorMode(), kCount, Numbers(2));
  REQUIRE(draws.size() == kCount);
  CHECK(draws.front() == posterior.PriorMode());
  CHECK(draws == SliceSample(posterior, posterior.PriorMode(), kCount, Numbers(2)));
  double mean = 0;
  double square = 0;
  for (const VectorXd& theta : draws) {
    CHECK((theta.array() >= posterior.LowerBounds().array()).all());
    CHECK((theta.array() <= posterior.UpperBounds().array()).all());
    mean += theta[0] / kCount;
    square += theta[0] * theta[0] / kCount;
  }
  // Lengthscale: LogNormal(sqrt 2, sqrt 3), cut at 100. Some tenth of the draws are independent, so
  // five standard errors are 0.5.
  CHECK(mean == Approx(std::sqrt(2)).margin(0.5));
  CHECK(std::sqrt(square - mean * mean) == Approx(std::sqrt(3)).margin(0.5));
}

double VolumeAdded(const Losses& y, const std::vector<Losses>& front, const Losses& reference,
                   Rng& rng, int samples) {
  // Of the box between y and the reference, the share that no point of the front dominates.
  double volume = 1;
  for (std::size_t k = 0; k < y.size(); ++k) {
    volume *= std::max(reference[k] - y[k], 0.0);
  }
  int free = 0;
  for (int i = 0; volume > 0 && i < samples; ++i) {
    Losses at = y;
    for (std::size_t k = 0; k < y.size(); ++k) {
      at[k] += rng.Uniform() * (reference[k] - y[k]);
    }
    free += std::ranges::none_of(front, [&](const Losses& point) {
      bool dominates = true;
      for (std::size_t k = 0; k < at.size(); ++k) {
        dominates = dominates && point[k] <= at[k];
      }
      return dominates;
    });
  }
  return volume * free / samples;
}

TEST_CASE("hypervolume: the expected gain is that of Monte Carlo", "[algorithms]") {
  struct Row {
    const char* name;
    std::vector<Losses> front;
    Losses mean;
    Losses sd;
  };
  const Row rows[] = {
      {"no front", {}, {0.2, 0.4}, {0.3, 0.2}},
      {"one point", {{0.5, 0.5}}, {0.4, 0.6}, {0.3, 0.3}},
      {"stairs", {{0.1, 0.9}, {0.3, 0.4}, {0.6, 0.2}, {0.95, 0.05}}, {0.3, 0.3}, {0.2, 0.4}},
      {"dominated", {{0.1, 0.9}, {0.3, 0.4}, {0.6, 0.2}}, {0.7, 0.8}, {0.3, 0.3}},
      {"three, no front", {}, {0.2, 0.4, 0.7}, {0.3, 0.2, 0.1}},
      {"three, equal levels",
       {{0.2, 0.8, 0.5}, {0.5, 0.5, 0.5}, {0.8, 0.5, 0.1}, {0.4, 0.9, 0.2}},
       {0.5, 0.5, 0.4},
       {0.2, 0.2, 0.3}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const Losses reference(row.mean.size(), 1.0);
      const Undominated undominated(row.front, reference);
      Rng rng = Numbers(3);
      constexpr int kSamples = 40000;
      double sum = 0;
      double square = 0;
      for (int i = 0; i < kSamples; ++i) {
        Losses y = row.mean;
        for (std::size_t k = 0; k < y.size(); ++k) {
          y[k] += row.sd[k] * rng.Normal();
        }
        const double added = VolumeAdded(y, row.front, reference, rng, 4);
        sum += added;
        square += added * added;
      }
      const double mean = sum / kSamples;
      const double error = std::sqrt((square / kSamples - mean * mean) / kSamples);
      const double found = std::exp(undominated.LogExpected(row.mean, row.sd, nullptr));
      CHECK(std::abs(found - mean) < 5 * error);  // false alarm: 6e-7 each
    }
  }
}

TEST_CASE("hypervolume: far beyond hope the logarithm still has a slope", "[algorithms]") {
  const std::vector<Losses> front{{0.1, 0.9}, {0.3, 0.4}, {0.6, 0.2}};
  const Undominated undominated(front, {1, 1});
  std::vector<std::array<double, 2>> slopes;
  const Losses mean{9, 7};
  const Losses sd{0.05, 0.05};
  const double there = undominated.LogExpected(mean, sd, &slopes);
  CHECK(std::isfinite(there));
  CHECK(there < -1000);
  CHECK(slopes[0][0] < -100);
  const Losses nearer{8.9, 7};
  CHECK(undominated.LogExpected(nearer, sd, nullptr) > there);
}

TEST_CASE("trust region: shrinks with failures, grows with successes, starts again",
          "[algorithms]") {
  TrustRegion region(3);
  for (std::size_t i = 0; i < TrustRegion::kFrom; ++i) {
    CHECK_FALSE(region.length().has_value());
    region.Observe(100);
  }
  REQUIRE(region.length().has_value());
  CHECK(*region.length() == 0.8);
  for (int i = 0; i < 4; ++i) {
    region.Observe(100);
  }
  CHECK(*region.length() == 0.4);
  for (const double value : {90, 80, 70}) {
    region.Observe(value);
  }
  CHECK(*region.length() == 0.8);
  region.Observe(69.99999);  // too little to count
  CHECK(*region.length() == 0.8);
  for (int i = 0; i < 3 + 6 * 4; ++i) {
    region.Observe(100);
  }
  CHECK_FALSE(region.length().has_value());  // below 1 / 128
  for (int i = 0; i < 7; ++i) {
    region.Observe(100);
  }
  CHECK(*region.length() == 0.8);
}

TEST_CASE("trust region: a box inside the space, longer where the model varies less",
          "[algorithms]") {
  TrustRegion region(4);
  for (std::size_t i = 0; i < TrustRegion::kFrom + 8; ++i) {
    region.Observe(0);
  }
  REQUIRE(*region.length() == 0.2);
  Dimensions dimensions(4);
  dimensions[1] = {.categorical = true, .values = {0.25, 0.75}};
  const VectorXd centre = VectorXd::Constant(4, 0.5);
  VectorXd lengths(4);
  lengths << std::log(2), 0, 0, -std::log(2);
  const Box box = region.Around(centre, dimensions, lengths);
  const VectorXd width = box.high - box.low;
  CHECK(width[0] == Approx(0.4));
  CHECK(width[1] == 1);
  CHECK(width[2] == Approx(0.2));
  CHECK(width[3] == Approx(0.1));
  const Box corner = region.Around(VectorXd::Constant(4, 0.95), dimensions, lengths);
  CHECK(corner.high.maxCoeff() == 1);
}

/// Two criteria of a point: how near it is to 0.2 everywhere, and how near to 0.8.
MatrixXd NearTwo(const MatrixXd& points) {
  MatrixXd values(points.cols(), 2);
  for (Index k = 0; k < 2; ++k) {
    const VectorXd place = VectorXd::Constant(points.rows(), k == 0 ? 0.2 : 0.8);
    values.col(k) = -(points.colwise() - place).colwise().norm();
  }
  return values;
}

TEST_CASE("gp: a point of a front of criteria is one, whatever the draw", "[algorithms]") {
  // The front is the line between the two places.
  const Dimensions dimensions(3);
  const MatrixXd incumbents = VectorXd::Constant(3, 0.5);
  std::vector<double> along;
  for (std::uint32_t k = 0; k < 12; ++k) {
    SearchOptions options;
    options.taken = [](const VectorXd&) { return false; };
    options.feasible = [](const VectorXd& x) { return x[0] < 0.7; };
    const auto point =
        SearchFront(dimensions, {&NearTwo, &NearTwo}, incumbents, options, Numbers(20 + k));
    REQUIRE(point.has_value());
    CHECK((*point)[0] < 0.7);
    const double middle = point->mean();
    CHECK((point->array() - middle).matrix().norm() < 0.35);
    along.push_back(middle);
  }
  const auto [least, most] = std::ranges::minmax(along);
  CHECK(most - least > 0.2);  // not the same end each time
}

TEST_CASE("gp: a front of what was taken is no proposal", "[algorithms]") {
  Dimensions dimensions(1);
  dimensions[0] = {.categorical = true, .values = {0.25, 0.75}};
  SearchOptions options;
  const MatrixXd incumbents = MatrixXd::Constant(1, 1, 0.25);
  options.taken = [](const VectorXd& x) { return x[0] < 0.5; };
  const auto one = SearchFront(dimensions, {&NearTwo, &NearTwo}, incumbents, options, Numbers(1));
  REQUIRE(one.has_value());
  CHECK((*one)[0] == 0.75);
  options.taken = [](const VectorXd&) { return true; };
  CHECK_FALSE(SearchFront(dimensions, {&NearTwo, &NearTwo}, incumbents, options, Numbers(1)));
}

}  // namespace
}  // namespace hone::gp
