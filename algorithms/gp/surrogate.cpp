// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/surrogate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "algorithms/gp/fit.h"
#include "algorithms/gp/outputs.h"

namespace hone::gp {
namespace {

using Eigen::Index;

constexpr std::size_t kFitEach = 16;
constexpr std::size_t kMostBetweenFits = 50;
// Results in the model right after a fit, and those that the hyperparameters are fitted to.
constexpr std::size_t kMostInModel = 450;
constexpr std::size_t kMostInFit = 300;
constexpr double kWorst = std::numeric_limits<double>::infinity();

std::optional<double> OutputOf(const Observed& result, Target target) {
  switch (target) {
    case Target::kValue:
      return result.value;
    case Target::kLogDuration:
      return result.log_duration;
    case Target::kFeasibility:
      return result.value ? 1.0 : -1.0;
  }
  return std::nullopt;
}

/// At most `most` of these rows: the best half of that number, and of the others every k-th, so
/// that the rest of the space is not forgotten. Ascending.
std::vector<std::size_t> Chosen(std::span<const Observed> results,
                                std::span<const std::size_t> rows, std::size_t most) {
  std::vector<std::size_t> order(rows.begin(), rows.end());
  if (order.size() <= most) {
    return order;
  }
  const auto badness = [&](std::size_t i) {
    return results[i].stopped ? kWorst : results[i].value.value_or(kWorst);
  };
  std::ranges::stable_sort(order, {}, badness);
  const auto others = std::span(order).subspan(most / 2);
  std::ranges::sort(others);
  const std::size_t wanted = most - most / 2;
  for (std::size_t k = 0; k < wanted; ++k) {
    order[most / 2 + k] = others[k * others.size() / wanted];
  }
  order.resize(most);
  std::ranges::sort(order);
  return order;
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

/// Of results that have an output, as the model sees them.
VectorXd OutputsOf(std::span<const Observed> results, const std::vector<std::size_t>& rows,
                   Target target) {
  VectorXd outputs(static_cast<Index>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    outputs[static_cast<Index>(i)] = OutputOf(results[rows[i]], target).value_or(0);
  }
  if (target == Target::kValue) {
    RaiseStopped(results, rows, outputs);
    return TransformedOutputs(std::move(outputs));
  }
  if (target == Target::kLogDuration) {
    outputs.array() -= outputs.mean();
  }
  return outputs;
}

/// Root mean square, or 1 if that is nothing.
double SpreadOf(const VectorXd& y) {
  const double spread = std::sqrt(y.squaredNorm() / static_cast<double>(y.size()));
  return spread > 1e-12 ? spread : 1.0;
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

void Surrogate::Update(const Embedding& embedding, std::span<const Observed> results,
                       Target target) {
  for (; seen_ < results.size(); ++seen_) {
    if (OutputOf(results[seen_], target)) {
      known_.push_back(seen_);
    }
  }
  const std::size_t fit = FitCount(known_.size());
  if (!model_ || fit != fitted_) {
    const auto first = std::span(known_).first(fit);
    const std::vector<std::size_t> sample = Chosen(results, first, kMostInFit);
    VectorXd outputs = OutputsOf(results, sample, target);
    outputs /= SpreadOf(outputs);
    Hyper hyper = Fit(embedding, PointsOf(results, sample), outputs);
    rows_ = Chosen(results, first, kMostInModel);
    model_ = std::make_unique<Model>(embedding, std::move(hyper), PointsOf(results, rows_));
    fitted_ = fit;
    in_model_ = fit;
  }
  for (; in_model_ < known_.size(); ++in_model_) {
    const std::size_t row = known_[in_model_];
    model_->Append(results[row].point);
    rows_.push_back(row);
  }
  model_->SetOutputs(OutputsOf(results, rows_, target));
}

}  // namespace hone::gp
