// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/surrogate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "algorithms/gp/fit.h"
#include "algorithms/gp/outputs.h"
#include "algorithms/gp/trend.h"
#include "algorithms/gp/trust_region.h"

namespace hone::gp {
namespace {

using Eigen::Index;

constexpr std::size_t kFitEach = 16;
constexpr std::size_t kMostBetweenFits = 50;
// Results in the model right after a fit, and those that the hyperparameters are fitted to.
constexpr std::size_t kMostInModel = 450;
constexpr std::size_t kMostInFit = 300;
constexpr std::size_t kMostWithDraws = 64;
constexpr double kWorst = std::numeric_limits<double>::infinity();

std::optional<double> OutputOf(const Observed& result, Target target) {
  switch (target) {
    case Target::kValue:
    case Target::kObjective:
    case Target::kBound:
      return result.value;
    case Target::kLogDuration:
      return result.log_duration;
    case Target::kFeasibility:
      return result.value || result.beyond ? 1.0 : -1.0;
  }
  return std::nullopt;
}

double BadnessOf(const Observed& result) {
  return result.stopped ? kWorst : result.value.value_or(kWorst);
}

/// At most `most` of these rows: some that come first in an order, and of the others every k-th, so
/// that the rest of the space is not forgotten. Ascending.
/// @param first  how many come first, <= most
std::vector<std::size_t> Thinned(std::vector<std::size_t> order, std::size_t first,
                                 std::size_t most) {
  const auto others = std::span(order).subspan(first);
  std::ranges::sort(others);
  const std::size_t wanted = most - first;
  for (std::size_t k = 0; k < wanted; ++k) {
    order[first + k] = others[k * others.size() / wanted];
  }
  order.resize(most);
  std::ranges::sort(order);
  return order;
}

/// At most `most` of these rows: half of them the best, or where there is a trust region three
/// quarters the nearest to the best.
std::vector<std::size_t> Chosen(std::span<const Observed> results,
                                std::span<const std::size_t> rows, std::size_t most, bool region) {
  std::vector<std::size_t> order(rows.begin(), rows.end());
  if (order.size() <= most) {
    return order;
  }
  const auto badness = [&](std::size_t i) { return BadnessOf(results[i]); };
  std::ranges::stable_sort(order, {}, badness);
  if (!region || order.size() < TrustRegion::kFrom) {
    return Thinned(std::move(order), most / 2, most);
  }
  const VectorXd centre = results[order.front()].point;
  const auto distance = [&](std::size_t i) { return (results[i].point - centre).squaredNorm(); };
  std::ranges::stable_sort(order, {}, distance);
  return Thinned(std::move(order), most - most / 4, most);
}

MatrixXd PointsOf(std::span<const Observed> results, const std::vector<std::size_t>& rows) {
  MatrixXd points(results.front().point.size(), static_cast<Index>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    points.col(static_cast<Index>(i)) = results[rows[i]].point;
  }
  return points;
}

/// Raises the values of trials that were stopped early to the worst of those that were not. Only
/// these rows count, so that what a model was fitted to does not change with later results.
void RaiseStopped(std::span<const Observed> results, const std::vector<std::size_t>& rows,
                  VectorXd& outputs) {
  double worst = -kWorst;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    worst = results[rows[i]].stopped ? worst : std::max(worst, outputs[static_cast<Index>(i)]);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double& output = outputs[static_cast<Index>(i)];
    output = results[rows[i]].stopped ? std::max(worst, output) : output;
  }
}

/// Root mean square, or 1 if that is nothing.
double SpreadOf(const VectorXd& y) {
  const double spread = std::sqrt(y.squaredNorm() / static_cast<double>(y.size()));
  return spread > 1e-12 ? spread : 1.0;
}

/// Draws in what is far from 0, on either side, by logarithms: near 0 a bound is kept or not.
/// @source  Eriksson, Poloczek 2021, "Scalable constrained Bayesian optimization", section 3
VectorXd DrawnIn(VectorXd excess) {
  const double most = excess.cwiseAbs().maxCoeff();
  excess /= most > 0 ? most : 1.0;  // so that squares are finite
  excess /= SpreadOf(excess);
  excess = excess.unaryExpr([](double y) { return std::copysign(std::log1p(std::abs(y)), y); });
  return excess / SpreadOf(excess);
}

/// Of results that have an output, as the model sees them.
VectorXd OutputsOf(std::span<const Observed> results, const std::vector<std::size_t>& rows,
                   Target target) {
  VectorXd outputs(static_cast<Index>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    outputs[static_cast<Index>(i)] = OutputOf(results[rows[i]], target).value_or(0);
  }
  if (target == Target::kValue || target == Target::kObjective) {
    RaiseStopped(results, rows, outputs);
    return TransformedOutputs(std::move(outputs), target == Target::kValue);
  }
  if (target == Target::kBound) {
    return DrawnIn(std::move(outputs));
  }
  if (target == Target::kLogDuration) {
    outputs.array() -= outputs.mean();
  }
  return outputs;
}

/// Whether each keeps the bounds, as far as anybody knows.
std::vector<bool> RowsWithin(std::span<const Observed> results,
                             const std::vector<std::size_t>& rows) {
  std::vector<bool> within;
  for (const std::size_t row : rows) {
    within.push_back(!results[row].beyond);
  }
  return within;
}

}  // namespace

std::size_t Surrogate::FitCount(std::size_t count) {
  std::size_t fit = std::min(count, kFitEach);
  while (fit >= kFitEach) {
    const std::size_t next = fit + std::min(fit / 10 + 1, kMostBetweenFits);
    if (next > count) {
      break;
    }
    fit = next;
  }
  return fit;
}

/// Of those that have results.
std::shared_ptr<const Trend> Surrogate::MakeTrend(const Embedding& embedding) const {
  std::vector<Model> known;
  for (const std::vector<Observed>& results : earlier_) {
    Surrogate surrogate;
    surrogate.Update(embedding, results, Target::kValue);
    known.push_back(surrogate.model());
  }
  return std::make_shared<const Trend>(std::move(known));
}

/// The most probable weights for the first draw, others for the rest.
Follows Surrogate::FollowedBy(std::size_t draw) const {
  if (trend_ == nullptr) {
    return {};
  }
  VectorXd shift = VectorXd::Zero(trend_->size());
  if (draw > 0) {
    Rng rng(seed_, {Scope::Kind::kGeneration, static_cast<std::uint32_t>(fitted_)},
            Purpose::kShuffle, static_cast<std::uint32_t>(draw));
    std::ranges::generate(shift, [&] { return rng.Normal(); });
  }
  return {trend_, std::move(shift)};
}

/// To the first `fitted_` of the known results.
void Surrogate::Refit(const Embedding& embedding, std::span<const Observed> results,
                      Target target) {
  const auto first = std::span(known_).first(fitted_);
  const bool region = draws_ > 1;
  const std::vector<std::size_t> sample = Chosen(results, first, kMostInFit, region);
  VectorXd outputs = OutputsOf(results, sample, target);
  const MatrixXd sampled = PointsOf(results, sample);
  if (trend_ != nullptr) {
    const MatrixXd basis = trend_->At(sampled);
    outputs = RoughlyOf(basis, outputs).Rest(basis, outputs);
  }
  outputs /= SpreadOf(outputs);
  const int draws = fitted_ <= kMostWithDraws ? draws_ : 1;
  const Rng rng(seed_, Scope::Experiment(), Purpose::kFit, static_cast<std::uint32_t>(fitted_));
  rows_ = Chosen(results, first, kMostInModel, region);
  const MatrixXd points = PointsOf(results, rows_);
  models_.clear();
  for (Hyper& hyper : FitDraws(embedding, sampled, outputs, draws, rng)) {
    models_.emplace_back(embedding, std::move(hyper), points, device_, FollowedBy(models_.size()));
  }
  in_model_ = fitted_;
}

void Surrogate::Update(const Embedding& embedding, std::span<const Observed> results,
                       Target target) {
  for (; seen_ < results.size(); ++seen_) {
    if (OutputOf(results[seen_], target)) {
      known_.push_back(seen_);
    }
  }
  if (!earlier_.empty() && trend_ == nullptr) {
    trend_ = MakeTrend(embedding);
  }
  const std::size_t fit = FitCount(known_.size());
  if (models_.empty() || fit != fitted_) {
    fitted_ = fit;
    Refit(embedding, results, target);
  }
  for (; in_model_ < known_.size(); ++in_model_) {
    const std::size_t row = known_[in_model_];
    for (Model& model : models_) {
      model.Append(results[row].point);
    }
    rows_.push_back(row);
  }
  const VectorXd outputs = OutputsOf(results, rows_, target);
  const std::vector<bool> within = RowsWithin(results, rows_);
  const bool some = std::ranges::find(within, true) != within.end();
  for (Model& model : models_) {
    model.SetOutputs(outputs);
    if (some) {
      model.LimitBest(within);
    }
  }
}

}  // namespace hone::gp
