// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "algorithms/gp/acquisition.h"
#include "algorithms/gp/fit.h"
#include "algorithms/gp/hypervolume.h"
#include "algorithms/gp/likelihood.h"
#include "algorithms/gp/outputs.h"
#include "algorithms/gp/search.h"
#include "algorithms/gp/surrogate.h"
#include "base/rng.h"
#include "tests/catch.h"

namespace hone::gp {
namespace {

using Eigen::Index;

Rng Numbers(std::uint32_t stream) {
  return {4711, Scope::Experiment(), Purpose::kSimulation, stream};
}

/// Two numbers, a category of three, and a number that counts only under two of the categories.
Dimensions Mixed() {
  Dimensions dimensions(4);
  dimensions[2] = {.categorical = true, .values = {1.0 / 6, 0.5, 5.0 / 6}};
  dimensions[3].parent = 2;
  dimensions[3].active_values = {true, false, true};
  return dimensions;
}

MatrixXd RandomPoints(const Dimensions& dimensions, Index count, Rng rng) {
  MatrixXd points(static_cast<Index>(dimensions.size()), count);
  for (Index i = 0; i < count; ++i) {
    for (Index d = 0; d < points.rows(); ++d) {
      points(d, i) = rng.Uniform();
    }
    points.col(i) = Snapped(dimensions, points.col(i));
  }
  return points;
}

VectorXd Bowl(const MatrixXd& points) {
  VectorXd y(points.cols());
  for (Index i = 0; i < y.size(); ++i) {
    y[i] = (points.col(i).array() - 0.3).square().sum() + std::sin(7 * points(0, i));
  }
  return TransformedOutputs(y);
}

VectorXd RandomTheta(const LogPosterior& posterior, Rng rng) {
  VectorXd theta = posterior.PriorMode();
  for (double& x : theta) {
    x += 0.4 * rng.Normal();
  }
  return theta;
}

/// Central differences. The step leaves an error of about 1e-9 of the function's third derivative.
template <class F>
VectorXd Differences(const F& f, VectorXd x) {
  constexpr double kStep = 1e-5;
  VectorXd slopes(x.size());
  for (Index i = 0; i < x.size(); ++i) {
    const double middle = x[i];
    x[i] = middle + kStep;
    const double above = f(x);
    x[i] = middle - kStep;
    slopes[i] = (above - f(x)) / (2 * kStep);
    x[i] = middle;
  }
  return slopes;
}

TEST_CASE("gp: the gradient of the log posterior is that of finite differences", "[algorithms]") {
  struct Row {
    Priors priors;
    bool warped;
    Index size;
  };
  const MatrixXd points = RandomPoints(Mixed(), 17, Numbers(1));
  const VectorXd outputs = Bowl(points);
  for (const Row& row : {Row{{}, false, 8}, Row{{}, true, 12}, Row{Priors::Learned(), true, 12}}) {
    const Embedding embedding(Mixed(), row.priors);
    const LogPosterior posterior(embedding, points, outputs, row.warped);
    CHECK(posterior.size() == row.size);
    for (std::uint32_t k = 0; k < 4; ++k) {
      const VectorXd theta = RandomTheta(posterior, Numbers(10 + k));
      VectorXd gradient;
      const double value = posterior(theta, &gradient);
      CHECK(value == Approx(posterior(theta, nullptr)).epsilon(1e-12));
      const VectorXd expected =
          Differences([&](const VectorXd& t) { return posterior(t, nullptr); }, theta);
      CHECK((gradient - expected).norm() < 1e-6 * (1 + expected.norm()));
    }
  }
}

TEST_CASE("gp: the prior mode is a maximum of the posterior without much data", "[algorithms]") {
  // One point at the mean says nothing about lengthscales.
  const MatrixXd point = MatrixXd::Constant(3, 1, 0.5);
  const VectorXd output = VectorXd::Zero(1);
  Dimensions dimensions(3);
  dimensions[1].scale = Scale::kLog;
  for (const Priors& priors : {Priors(), Priors::Learned()}) {
    const Embedding embedding(dimensions, priors);
    const LogPosterior posterior(embedding, point, output, false);
    VectorXd gradient;
    posterior(posterior.PriorMode(), &gradient);
    CHECK(gradient.head(3).cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("gp: log expected improvement and log probability against 60-digit values",
          "[algorithms]") {
  // mpmath 1.3 with 60 digits: log(phi + z Phi), its derivative, log Phi.
  struct Row {
    double z, log_ei, slope, log_cdf;
  };
  constexpr Row kRows[] = {
      {5, 1.6094379231264314, 0.19999994053122005, -2.8665161296376359e-7},
      {1, 0.08002621884930694, 0.77663872520173926, -0.17275377902344989},
      {0, -0.91893853320467274, 1.2533141373155003, -0.69314718055994531},
      {-1, -2.4851210257126413, 1.9042712333296918, -1.8410216450092635},
      {-3, -7.8696860596030285, 3.5323375176251605, -6.6077262215103495},
      {-3.999, -11.844629552292603, 4.4315667790109935, -10.355876356043406},
      {-4.001, -11.853494519785876, 4.4334007333155417, -10.364327570338337},
      {-6, -22.578879392169797, 6.3098407732098316, -20.736768949974706},
      {-10, -55.553122036122356, 10.194383033412553, -53.231285150512471},
      {-30, -457.724653760598, 30.066446154162419, -454.3212439563432},
      {-100, -5010.1295788002498, 100.01999400419587, -5005.5242086942051},
      {-1000, -500014.73445209116, 1000.001999994, -500007.82669481218},
      {-100000, -5000000023.9447895, 100000.00002, -5000000012.431864},
  };
  for (const Row& row : kRows) {
    INFO("z = " << row.z);
    double slope = 0;
    // Ten units in the last place of the terms that cancel at z = -4.
    CHECK(LogExpectedImprovement(row.z, &slope) == Approx(row.log_ei).epsilon(1e-13));
    CHECK(slope == Approx(row.slope).epsilon(1e-12));
    CHECK(LogNormalCdf(row.z, nullptr) == Approx(row.log_cdf).epsilon(1e-9));
    CHECK(std::isfinite(row.log_ei));
  }
}

void CheckGradients(const Criterion& criterion, const MatrixXd& at) {
  const VectorXd values = criterion.values(at);
  for (Index i = 0; i < at.cols(); ++i) {
    VectorXd gradient;
    CHECK(criterion.value_at(at.col(i), &gradient) == Approx(values[i]).epsilon(1e-9));
    VectorXd expected =
        Differences([&](const VectorXd& x) { return criterion.values(x)[0]; }, at.col(i));
    CHECK(gradient[2] == 0);  // a category has no slope
    CHECK((gradient - expected).norm() < 1e-5 * (1 + expected.norm()));
  }
}

TEST_CASE("gp: gradients of predictions and acquisitions are those of finite differences",
          "[algorithms]") {
  const Embedding embedding(Mixed());
  const MatrixXd points = RandomPoints(Mixed(), 20, Numbers(2));
  const VectorXd outputs = Bowl(points);
  Hyper hyper = Fit(embedding, points, outputs);
  hyper.log_a[0] = 0.3;
  hyper.log_b[1] = -0.4;
  std::vector<Model> draws(1, Model(embedding, hyper, points));
  hyper.log_length.array() += 0.5;
  hyper.linear = 0.4;
  hyper.additive = 0;
  draws.emplace_back(embedding, hyper, points);
  for (Model& model : draws) {
    model.SetOutputs(outputs);
  }
  Model other = draws.front();
  other.SetOutputs(-outputs);
  const MatrixXd at = RandomPoints(Mixed(), 6, Numbers(3));
  for (const auto kind :
       {Acquisition::Kind::kLogEi, Acquisition::Kind::kLogPi, Acquisition::Kind::kLcb}) {
    for (const std::size_t count : {1U, 2U}) {
      CheckGradients(Averaged({.kind = kind}, std::span(draws).first(count), {}), at);
    }
    CheckGradients(Averaged({.kind = kind}, draws, {&other, &other, {&other, &draws[1]}}), at);
  }
  CheckGradients(Chance({.bounds = {&other}}), at);
  for (const std::size_t count : {2U, 3U}) {
    const Model* const objectives[] = {draws.data(), &other, &draws[1]};
    std::vector<pareto::Losses> front{{0.5, -1, 0}, {-1, 0.5, 0.2}};
    for (pareto::Losses& point : front) {
      point.resize(count);
    }
    CheckGradients(HypervolumeGain(Undominated(front, pareto::Losses(count, 1)),
                                   std::span(objectives).first(count), {nullptr, &other}),
                   at);
  }
}

TEST_CASE("gp: a mean over draws is one of improvements, not of their logarithms", "[algorithms]") {
  const Embedding embedding(Dimensions(1));
  const MatrixXd points = RandomPoints(Dimensions(1), 5, Numbers(5));
  const Hyper near{VectorXd::Constant(1, -1.5), -8, 0, VectorXd::Zero(1), VectorXd::Zero(1)};
  Hyper far = near;
  far.log_length[0] = 1;
  std::vector<Model> draws{Model(embedding, near, points), Model(embedding, far, points)};
  for (Model& model : draws) {
    model.SetOutputs(Bowl(points));
  }
  const MatrixXd at = RandomPoints(Dimensions(1), 3, Numbers(6));
  const Criterion mean = Averaged({}, draws, {});
  for (Index i = 0; i < at.cols(); ++i) {
    double sum = 0;
    for (const Model& model : draws) {
      const Acquisition acquisition{.best = model.best()};
      sum += std::exp(acquisition.Values(model, at.col(i))[0]);
    }
    CHECK(mean.values(at.col(i))[0] == Approx(std::log(sum / 2)));
  }
}

TEST_CASE("gp: every acquisition at once is each of them", "[algorithms]") {
  const Embedding embedding(Mixed());
  const MatrixXd points = RandomPoints(Mixed(), 20, Numbers(2));
  const VectorXd outputs = Bowl(points);
  std::vector<Model> draws;
  for (const Hyper& hyper : FitDraws(embedding, points, outputs, 3, Numbers(9))) {
    draws.emplace_back(embedding, hyper, points);
    draws.back().SetOutputs(outputs);
  }
  const Weights weights{.bounds = {&draws[1]}};
  const MatrixXd at = RandomPoints(Mixed(), 6, Numbers(3));
  const MatrixXd all = EveryAcquisition(draws, weights)(at);
  Index column = 0;
  for (const auto kind :
       {Acquisition::Kind::kLogEi, Acquisition::Kind::kLogPi, Acquisition::Kind::kLcb}) {
    const VectorXd alone = Averaged({.kind = kind}, draws, weights).values(at);
    CHECK((all.col(column++) - alone).cwiseAbs().maxCoeff() < 1e-9);
  }
}

TEST_CASE("gp: what is beyond a bound is never the best, and its value counts", "[algorithms]") {
  const Embedding embedding(Dimensions(1));
  std::vector<Observed> results;
  for (int i = 0; i < 6; ++i) {
    results.push_back({VectorXd::Constant(1, 0.1 + 0.15 * i), 0.1 * i, std::nullopt});
  }
  Surrogate within;
  within.Update(embedding, results, Target::kValue);
  results[0].beyond = results[1].beyond = true;
  Surrogate some;
  some.Update(embedding, results, Target::kValue);
  CHECK(some.rows().size() == 6);
  CHECK(within.model().best() == within.model().FittedMeans()[0]);
  CHECK(some.model().best() == some.model().FittedMeans()[2]);
  for (Observed& result : results) {
    result.value.reset();
    result.beyond = true;
  }
  Surrogate labels;
  labels.Update(embedding, results, Target::kFeasibility);
  CHECK(labels.model().FittedMeans().minCoeff() > 0);  // none has failed
}

TEST_CASE("gp: a bound is learned in its place, however large the numbers", "[algorithms]") {
  const Dimensions dimensions(2);
  const Embedding embedding(dimensions);
  const MatrixXd points = RandomPoints(dimensions, 30, Numbers(7));
  for (const double unit : {1e-9, 1.0, 1e12, 1e307}) {
    INFO(unit);
    std::vector<Observed> excess;
    for (Index i = 0; i < points.cols(); ++i) {
      const double beyond = std::expm1(6 * (points(0, i) - 0.6));  // kept below 0.6
      excess.push_back({points.col(i), unit * beyond, std::nullopt});
    }
    Surrogate bound;
    bound.Update(embedding, excess, Target::kBound);
    const MatrixXd at = RandomPoints(dimensions, 100, Numbers(8));
    const VectorXd kept = LogKept(bound.model(), at);
    for (Index i = 0; i < at.cols(); ++i) {
      INFO(at.col(i).transpose());
      CHECK((at(0, i) > 0.5 || kept[i] > std::log(0.9)));
      CHECK((at(0, i) < 0.7 || kept[i] < std::log(0.1)));
    }
  }
}

TEST_CASE("gp: appended rows make the factor that is made at once", "[algorithms]") {
  const Embedding embedding(Dimensions(3));
  const MatrixXd points = RandomPoints(Dimensions(3), 90, Numbers(4));
  Hyper hyper{VectorXd::Constant(3, -1),
              std::log(1e-6),
              0.2,
              VectorXd::Zero(3),
              VectorXd::Zero(3),
              0.3,
              0.1};
  Model appended(embedding, hyper, points.leftCols(10));
  for (Index i = 10; i < points.cols(); ++i) {
    appended.Append(points.col(i));
  }
  const Model fresh(embedding, hyper, points);
  CHECK((appended.Factor() - fresh.Factor()).cwiseAbs().maxCoeff() < 1e-8);
}

TEST_CASE("gp: a model goes through noiseless outputs and is unsure elsewhere", "[algorithms]") {
  const Embedding embedding(Dimensions(1));
  MatrixXd points(1, 3);
  points << 0.1, 0.5, 0.6;
  VectorXd outputs(3);
  outputs << 1, -1, 0.5;
  const Hyper hyper{VectorXd::Constant(1, -1.5), std::log(1e-6), 0, VectorXd::Zero(1),
                    VectorXd::Zero(1)};
  Model model(embedding, hyper, points);
  model.SetOutputs(outputs);
  const Prediction at = model.Predict(points);
  CHECK((at.mean - outputs).cwiseAbs().maxCoeff() < 1e-3);
  CHECK((at.mean - model.FittedMeans()).cwiseAbs().maxCoeff() < 1e-9);
  CHECK(at.sd.maxCoeff() < 2e-3);
  const MatrixXd far = MatrixXd::Constant(1, 1, 0.9);
  const Prediction before = model.Predict(far);
  CHECK(before.sd[0] > 0.3);
  model.Condition(far, false);
  const Prediction after = model.Predict(far);
  CHECK(after.sd[0] < 2e-3);
  CHECK(after.mean[0] == Approx(before.mean[0]).epsilon(1e-6));
}

TEST_CASE("gp: the same point twice is no trouble", "[algorithms]") {
  const Embedding embedding(Dimensions(2));
  const MatrixXd points = MatrixXd::Constant(2, 30, 0.25);
  Hyper hyper{VectorXd::Constant(2, 3), std::log(1e-6), 0, VectorXd::Zero(2), VectorXd::Zero(2)};
  Model model(embedding, hyper, points);
  model.SetOutputs(VectorXd::Ones(30));
  model.Append(points.col(0));
  model.SetOutputs(VectorXd::Ones(31));
  CHECK(model.Factor().allFinite());
  CHECK(model.Predict(points.leftCols(1)).sd.allFinite());
  const Hyper fitted = Fit(embedding, points, VectorXd::Zero(30));
  CHECK(fitted.log_length.allFinite());
}

TEST_CASE("gp: inactive coordinates make no difference to the kernel", "[algorithms]") {
  const Embedding embedding(Mixed());
  const Hyper hyper{VectorXd::Zero(4), -4, 0, VectorXd::Zero(4), VectorXd::Zero(4)};
  MatrixXd points(4, 3);
  points.col(0) << 0.2, 0.3, 0.5, 0.1;  // category 1: the last coordinate is inactive
  points.col(1) << 0.2, 0.3, 0.5, 0.9;
  points.col(2) << 0.2, 0.3, 5.0 / 6, 0.9;
  const MatrixXd image = embedding.Map(hyper, points);
  const MatrixXd r2 = SquaredDistances(image, image);
  CHECK(r2(0, 1) < 1e-15);
  CHECK(r2(0, 2) == Approx(1 + 4 / (M_PI * M_PI)));
}

TEST_CASE("gp: transformed outputs keep their order and tame disasters", "[algorithms]") {
  VectorXd y(8);
  y << 3, 1, 2, 1e300, 4, 1e6, 2, 0.5;
  const VectorXd z = TransformedOutputs(y);
  for (Index i = 0; i < y.size(); ++i) {
    for (Index j = 0; j < y.size(); ++j) {
      INFO(i << " " << j);
      CHECK((y[i] < y[j]) == (z[i] < z[j]));
    }
  }
  CHECK(z.mean() == Approx(0).margin(1e-12));
  CHECK(z.squaredNorm() == Approx(8));
  CHECK(z.cwiseAbs().maxCoeff() < 4);
  CHECK(TransformedOutputs(VectorXd::Constant(5, 7.5)).isZero());
  CHECK(TransformedOutputs(VectorXd::Constant(1, 7.5)).isZero());
  VectorXd two(2);
  two << -1e308, 1e308;
  CHECK(TransformedOutputs(two).allFinite());
}

TEST_CASE("gp: fits happen at fixed counts", "[algorithms]") {
  CHECK(Surrogate::FitCount(1) == 1);
  CHECK(Surrogate::FitCount(15) == 15);
  CHECK(Surrogate::FitCount(17) == 16);
  CHECK(Surrogate::FitCount(18) == 18);
  std::size_t last = 0;
  for (std::size_t n = 1; n < 2000; ++n) {
    const std::size_t fit = Surrogate::FitCount(n);
    REQUIRE(fit <= n);
    REQUIRE(fit >= last);
    REQUIRE(Surrogate::FitCount(fit) == fit);
    REQUIRE(n - fit <= std::max<std::size_t>(n / 10, 0) + 1);
    REQUIRE(n - fit < 50);
    last = fit;
  }
}

TEST_CASE("gp: a surrogate that was kept is the one that is made anew", "[algorithms]") {
  const Dimensions dimensions(2);
  const Embedding embedding(dimensions);
  const MatrixXd points = RandomPoints(dimensions, 40, Numbers(6));
  std::vector<Observed> results;
  Surrogate kept(3, 7);
  for (Index i = 0; i < points.cols(); ++i) {
    const VectorXd point = points.col(i);
    const bool feasible = i % 7 != 3;
    results.push_back({point, feasible ? std::optional(point.squaredNorm()) : std::nullopt, 0.0});
    kept.Update(embedding, results, Target::kValue);
  }
  Surrogate fresh(3, 7);
  fresh.Update(embedding, results, Target::kValue);
  REQUIRE(kept.models().size() == 3);
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(kept.models()[k].Factor() == fresh.models()[k].Factor());
    CHECK(kept.models()[k].FittedMeans() == fresh.models()[k].FittedMeans());
  }
  CHECK(fresh.models()[1].hyper().log_length != fresh.models()[2].hyper().log_length);
  CHECK(fresh.rows().size() == 34);  // failures are no values
  fresh = Surrogate();
  fresh.Update(embedding, results, Target::kFeasibility);
  CHECK(fresh.rows().size() == 40);
}

/// A model of which of some points failed.
Surrogate Labels(const Embedding& embedding, const MatrixXd& points,
                 const std::function<bool(const VectorXd&)>& fails) {
  std::vector<Observed> results;
  for (Index i = 0; i < points.cols(); ++i) {
    const VectorXd point = points.col(i);
    results.push_back({point, fails(point) ? std::nullopt : std::optional(0.0), std::nullopt});
  }
  Surrogate labels;
  labels.Update(embedding, results, Target::kFeasibility);
  return labels;
}

TEST_CASE("gp: a region where all fails is learned, one failure among successes is not one",
          "[algorithms]") {
  const Dimensions dimensions(3);
  const Embedding embedding(dimensions);
  const MatrixXd points = RandomPoints(dimensions, 40, Numbers(7));
  const MatrixXd at = RandomPoints(dimensions, 100, Numbers(8));
  const Surrogate half = Labels(embedding, points, [](const VectorXd& x) { return x[1] > 0.6; });
  const VectorXd learned = LogFeasibility(half.model(), at);
  for (Index i = 0; i < at.cols(); ++i) {
    INFO(at.col(i).transpose());
    CHECK((at(1, i) < 0.75 || learned[i] < std::log(0.1)));
    CHECK((at(1, i) > 0.45 || learned[i] > std::log(0.8)));
  }
  const VectorXd failed = points.col(5);
  const Surrogate one = Labels(embedding, points, [&](const VectorXd& x) { return x == failed; });
  const VectorXd spared = LogFeasibility(one.model(), at);
  CHECK(spared.minCoeff() > std::log(0.3));
  CHECK(LogFeasibility(one.model(), failed)[0] < spared.minCoeff());
}

TEST_CASE("gp: every configuration of a small space is listed once", "[algorithms]") {
  Dimensions dimensions = Mixed();
  CHECK_FALSE(AllPoints(dimensions, 1000).has_value());
  for (const std::size_t d : {0U, 1U, 3U}) {
    dimensions[d].values = {0.25, 0.75};
  }
  // 2 * 2 * (2 with an active child of 2 + 1 without)
  const auto all = AllPoints(dimensions, 1000);
  REQUIRE(all.has_value());
  CHECK(all->cols() == 20);
  CHECK_FALSE(AllPoints(dimensions, 23).has_value());
}

TEST_CASE("gp: a bounded maximum is found, also at the edge", "[algorithms]") {
  const auto hill = [](const VectorXd& x, VectorXd* gradient) {
    *gradient = -2 * (x.array() - VectorXd::LinSpaced(3, -0.5, 0.5).array()).matrix();
    return -(x - VectorXd::LinSpaced(3, -0.5, 0.5)).squaredNorm();
  };
  const Box box{VectorXd::Zero(3), VectorXd::Ones(3)};
  const Maximum top = Maximise(hill, VectorXd::Constant(3, 0.9), box, 20);
  CHECK((top.x - Eigen::Vector3d(0, 0, 0.5)).norm() < 1e-4);
  const auto broken = [](const VectorXd& x, VectorXd* gradient) {
    *gradient = VectorXd::Constant(x.size(), std::numeric_limits<double>::quiet_NaN());
    return std::numeric_limits<double>::quiet_NaN();
  };
  CHECK(Maximise(broken, VectorXd::Constant(3, 0.9), box, 20).x[0] == 0.9);
}

}  // namespace
}  // namespace hone::gp
