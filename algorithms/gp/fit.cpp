// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/fit.h"

#include <LBFGSB.h>

#include <cmath>
#include <exception>
#include <limits>

#include "algorithms/gp/likelihood.h"
#include "algorithms/gp/sample.h"

namespace hone::gp {
namespace {

// Warps are learned from this many results on.
constexpr Eigen::Index kWarpFrom = 12;
constexpr int kIterations = 30;
// Of more points an iteration is dear: one of the two starts is given up early.
constexpr Eigen::Index kFewPoints = 64;
constexpr int kIterationsOfRace = 10;
// Of so many, there is less to choose between.
constexpr Eigen::Index kManyPoints = 150;
constexpr int kIterationsOfMany = 20;
constexpr double kLonger = 1.5;  // of logarithms of lengthscales, in the second start
constexpr int kMaxEvaluationsPerIteration = 4;
// What L-BFGS-B sees instead of infinity, which it cannot stand.
constexpr double kVeryBad = 1e10;

/// Ends an optimisation that wants too many evaluations.
struct OutOfEvaluations : std::exception {};

LogPosterior PosteriorOf(const Embedding& embedding, const MatrixXd& points,
                         const VectorXd& outputs) {
  return {embedding, points, outputs, points.cols() >= kWarpFrom};
}

/// @param count  of points
VectorXd Mode(const LogPosterior& posterior, Eigen::Index count) {
  const Box box{posterior.LowerBounds(), posterior.UpperBounds()};
  const auto objective = [&](const VectorXd& theta, VectorXd* gradient) {
    return posterior(theta, gradient);
  };
  const bool race = count > kFewPoints && count < kManyPoints;
  int iterations = count < kManyPoints ? kIterations : kIterationsOfMany;
  iterations = race ? kIterationsOfRace : iterations;
  VectorXd start = posterior.PriorMode();
  Maximum best = Maximise(objective, start, box, iterations);
  // Longer lengthscales: the likelihood often has a second hill there.
  start.head(posterior.lengths()).array() += kLonger;
  const Maximum other = Maximise(objective, start, box, iterations);
  best = other.value > best.value ? other : best;
  if (race) {
    best = Maximise(objective, best.x, box, kIterations - kIterationsOfRace);
  }
  return best.x;
}

}  // namespace

Maximum Maximise(const Objective& objective, const VectorXd& start, const Box& box,
                 int iterations) {
  Maximum best{start, -std::numeric_limits<double>::infinity()};
  int left = iterations * kMaxEvaluationsPerIteration;
  const auto negated = [&](const VectorXd& x, VectorXd& gradient) {
    if (left-- == 0) {
      throw OutOfEvaluations();
    }
    const double value = objective(x, &gradient);
    if (!std::isfinite(value) || !gradient.allFinite()) {
      gradient.setZero();
      return kVeryBad;
    }
    if (value > best.value) {
      best = {x, value};
    }
    gradient = -gradient;
    return -value;
  };
  LBFGSpp::LBFGSBParam<double> parameters;
  parameters.max_iterations = iterations;
  parameters.epsilon = 1e-4;
  parameters.epsilon_rel = 1e-4;
  parameters.past = 1;
  parameters.delta = 1e-5;
  parameters.max_linesearch = 15;
  VectorXd x = start.cwiseMax(box.low).cwiseMin(box.high);
  double value = 0;
  try {
    LBFGSpp::LBFGSBSolver<double> solver(parameters);
    solver.minimize(negated, x, value, box.low, box.high);
  } catch (const std::exception&) {
    return best;  // a line search that found nothing better, or too many evaluations
  }
  return best;
}

Hyper Fit(const Embedding& embedding, const MatrixXd& points, const VectorXd& outputs) {
  const LogPosterior posterior = PosteriorOf(embedding, points, outputs);
  return posterior.Unpacked(Mode(posterior, points.cols()));
}

std::vector<Hyper> FitDraws(const Embedding& embedding, const MatrixXd& points,
                            const VectorXd& outputs, int count, Rng rng) {
  const LogPosterior posterior = PosteriorOf(embedding, points, outputs);
  std::vector<Hyper> draws;
  for (const VectorXd& theta : SliceSample(posterior, Mode(posterior, points.cols()), count, rng)) {
    draws.push_back(posterior.Unpacked(theta));
  }
  return draws;
}

}  // namespace hone::gp
