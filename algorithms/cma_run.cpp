// SPDX-License-Identifier: Apache-2.0
#include "algorithms/cma_run.h"

#include <algorithm>
#include <cmath>

#include "algorithms/cma/margin.h"

namespace hone {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

// Of a population of default size in which each stepped or categorical variable has this margin, at
// least one variable is away from its mode with a probability of 0.27 a point (arXiv 2504.07884).
constexpr double kAllAtMode = 0.73;

/// The margin of each variable.
double AlphaOf(const CmaSpace& space) {
  const auto variables =
      static_cast<double>(space.stepped()) + static_cast<double>(space.choices().size());
  return 1 - std::pow(kAllAtMode, 1 / std::max(variables, 1.0));
}

}  // namespace

VectorXd CmaRun::Stretched(const VectorXd& x) const {
  const VectorXd& mean = strategy.mean();
  return (stretch.array() == 1).select(x, mean + stretch.cwiseProduct(x - mean));
}

void CmaRun::KeepMargins(const CmaSpace& space) {
  const double alpha = AlphaOf(space);
  for (Index i = 0; i < space.numbers(); ++i) {
    const double mean = strategy.mean()[i];
    if (const auto cell = space.CellOf(i, mean)) {
      const double deviation = strategy.Deviation(i);
      const cma::Stepped kept = cma::KeepMargin({mean, deviation * stretch[i]}, *cell, alpha);
      strategy.MoveMean(i, kept.mean);
      stretch[i] = kept.deviation / deviation;
    }
  }
}

CmaRun BeginRun(const CmaSpace& space, std::uint32_t number, const cma::Plan& plan, bool separable,
                std::uint64_t seed) {
  VectorXd start = VectorXd::Constant(space.numbers(), 0.5);
  if (number > 0) {
    Rng rng(seed, {Scope::Kind::kGeneration, number}, Purpose::kSample);
    for (double& u : start) {
      u = rng.Uniform();
    }
  }
  const cma::Options options{.sigma = plan.sigma, .lambda = plan.lambda, .separable = separable};
  const auto dimensions = space.numbers() + static_cast<Index>(space.choices().size());
  return {.number = number,
          .strategy = cma::Strategy(space.FromUniform(start), options),
          .stretch = VectorXd::Ones(space.numbers()),
          .categories = cma::Categories(space.choices(), AlphaOf(space)),
          .progress = cma::Progress(dimensions, plan.lambda),
          .most_evaluations = plan.most_evaluations};
}

void BeginAs(const CmaEarlier& earlier, const cma::Plan& plan, bool separable, CmaRun& run) {
  run.strategy = cma::Strategy(earlier.mean, {.sigma = earlier.sigma,
                                              .lambda = plan.lambda,
                                              .separable = separable,
                                              .covariance = earlier.covariance});
  run.categories.Start(earlier.probabilities);
}

}  // namespace hone
