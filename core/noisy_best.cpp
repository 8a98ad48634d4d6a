// SPDX-License-Identifier: Apache-2.0
#include "core/noisy_best.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hone {
namespace {

/// The trials of one configuration.
struct Repeats {
  std::vector<std::pair<TrialNumber, double>> losses;  // by number

  [[nodiscard]] double Mean() const {
    double sum = 0;
    for (const auto& [trial, loss] : losses) {
      sum += loss;
    }
    return sum / static_cast<double>(losses.size());
  }
  [[nodiscard]] double SquaredDeviations() const {
    const double mean = Mean();
    double sum = 0;
    for (const auto& [trial, loss] : losses) {
      sum += (loss - mean) * (loss - mean);
    }
    return sum;
  }
  /// The first of equals: two are as far from their mean, but for rounding.
  [[nodiscard]] TrialNumber NearestToMean() const {
    constexpr double kClearly = 1 - 1e-9;
    const double mean = Mean();
    auto nearest = losses.front();
    for (const auto& entry : losses) {
      if (std::abs(entry.second - mean) < kClearly * std::abs(nearest.second - mean)) {
        nearest = entry;
      }
    }
    return nearest.first;
  }
};

std::string KeyOfValues(const Assignment& values) {
  std::string key;
  for (const Value& value : values) {
    key += value.active ? value.text : std::string();
    key += '\n';
  }
  return key;
}

/// Collects the results of the largest budget by configuration.
class Collected {
 public:
  void Add(const Objective& objective, const TrialState& trial, double budget,
           const Observation& observation) {
    const auto losses = LossesOf(objective, observation);
    if (!losses || Violation(objective, observation) || (budget_ && budget < *budget_)) {
      return;
    }
    if (budget_ != budget) {
      budget_ = budget;
      repeats_.clear();
    }
    repeats_[KeyOfValues(trial.values)].losses.emplace_back(trial.number, losses->front());
  }

  [[nodiscard]] std::optional<TrialNumber> Best() const {
    const double noise = Noise();
    const Repeats* best = nullptr;
    double lowest = std::numeric_limits<double>::infinity();
    for (const auto& [key, repeats] : repeats_) {
      const auto n = static_cast<double>(repeats.losses.size());
      const double value = repeats.Mean() + noise / std::sqrt(n);
      const bool first = best != nullptr && value == lowest &&
                         repeats.losses.front().first < best->losses.front().first;
      if (best == nullptr || value < lowest || first) {
        lowest = value;
        best = &repeats;
      }
    }
    return best == nullptr ? std::nullopt : std::optional(best->NearestToMean());
  }

 private:
  /// The standard deviation of trials of one configuration; 0: none was repeated.
  [[nodiscard]] double Noise() const {
    double sum = 0;
    double freedoms = 0;
    for (const auto& [key, repeats] : repeats_) {
      sum += repeats.SquaredDeviations();
      freedoms += static_cast<double>(repeats.losses.size()) - 1;
    }
    return freedoms > 0 ? std::sqrt(sum / freedoms) : 0;
  }

  std::optional<double> budget_;
  std::map<std::string, Repeats> repeats_;
};

/// Of its last result; nothing: it has none. Without a budget of its own a trial ran as far as its
/// job goes.
std::optional<double> BudgetOf(const TrialState& trial) {
  constexpr double kAll = std::numeric_limits<double>::infinity();
  if (trial.phase == TrialPhase::kSucceeded) {
    return trial.budget.value_or(kAll);
  }
  const bool early = trial.phase == TrialPhase::kEarlyStopped;
  if (trial.paused_attempt > 0 && (early || !IsOver(trial.phase))) {
    return trial.reached.value_or(kAll);
  }
  return early ? std::optional(kStoppedEarly) : std::nullopt;
}

}  // namespace

std::optional<TrialNumber> BestOfNoisy(const ExperimentState& state,
                                       std::span<const NoisyResult> fresh) {
  const Objective& objective = state.spec->objective;
  if (!objective.noisy) {
    return std::nullopt;
  }
  Collected collected;
  for (const TrialState& trial : state.trials) {
    const std::optional<double> budget = BudgetOf(trial);
    if (budget && std::ranges::find(fresh, trial.number, &NoisyResult::trial) == fresh.end()) {
      collected.Add(objective, trial, *budget, trial.observation);
    }
  }
  for (const NoisyResult& result : fresh) {
    collected.Add(objective, *state.Find(result.trial), result.budget, result.observation);
  }
  return collected.Best();
}

}  // namespace hone
