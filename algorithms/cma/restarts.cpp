// SPDX-License-Identifier: Apache-2.0
#include "algorithms/cma/restarts.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace hone::cma {
namespace {

using Eigen::Index;

constexpr double kFlat = 1e-12;          // TolHistFun
constexpr std::size_t kHistory = 20000;  // generations that Stagnation looks back at most
constexpr std::size_t kFewestTies = 2;   // a single plateau is no reason to stop (as in pycma)
constexpr Index kLargest = 1 << 20;      // populations grow no further

double MedianOf(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::ranges::nth_element(sorted, middle);
  return *middle;
}

/// The newest third of the values is no better than the oldest one.
bool NoBetter(std::span<const double> values) {
  const std::size_t part = values.size() * 3 / 10;
  return MedianOf(values.last(part)) >= MedianOf(values.first(part));
}

}  // namespace

Progress::Progress(Index d, Index lambda)
    : d_(static_cast<std::size_t>(d)), lambda_(static_cast<std::size_t>(lambda)) {
  const double n = static_cast<double>(d) + 3;
  most_ = 100 + static_cast<std::size_t>(50 * n * n / std::sqrt(static_cast<double>(lambda)));
}

void Progress::Add(const std::vector<double>& values) {
  best_.push_back(values.front());
  median_.push_back(values[values.size() / 2]);
  const std::size_t middling = std::min(values.size() - 1, 1 + (2 + 5 * lambda_) / 20);
  tied_.push_back(values[middling] == values.front());
}

bool Progress::Flat() const {
  const std::size_t window = 10 + (30 * d_ + lambda_ - 1) / lambda_;
  if (best_.size() < window) {
    return false;
  }
  const auto [low, high] = std::ranges::minmax(std::span(best_).last(window));
  return high - low < kFlat;
}

bool Progress::Stagnant() const {
  const std::size_t n = best_.size();
  const std::size_t window = std::min(kHistory, std::max(n / 5, 120 + 30 * d_ / lambda_));
  if (n < window) {
    return false;
  }
  return NoBetter(std::span(best_).last(window)) && NoBetter(std::span(median_).last(window));
}

bool Progress::Stopped() const {
  const std::size_t recent = std::min(tied_.size(), std::max(d_, kFewestTies));
  const auto ties = static_cast<std::size_t>(
      std::count(tied_.end() - static_cast<std::ptrdiff_t>(recent), tied_.end(), true));
  const bool often_tied = tied_.size() >= d_ + 2 && ties >= kFewestTies && 3 * ties > recent;
  return best_.size() >= most_ || often_tied || Flat() || Stagnant();
}

Plan Restarts::After(std::uint64_t used, Rng& rng) {
  if (rule_ == Rule::kSame) {
    return first_;
  }
  (small_ ? spent_small_ : spent_large_) += used;
  last_large_ = small_ ? last_large_ : used;
  small_ = rule_ == Rule::kTwoBudgets && spent_small_ < spent_large_;
  if (!small_) {
    large_ = std::min(2 * large_, kLargest);
    return {large_, first_.sigma};
  }
  const double growth = static_cast<double>(large_) / (2 * static_cast<double>(first_.lambda));
  const double u = rng.Uniform();
  const double lambda = static_cast<double>(first_.lambda) * std::pow(std::max(growth, 1.0), u * u);
  return {static_cast<Index>(lambda), first_.sigma * std::pow(10, -2 * rng.Uniform()),
          std::max<std::uint64_t>(last_large_ / 2, 1)};
}

}  // namespace hone::cma
