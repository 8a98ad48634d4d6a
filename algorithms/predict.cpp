// SPDX-License-Identifier: Apache-2.0
#include "algorithms/predict.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/gp/outputs.h"
#include "algorithms/gp/surrogate.h"
#include "algorithms/unit_space.h"

namespace hone {
namespace {

using Eigen::Index;
using gp::VectorXd;

// Equally probable values of the model's normal distribution that stand for all of it.
constexpr int kQuantiles = 100;
constexpr double kTail = 0.05;

double NormalQuantile(double probability) {
  return boost::math::quantile(boost::math::normal(), probability);
}

/// Of the completed ones.
Result<std::vector<gp::Observed>> ResultsOf(const UnitSpace& space,
                                            std::span<const PastTrial> trials) {
  std::vector<gp::Observed> results;
  for (const PastTrial& trial : trials) {
    if (trial.outcome != PastTrial::Outcome::kCompleted) {
      continue;
    }
    HONE_ASSIGN_OR_RETURN(VectorXd point, space.Encode(trial.values));
    results.push_back({std::move(point), trial.value, std::nullopt});
  }
  return results;
}

}  // namespace

struct Predictor::Fitted {
  UnitSpace space;
  gp::Embedding embedding;
  gp::Surrogate surrogate;
  gp::OutputMap map;
  double sign = 1;
  std::size_t trials = 0;
};

Predictor::Predictor(std::unique_ptr<const Fitted> fitted) : fitted_(std::move(fitted)) {}
Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;

Result<Predictor> Predictor::Create(const Space& space, std::span<const PastTrial> trials,
                                    Direction direction) {
  HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(space));
  UnitSpace unit(space, std::move(encoder));
  HONE_ASSIGN_OR_RETURN(const std::vector<gp::Observed> results, ResultsOf(unit, trials));
  if (results.size() < kLeastForPrediction) {
    return Fail(Code::kFailedPrecondition, "a prediction needs " +
                                               std::to_string(kLeastForPrediction) +
                                               " trials that ended with a number; there are " +
                                               std::to_string(results.size()));
  }
  if (unit.size() == 0) {
    return Fail(Code::kFailedPrecondition, "no parameter has two values: nothing to predict");
  }
  const gp::Embedding embedding(unit.dimensions());
  gp::Surrogate surrogate;
  surrogate.Update(embedding, results, gp::Target::kValue);
  VectorXd outputs(std::ssize(surrogate.rows()));
  for (Index i = 0; i < outputs.size(); ++i) {
    outputs[i] = results[surrogate.rows()[static_cast<std::size_t>(i)]].value.value_or(0);
  }
  gp::OutputMap map(outputs, gp::TransformedOutputs(outputs));
  const double sign = direction == Direction::kMinimize ? 1 : -1;
  return Predictor(std::make_unique<const Fitted>(Fitted{
      std::move(unit), embedding, std::move(surrogate), std::move(map), sign, results.size()}));
}

std::size_t Predictor::trials() const {
  return fitted_->trials;
}

Result<Prediction> Predictor::At(const Assignment& values) const {
  HONE_ASSIGN_OR_RETURN(const VectorXd point, fitted_->space.Encode(values));
  const gp::Prediction found = fitted_->surrogate.model().Predict(point);
  const auto back = [&](double probability) {
    const double place = found.mean[0] + found.sd[0] * NormalQuantile(probability);
    return fitted_->sign * fitted_->map.Back(place);
  };
  VectorXd quantiles(kQuantiles);
  for (int i = 0; i < kQuantiles; ++i) {
    quantiles[i] = back((i + 0.5) / kQuantiles);
  }
  Prediction prediction;
  prediction.mean = quantiles.mean();
  prediction.spread = std::sqrt((quantiles.array() - prediction.mean).square().mean());
  std::tie(prediction.low, prediction.high) = std::minmax(back(kTail), back(1 - kTail));
  return prediction;
}

}  // namespace hone
