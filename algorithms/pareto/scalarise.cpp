// SPDX-License-Identifier: Apache-2.0
#include "algorithms/pareto/scalarise.h"

#include <algorithm>
#include <cmath>

namespace hone::pareto {
namespace {

// ParEGO's share of the sum.
constexpr double kOfSum = 0.05;

struct Range {
  double low = 0;
  double width = 1;
};

/// Of one objective over these points; all of them if the front has only one value.
Range RangeOf(std::span<const Losses> losses, std::span<const std::size_t> front,
              std::size_t objective) {
  double low = losses[front.front()][objective];
  double high = low;
  for (const std::size_t i : front) {
    low = std::min(low, losses[i][objective]);
    high = std::max(high, losses[i][objective]);
  }
  if (low == high) {
    for (const Losses& point : losses) {
      high = std::max(high, point[objective]);
    }
  }
  return {low, high > low ? high - low : 1.0};
}

}  // namespace

std::vector<double> DrawWeights(std::size_t count, Rng& rng) {
  std::vector<double> weights;
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    constexpr double kLeast = 1e-12;
    weights.push_back(-std::log(std::max(1 - rng.Uniform(), kLeast)) + kLeast);
    sum += weights.back();
  }
  for (double& weight : weights) {
    weight /= sum;
  }
  return weights;
}

std::vector<double> Scalarise(std::span<const Losses> losses, std::span<const double> weights) {
  const std::vector<std::size_t> front = Front(losses);
  std::vector<Range> ranges;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    ranges.push_back(RangeOf(losses, front, k));
  }
  std::vector<double> values;
  values.reserve(losses.size());
  for (const Losses& point : losses) {
    double largest = 0;
    double sum = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const double part = weights[k] * (point[k] - ranges[k].low) / ranges[k].width;
      largest = k == 0 ? part : std::max(largest, part);
      sum += part;
    }
    values.push_back(largest + kOfSum * sum);
  }
  return values;
}

}  // namespace hone::pareto
