// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/surrogate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

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

/// At most `most` of the first `count` results: the best half of that number, and of the others
/// every k-th, so that the rest of the space is not forgotten. Ascending.
std::vector<std::size_t> Chosen(std::span<const Observed> results, std::size_t most) {
  std::vector<std::size_t> order(results.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() <= most) {
    return order;
  }
  const auto badness = [&](std::size_t i) {
    return results[i].value.value_or(std::numeric_limits<double>::infinity());
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

/// Transformed outputs of those that have one; the others get the worst (values) or 0 (durations).
VectorXd OutputsOf(std::span<const Observed> results, const std::vector<std::size_t>& rows,
                   Target target) {
  std::vector<double> known;
  const auto raw = [&](std::size_t row) {
    return target == Target::kValue ? results[row].value : results[row].log_duration;
  };
  for (const std::size_t row : rows) {
    if (const auto value = raw(row)) {
      known.push_back(*value);
    }
  }
  VectorXd outputs = Eigen::Map<VectorXd>(known.data(), static_cast<Index>(known.size()));
  double missing = 0;
  if (target == Target::kValue) {
    outputs = TransformedOutputs(std::move(outputs));
    missing = outputs.size() > 0 ? std::max(outputs.maxCoeff(), 1.0) : 1.0;
  } else if (outputs.size() > 0) {
    outputs.array() -= outputs.mean();
  }
  VectorXd all(static_cast<Index>(rows.size()));
  Index next = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    all[static_cast<Index>(i)] = raw(rows[i]) ? outputs[next++] : missing;
  }
  return all;
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
  const std::size_t fit = FitCount(results.size());
  if (!model_ || fit != fitted_ || seen_ > results.size()) {
    const auto first = results.first(fit);
    const std::vector<std::size_t> sample = Chosen(first, kMostInFit);
    VectorXd outputs = OutputsOf(first, sample, target);
    outputs /= SpreadOf(outputs);
    Hyper hyper = Fit(embedding, PointsOf(first, sample), outputs);
    rows_ = Chosen(first, kMostInModel);
    model_ = std::make_unique<Model>(embedding, std::move(hyper), PointsOf(first, rows_));
    fitted_ = fit;
    seen_ = fit;
  }
  for (; seen_ < results.size(); ++seen_) {
    model_->Append(results[seen_].point);
    rows_.push_back(seen_);
  }
  model_->SetOutputs(OutputsOf(results, rows_, target));
}

}  // namespace hone::gp
