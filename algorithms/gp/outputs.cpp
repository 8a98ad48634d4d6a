// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/outputs.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace hone::gp {
namespace {

using Eigen::Index;

/// (x - mean) / standard deviation; all 0 if they are equal.
void Standardise(VectorXd& y) {
  y.array() -= y.mean();
  const double sd = std::sqrt(y.squaredNorm() / static_cast<double>(y.size()));
  if (sd > 0 && std::isfinite(1 / sd)) {
    y /= sd;
  } else {
    y.setZero();
  }
}

/// Moves the median to 0 and the better half to [-1, 0], and gives the worse half its scores.
void RankWorseHalf(VectorXd& y) {
  const Index n = y.size();
  y *= 0.25;  // so that differences are finite
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, {}, [&](Index i) { return y[i]; });
  const auto sorted = [&](Index i) { return y[order[static_cast<std::size_t>(i)]]; };
  const double median = 0.5 * (sorted((n - 1) / 2) + sorted(n / 2));
  const double depth = median - sorted(0);
  const double scale = depth > 0 ? depth : sorted(n - 1) - median;
  if (!(scale > 0)) {
    y.setZero();
    return;
  }
  y = (y.array() - median) / scale;
  const Index better = (y.array() <= 0).count();
  if (better == n || !(depth > 0)) {
    return;
  }
  const double spread = std::sqrt(y.cwiseMin(0).squaredNorm() / static_cast<double>(better));
  const boost::math::normal normal;
  VectorXd ranked = y;
  for (Index first = better; first < n;) {
    Index last = first;
    while (last + 1 < n && sorted(last + 1) == sorted(first)) {
      ++last;
    }
    const double rank = 0.5 * static_cast<double>(first + last) + 0.5;
    const double score = boost::math::quantile(normal, rank / static_cast<double>(n));
    for (Index i = first; i <= last; ++i) {
      ranked[order[static_cast<std::size_t>(i)]] = std::max(score, 0.0) * spread;
    }
    first = last + 1;
  }
  y = ranked;
}

double YeoJohnson(double y, double lambda) {
  constexpr double kNear = 1e-9;
  if (y >= 0) {
    return std::abs(lambda) < kNear ? std::log1p(y) : std::expm1(lambda * std::log1p(y)) / lambda;
  }
  const double mirrored = 2 - lambda;
  return std::abs(mirrored) < kNear ? -std::log1p(-y)
                                    : -std::expm1(mirrored * std::log1p(-y)) / mirrored;
}

/// Minus the profile log-likelihood of lambda.
double YeoJohnsonLoss(const VectorXd& y, double lambda) {
  VectorXd z = y.unaryExpr([&](double value) { return YeoJohnson(value, lambda); });
  z.array() -= z.mean();
  const auto n = static_cast<double>(y.size());
  const double jacobian = y.unaryExpr([](double value) {
                             return std::copysign(std::log1p(std::abs(value)), value);
                           }).sum();
  return 0.5 * n * std::log(std::max(z.squaredNorm() / n, 1e-300)) - (lambda - 1) * jacobian;
}

}  // namespace

VectorXd TransformedOutputs(VectorXd outputs, bool ranks) {
  if (outputs.size() < 2) {
    return VectorXd::Zero(outputs.size());
  }
  if (ranks) {
    RankWorseHalf(outputs);
  } else {
    outputs *= 0.25;  // so that differences are finite
  }
  Standardise(outputs);
  if (outputs.size() >= 3 && outputs.squaredNorm() > 0) {
    std::uintmax_t iterations = 40;
    constexpr int kBits = 20;
    constexpr double kLowest = -1;
    constexpr double kHighest = 3;
    const double lambda =
        boost::math::tools::brent_find_minima([&](double l) { return YeoJohnsonLoss(outputs, l); },
                                              kLowest, kHighest, kBits, iterations)
            .first;
    outputs = outputs.unaryExpr([&](double y) { return YeoJohnson(y, lambda); });
    Standardise(outputs);
  }
  return outputs;
}

OutputMap::OutputMap(const VectorXd& outputs, const VectorXd& transformed) {
  for (Index i = 0; i < outputs.size(); ++i) {
    pairs_.emplace_back(transformed[i], outputs[i]);
  }
  std::ranges::sort(pairs_);
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  pairs_.erase(std::unique(pairs_.begin(), pairs_.end(), same), pairs_.end());
  // Not the nearest one: the slope of two that are almost equal is rounding.
  constexpr double kFar = 0.1;
  const auto far = std::ranges::find_if(
      pairs_, [&](const auto& pair) { return pair.first > pairs_.front().first + kFar; });
  if (far != pairs_.end()) {
    slope_ = (far->second - pairs_.front().second) / (far->first - pairs_.front().first);
  }
}

double OutputMap::Back(double transformed) const {
  const auto above =
      std::ranges::lower_bound(pairs_, transformed, {}, &std::pair<double, double>::first);
  if (above == pairs_.end()) {
    return pairs_.back().second;
  }
  if (above == pairs_.begin()) {
    return above->second + slope_ * (transformed - above->first);
  }
  const auto& [t0, y0] = *std::prev(above);
  const auto& [t1, y1] = *above;
  return std::lerp(y0, y1, (transformed - t0) / (t1 - t0));
}

}  // namespace hone::gp
