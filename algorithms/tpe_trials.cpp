// SPDX-License-Identifier: Apache-2.0
#include "algorithms/tpe_trials.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace hone::tpe {
namespace {

constexpr std::size_t kMaxGood = 25;
constexpr double kGoodShare = 0.1;

bool IsResult(const Known& known) {
  return known.state == Known::State::kCompleted || known.state == Known::State::kViolated;
}

}  // namespace

std::size_t GoodCount(std::size_t results, std::optional<double> gamma) {
  const auto n = static_cast<double>(results);
  const double good = gamma ? *gamma * std::sqrt(n) : kGoodShare * n;
  return std::min({static_cast<std::size_t>(std::ceil(good)), kMaxGood, results});
}

Split SplitEarlier(const std::vector<Known>& results, std::optional<double> gamma) {
  std::vector<const Known*> order;
  order.reserve(results.size());
  for (const Known& known : results) {
    order.push_back(&known);
  }
  std::ranges::stable_sort(order, std::greater(), [](const Known* k) { return k->losses[0]; });
  const auto border = order.end() - static_cast<std::ptrdiff_t>(GoodCount(results.size(), gamma));
  return {{border, order.end()}, {order.begin(), border}, true};
}

void Trials::Start(Known known) {
  tried_.insert(known.key);
  const auto place = std::ranges::upper_bound(trials_, known.number, {}, &Known::number);
  trials_.insert(place, std::move(known));
}

const Known* Trials::Find(TrialNumber trial) const {
  const auto found = std::ranges::lower_bound(trials_, trial, {}, &Known::number);
  return found != trials_.end() && found->number == trial ? &*found : nullptr;
}

Status Trials::End(TrialNumber trial, Known::State state, pareto::Losses losses,
                   std::vector<double> excess) {
  const auto known = std::ranges::lower_bound(trials_, trial, {}, &Known::number);
  if (known == trials_.end() || known->number != trial) {
    return Fail(Code::kInternal, "trial " + std::to_string(trial) + " ended before its proposal");
  }
  known->state = state;
  known->losses = std::move(losses);
  known->excess = std::move(excess);
  if (state == Known::State::kBad) {
    return {};
  }
  bounds_ = std::max(bounds_, known->excess.size());
  if (state == Known::State::kViolated) {
    ++violated_;
    return {};
  }
  ++completed_;
  if (known->losses.size() == 1) {
    const std::pair entry{known->losses.front(), trial};
    best_.insert(std::ranges::upper_bound(best_, entry), entry);
    best_.resize(std::min(best_.size(), kMaxGood));
  }
  return {};
}

void Trials::Forget(TrialNumber trial) {
  if (const Known* const known = Find(trial)) {
    tried_.erase(tried_.find(known->key));
    trials_.erase(trials_.begin() + (known - trials_.data()));
  }
}

/// Indices, ascending. @param count  at most as many as were completed
std::vector<std::size_t> Trials::GoodByObjectives(std::size_t count, ByBounds by_bounds) const {
  if (best_.empty()) {
    return BestFronts(count);
  }
  return violated_ == 0 || by_bounds == ByBounds::kFirst ? BestWithin(count) : NoWorseThan(count);
}

/// Of one objective, the best that keep all bounds.
std::vector<std::size_t> Trials::BestWithin(std::size_t count) const {
  std::vector<std::size_t> good;
  for (std::size_t k = 0; k < count; ++k) {
    const auto at = std::ranges::lower_bound(trials_, best_[k].second, {}, &Known::number);
    good.push_back(static_cast<std::size_t>(at - trials_.begin()));
  }
  std::ranges::sort(good);
  return good;
}

/// Those, and what is better than the last of them but violates bounds.
std::vector<std::size_t> Trials::NoWorseThan(std::size_t count) const {
  std::vector<std::size_t> good;
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    const Known& known = trials_[i];
    if (IsResult(known) && !known.losses.empty() &&
        std::pair(known.losses.front(), known.number) <= best_[count - 1]) {
      good.push_back(i);
    }
  }
  return good;
}

/// Of several objectives, the best fronts of those that keep all bounds.
std::vector<std::size_t> Trials::BestFronts(std::size_t count) const {
  std::vector<std::size_t> completed;
  std::vector<pareto::Losses> losses;
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    if (trials_[i].state == Known::State::kCompleted) {
      completed.push_back(i);
      losses.push_back(trials_[i].losses);
    }
  }
  std::vector<std::size_t> good;
  for (const std::size_t k : pareto::Elite(losses, count)) {
    good.push_back(completed[k]);
  }
  return good;
}

/// Adds results beyond bounds, those with the least sum of violations, each of which is measured by
/// the largest one of its bound.
void Trials::AddClosest(std::size_t count, std::vector<std::size_t>& good) const {
  std::vector<double> largest(bounds_, 0.0);
  for (const Known& known : trials_) {
    for (std::size_t b = 0; b < known.excess.size(); ++b) {
      largest[b] =
          std::isfinite(known.excess[b]) ? std::max(largest[b], known.excess[b]) : largest[b];
    }
  }
  std::vector<std::pair<double, std::size_t>> violators;
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    if (trials_[i].state != Known::State::kViolated || trials_[i].excess.empty()) {
      continue;
    }
    double sum = 0;
    for (std::size_t b = 0; b < trials_[i].excess.size(); ++b) {
      const double beyond = std::max(trials_[i].excess[b], 0.0);  // infinite: nobody knows
      sum += largest[b] > 0 && std::isfinite(beyond) ? beyond / largest[b] : beyond;
    }
    violators.emplace_back(sum, i);
  }
  std::ranges::sort(violators);
  for (std::size_t k = 0; k < std::min(count, violators.size()); ++k) {
    good.push_back(violators[k].second);
  }
  std::ranges::sort(good);
}

/// Nothing: all results are alike.
std::optional<Split> Trials::SplitByBound(std::size_t bound, std::size_t count) const {
  std::vector<const Known*> results;
  for (const Known& known : trials_) {
    if (IsResult(known) && bound < known.excess.size()) {
      results.push_back(&known);
    }
  }
  const auto before = [bound](const Known* a, const Known* b) {
    return std::pair(a->excess[bound], a->number) < std::pair(b->excess[bound], b->number);
  };
  std::ranges::sort(results, before);
  const auto keeps = [bound](const Known* known) { return known->excess[bound] <= 0; };
  const auto kept = static_cast<std::size_t>(std::ranges::count_if(results, keeps));
  const std::size_t good = std::max(kept, std::min(count, results.size()));
  if (good == 0 || good == results.size()) {
    return std::nullopt;
  }
  const auto border = results.begin() + static_cast<std::ptrdiff_t>(good);
  Split split{{results.begin(), border}, {border, results.end()}};
  std::ranges::sort(split.good, {}, &Known::number);
  std::ranges::sort(split.bad, {}, &Known::number);
  return split;
}

std::vector<Split> Trials::Splits(const std::vector<Known>& pending, std::optional<double> gamma,
                                  ByBounds by_bounds) const {
  std::vector<Split> splits;
  const bool first = by_bounds == ByBounds::kFirst && bounds_ > 0;
  const std::size_t count = GoodCount(completed_ + violated_, gamma);
  std::vector<std::size_t> good = completed_ > 0
                                      ? GoodByObjectives(std::min(count, completed_), by_bounds)
                                      : std::vector<std::size_t>{};
  if (first && good.size() < count) {
    AddClosest(count - good.size(), good);
  }
  if (!good.empty()) {
    Split& split = splits.emplace_back();
    split.by_objectives = true;
    split.bad.reserve(trials_.size() + pending.size());
    auto next = good.begin();
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      const bool is_good = next != good.end() && *next == i;
      next += is_good ? 1 : 0;
      (is_good ? split.good : split.bad).push_back(&trials_[i]);
    }
    for (const Known& known : pending) {
      split.bad.push_back(&known);
    }
  }
  for (std::size_t bound = 0; bound < (first ? 0 : bounds_); ++bound) {
    if (std::optional<Split> split = SplitByBound(bound, count)) {
      splits.push_back(*std::move(split));
    }
  }
  return splits;
}

}  // namespace hone::tpe
