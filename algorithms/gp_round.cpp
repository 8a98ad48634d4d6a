// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp_round.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "algorithms/pareto/scalarise.h"
#include "base/rng.h"

namespace hone {
namespace {

using Eigen::Index;
using gp::VectorXd;

constexpr std::size_t kIncumbents = 5;
// Of several objectives: each third trial is weighed by ParEGO. Of the best front's hypervolume, 50
// trials found 92.1 % so, 88.5 without, 88.8 by ParEGO alone (benchmarks/quality/fronts.py, 2
// seeds).
constexpr TrialNumber kScalariseEvery = 3;
// gp_hedge draws from the first stream of its purpose.
constexpr std::uint32_t kWeightsStream = 1;

bool IsTimed(const gp::Observed& result) {
  return result.log_duration.has_value();
}

std::ptrdiff_t BoundsBroken(const gp::Observed& result) {
  return std::ranges::count_if(result.excess, [](double excess) { return excess > 0; });
}

/// The results that break the fewest bounds, and of these have the lowest posterior means.
gp::MatrixXd Incumbents(const gp::Surrogate& value, const std::vector<gp::Observed>& results) {
  const VectorXd means = value.model().FittedMeans();
  const std::vector<std::size_t>& rows = value.rows();
  std::vector<std::tuple<std::ptrdiff_t, double, std::size_t>> good;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    good.emplace_back(BoundsBroken(results[rows[i]]), means[static_cast<Index>(i)], rows[i]);
  }
  std::ranges::sort(good);
  good.resize(std::min<std::size_t>(good.size(), kIncumbents));
  gp::MatrixXd incumbents(results.front().point.size(), std::ssize(good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    incumbents.col(static_cast<Index>(i)) = results[std::get<2>(good[i])].point;
  }
  return incumbents;
}

/// Proposals that follow have to improve on what the pending ones are expected to find as well:
/// else they would gather around the most promising of them.
/// @source  Ginsbourger, Le Riche, Carraro 2010, "Kriging is well-suited to parallelize
///          optimization", section 4.2 (the kriging believer)
void Believe(GpRound& round, const VectorXd& point) {
  const bool within = round.ExpectsWithin(point);
  for (gp::Model& model : round.value) {
    model.Condition(point, within);
  }
}

void SetValue(GpRound& round, const gp::Surrogate& value,
              const std::vector<gp::Observed>& results) {
  round.value = value.models();
  round.incumbents = Incumbents(value, results);
  for (const VectorXd& point : round.pending) {
    Believe(round, point);
  }
}

}  // namespace

gp::Weights GpRound::weights() const {
  gp::Weights weights{duration.get(), feasibility.get()};
  for (const gp::Model& bound : bounds) {
    weights.bounds.push_back(&bound);
  }
  return weights;
}

void GpRound::Add(const VectorXd& point) {
  taken.insert(point);
  pending.push_back(point);
  Believe(*this, point);
  for (gp::Model& model : bounds) {
    model.Condition(point, false);
  }
}

bool GpRound::ExpectsWithin(const VectorXd& point) const {
  const auto kept = [&](const gp::Model& bound) { return bound.Predict(point).mean[0] <= 0; };
  return std::ranges::all_of(bounds, kept) &&
         (feasibility == nullptr || feasibility->Predict(point).mean[0] >= 0);
}

/// A model of the results as one number, by the weights of this trial.
gp::Surrogate GpModels::ScalarModel(const GpResults& results, TrialNumber number) const {
  Rng rng(seed_, Scope::Trial(number), Purpose::kShuffle, kWeightsStream);
  const std::vector<double> weights = pareto::DrawWeights(options_.objectives, rng);
  gp::Surrogate surrogate;
  surrogate.Update(embedding_, gp::Scalarised(results.results(), results.losses(), weights),
                   gp::Target::kValue);
  return surrogate;
}

void GpModels::SetFor(GpRound& round, const GpResults& results, TrialNumber number) const {
  SetWeights(round, results);
  round.front.reset();
  if (options_.UsesFront() && number % kScalariseEvery != 0 && SetFront(round, results)) {
    return;
  }
  if (options_.objectives > 1) {
    return SetValue(round, ScalarModel(results, number), results.results());
  }
  value_.WithLock([&](gp::Surrogate& value) {
    value.Update(embedding_, results.results(), gp::Target::kValue);
    SetValue(round, value, results.results());
  });
}

/// @returns  false: no trial has come to its end yet
bool GpModels::SetFront(GpRound& round, const GpResults& results) const {
  const std::vector<std::vector<gp::Observed>> by_objective = results.ByObjective();
  gp::FrontModels front = objectives_.WithLock([&](std::vector<gp::Surrogate>& surrogates) {
    surrogates.resize(options_.objectives);
    return gp::FrontOf(embedding_, surrogates, by_objective, results.losses());
  });
  if (front.points.empty()) {
    return false;
  }
  round.incumbents = front.Spread(kIncumbents);
  for (const VectorXd& point : round.pending) {
    front.Condition(point);
  }
  round.front = std::move(front);
  return true;
}

/// The models that weigh on what the others say.
void GpModels::SetWeights(GpRound& round, const GpResults& results) const {
  round.bounds.clear();
  others_.WithLock([&](Others& others) {
    const std::vector<gp::Observed>& all = results.results();
    if (results.failed() > 0) {
      others.feasibility.Update(plain_, all, gp::Target::kFeasibility);
      round.feasibility = std::make_unique<gp::Model>(others.feasibility.model());
    }
    if (options_.PerSecond() && std::ranges::any_of(all, IsTimed)) {
      others.duration.Update(plain_, all, gp::Target::kLogDuration);
      round.duration = std::make_unique<gp::Model>(others.duration.model());
    }
    others.bounds.resize(results.bounds());
    for (std::size_t k = 0; k < results.bounds(); ++k) {
      others.bounds[k].Update(plain_, results.ExcessOf(k), gp::Target::kBound);
      round.bounds.push_back(others.bounds[k].model());
    }
  });
  for (gp::Model& bound : round.bounds) {
    for (const VectorXd& point : round.pending) {
      bound.Condition(point, false);
    }
  }
  round.some_within = results.some_within() || round.bounds.empty();
}

}  // namespace hone
