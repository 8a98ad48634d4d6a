// SPDX-License-Identifier: Apache-2.0
#include "algorithms/predict.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/gp/outputs.h"
#include "base/rng.h"
#include "base/text.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"

namespace hone {
namespace {

using Outcome = PastTrial::Outcome;

const Space& Curved() {
  static const Space space{{spaces::Real("lr", 1e-3, 1, Distribution::kLogUniform),
                            spaces::Words("kind", {"a", "b"}),
                            spaces::When(spaces::Real("x", 0, 1), "kind", {"b"}, "0")}};
  return space;
}

double Number(const Value& value) {
  return ParseDouble(value.text).value();
}

/// A loss between 0 and about 30.
double LossOf(const Assignment& v) {
  const double l = std::log10(Number(v[0])) + 2;
  return 7 * l * l + (v[2].active ? 2 * std::abs(Number(v[2]) - 0.5) : 1);
}

std::vector<Assignment> Points(std::uint32_t count, std::uint32_t stream) {
  const SpaceEncoder encoder = SpaceEncoder::Create(Curved()).value();
  Rng rng(4, Scope::Experiment(), Purpose::kSimulation, stream);
  std::vector<Assignment> points(count);
  for (Assignment& point : points) {
    std::vector<double> u(encoder.dimensions());
    std::ranges::generate(u, [&] { return rng.Uniform(); });
    point = encoder.Decode(u);
  }
  return points;
}

/// Completed trials with sign times the loss, as a searcher would be told.
std::vector<PastTrial> Trials(std::uint32_t count, double scale = 1) {
  std::vector<PastTrial> trials;
  for (const Assignment& point : Points(count, 0)) {
    trials.push_back({static_cast<TrialNumber>(trials.size() + 1), Outcome::kCompleted, point,
                      scale * LossOf(point)});
  }
  return trials;
}

TEST_CASE("predict: is near the truth at points it has not seen, and says how near",
          "[algorithms]") {
  const auto predictor = Predictor::Create(Curved(), Trials(60), Direction::kMinimize);
  REQUIRE(predictor.has_value());
  CHECK(predictor->trials() == 60);
  double error = 0;
  int inside = 0;
  const auto points = Points(100, 1);
  for (const Assignment& point : points) {
    const Prediction found = predictor->At(point).value();
    const double truth = LossOf(point);
    error += std::abs(found.mean - truth) / 100;
    inside += found.low - 0.3 <= truth && truth <= found.high + 0.3 ? 1 : 0;
    CHECK(found.low <= found.mean);
    CHECK(found.mean <= found.high);
    CHECK(found.spread >= 0);
  }
  CHECK(error < 0.4);  // of losses that have a standard deviation of 8
  CHECK(inside >= 80);
}

TEST_CASE("predict: in the objective's own units and direction", "[algorithms]") {
  const auto small = Predictor::Create(Curved(), Trials(30), Direction::kMinimize);
  const auto large = Predictor::Create(Curved(), Trials(30, 1024), Direction::kMinimize);
  const auto negated = Predictor::Create(Curved(), Trials(30), Direction::kMaximize);
  REQUIRE((small.has_value() && large.has_value() && negated.has_value()));
  for (const Assignment& point : Points(10, 2)) {
    const Prediction one = small->At(point).value();
    const Prediction scaled = large->At(point).value();
    const Prediction other = negated->At(point).value();
    CHECK(scaled.mean == Approx(1024 * one.mean).epsilon(1e-6));
    CHECK(scaled.spread == Approx(1024 * one.spread).epsilon(1e-6));
    CHECK(other.mean == -one.mean);
    CHECK(other.low == -one.high);
    CHECK(other.spread == one.spread);
  }
}

TEST_CASE("predict: spreads less where there were trials", "[algorithms]") {
  const auto trials = Trials(40);
  const auto predictor = Predictor::Create(Curved(), trials, Direction::kMinimize);
  REQUIRE(predictor.has_value());
  double at_trials = 0;
  for (const PastTrial& trial : trials) {
    const Prediction found = predictor->At(trial.values).value();
    at_trials += found.spread / 40;
    CHECK(found.mean == Approx(trial.value).margin(1));
  }
  double elsewhere = 0;
  for (const Assignment& point : Points(40, 3)) {
    elsewhere += predictor->At(point).value().spread / 40;
  }
  CHECK(at_trials < 0.5 * elsewhere);
}

TEST_CASE("predict: what did not complete is left out; too little is an error", "[algorithms]") {
  auto trials = Trials(12);
  const auto whole = Predictor::Create(Curved(), trials, Direction::kMinimize);
  trials.push_back({13, Outcome::kStopped, trials[0].values, 1e9});
  trials.push_back({14, Outcome::kInfeasible, trials[1].values, -1e9});
  const auto more = Predictor::Create(Curved(), trials, Direction::kMinimize);
  REQUIRE((whole.has_value() && more.has_value()));
  for (const Assignment& point : Points(5, 5)) {
    CHECK(whole->At(point).value().mean == more->At(point).value().mean);
  }
  const auto few = Predictor::Create(Curved(), Trials(4), Direction::kMinimize);
  REQUIRE_FALSE(few.has_value());
  CHECK(few.error().code == Code::kFailedPrecondition);
  const Space fixed{{spaces::Whole("n", 3, 3)}};
  const std::vector<PastTrial> same(5, {1, Outcome::kCompleted, {{"3", true}}, 1.0});
  CHECK(Predictor::Create(fixed, same, Direction::kMinimize).error().code ==
        Code::kFailedPrecondition);
}

TEST_CASE("predict: a constant objective is expected everywhere", "[algorithms]") {
  auto trials = Trials(10);
  std::ranges::for_each(trials, [](PastTrial& trial) { trial.value = 2.5; });
  const auto predictor = Predictor::Create(Curved(), trials, Direction::kMinimize);
  REQUIRE(predictor.has_value());
  const Prediction found = predictor->At(trials[0].values).value();
  CHECK(found.mean == 2.5);
  CHECK(found.spread == 0);
}

TEST_CASE("gp: outputs go back to what they were, in order, and not beyond the worst",
          "[algorithms]") {
  const gp::VectorXd outputs{{3, -1, 10, 0.5, 0.5, 1e9, 2, -0.8}};
  const gp::VectorXd transformed = gp::TransformedOutputs(outputs);
  const gp::OutputMap map(outputs, transformed);
  for (Eigen::Index i = 0; i < outputs.size(); ++i) {
    CHECK(map.Back(transformed[i]) == Approx(outputs[i]));
  }
  CHECK(map.Back(transformed.maxCoeff() + 5) == 1e9);
  CHECK(map.Back(transformed.minCoeff() - 1) < -1);
  double last = -1e300;
  for (double t = -4; t < 4; t += 0.01) {
    CHECK(map.Back(t) >= last);
    last = map.Back(t);
  }
}

}  // namespace
}  // namespace hone
