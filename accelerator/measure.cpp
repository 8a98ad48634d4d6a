// SPDX-License-Identifier: Apache-2.0
#include "accelerator/measure.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "algorithms/gp/model.h"
#include "base/rng.h"

namespace hone {
namespace {

using Eigen::Index;
using gp::MatrixXd;
using gp::VectorXd;

constexpr double kFasterBy = 1.25;
constexpr int kRepeats = 3;
// A model holds at most 512 points or so (gp/surrogate.cpp), and a search has so many candidates
// (gp/search.cpp).
constexpr Index kSizes[] = {32, 64, 128, 256, 512};
constexpr Index kOthers = 632;
constexpr std::size_t kDimensions = 10;
constexpr double kLargestDifference = 1e-6;

MatrixXd RandomPoints(Index rows, Index count) {
  Rng rng(1, Scope::Experiment(), Purpose::kSimulation);
  MatrixXd points(rows, count);
  for (double& x : points.reshaped()) {
    x = rng.Uniform();
  }
  return points;
}

/// With every part of the covariance in it.
gp::Hyper SomeHyper(Index dimensions) {
  gp::Hyper hyper;
  hyper.log_length = VectorXd::Constant(dimensions, -0.3);
  hyper.log_noise = -4;
  hyper.log_a = VectorXd::Zero(dimensions);
  hyper.log_b = VectorXd::Zero(dimensions);
  hyper.additive = 0.2;
  hyper.linear = 0.1;
  return hyper;
}

VectorXd OutputsAt(const MatrixXd& points) {
  return (3 * points.colwise().sum().array()).sin().matrix().transpose();
}

double Best(const std::function<double()>& seconds, const std::function<void()>& work) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kRepeats; ++i) {
    const double begin = seconds();
    work();
    best = std::min(best, seconds() - begin);
  }
  return best;
}

}  // namespace

std::optional<std::int64_t> FasterFrom(std::span<const Timing> timings) {
  std::optional<std::int64_t> from;
  for (const Timing& timing : timings) {
    if (!(timing.device_seconds * kFasterBy < timing.processor_seconds)) {
      from.reset();
    } else if (!from) {
      from = timing.size;
    }
  }
  return from;
}

Status CheckNumbers(CudaDevice& device) {
  gp::Dimensions dimensions(4);
  dimensions[1] = {.categorical = true, .values = {0.25, 0.75}};
  dimensions[2].parent = 1;
  dimensions[2].active_values = {true, false};
  const gp::Embedding embedding(dimensions);
  const gp::Hyper hyper = SomeHyper(4);
  const MatrixXd points = RandomPoints(4, 20);
  const MatrixXd others = RandomPoints(4, 40).rightCols(20);
  const UsedFrom always(device, {.factor = 0, .predict = 0});
  gp::Model here(embedding, hyper, points);
  gp::Model there(embedding, hyper, points, &always);
  here.SetOutputs(OutputsAt(points));
  there.SetOutputs(OutputsAt(points));
  const gp::Prediction mine = here.Predict(others);
  const gp::Prediction its = there.Predict(others);
  if (const auto why = device.Broken()) {
    return Fail(Code::kUnavailable, *why);
  }
  const double difference = std::max({(here.Factor() - there.Factor()).cwiseAbs().maxCoeff(),
                                      (mine.mean - its.mean).cwiseAbs().maxCoeff(),
                                      (mine.sd - its.sd).cwiseAbs().maxCoeff()});
  if (!(difference < kLargestDifference)) {
    return Fail(Code::kDataLoss, "its numbers are not the processor's: one of about 1 differs by " +
                                     std::to_string(difference));
  }
  return {};
}

Thresholds Measure(CudaDevice& device, const std::function<double()>& seconds) {
  const gp::Embedding embedding{gp::Dimensions(kDimensions)};
  const gp::Hyper hyper = SomeHyper(kDimensions);
  const MatrixXd others = RandomPoints(kDimensions, kOthers);
  const UsedFrom always(device, {.factor = 0, .predict = 0});
  std::vector<Timing> factors;
  std::vector<Timing> predictions;
  for (const Index n : kSizes) {
    const MatrixXd points = RandomPoints(kDimensions, n);
    const auto timed = [&](const gp::Device* by, double Timing::*took, Timing& factor,
                           Timing& prediction) {
      factor.*took = Best(seconds, [&] { (void)gp::Model(embedding, hyper, points, by); });
      gp::Model model(embedding, hyper, points, by);
      model.SetOutputs(OutputsAt(points));
      prediction.*took = Best(seconds, [&] { (void)model.Predict(others); });
    };
    Timing factor{.size = n};
    Timing prediction{.size = n * n * kOthers};
    timed(nullptr, &Timing::processor_seconds, factor, prediction);
    timed(&always, &Timing::device_seconds, factor, prediction);
    factors.push_back(factor);
    predictions.push_back(prediction);
  }
  if (device.Broken()) {
    return {};
  }
  return {FasterFrom(factors), FasterFrom(predictions)};
}

}  // namespace hone
