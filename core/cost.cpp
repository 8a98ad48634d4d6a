// SPDX-License-Identifier: Apache-2.0
#include "core/cost.h"

#include <algorithm>
#include <cmath>

namespace hone {
namespace {

using Hours = std::chrono::duration<double, std::ratio<3600>>;

double OfStarts(const CostPolicy& cost, const ExperimentState& state) {
  return cost.per_trial * static_cast<double>(state.launches) +
         cost.per_budget * state.budget_ordered;
}

template <class Each>
void ForEachRunning(const ExperimentState& state, const Each& each) {
  for (const TrialNumber number : state.active) {
    const TrialState& trial = *state.Find(number);
    if (trial.launched && trial.phase == TrialPhase::kRunning) {
      each(trial.started_at);
    }
  }
}

/// What a trial need not train: it went on with it itself, or its parent did.
double BehindOf(const ExperimentState& state, const TrialState& trial) {
  if (trial.paused_attempt > 0) {
    return trial.checkpoint ? trial.reached.value_or(0) : 0;
  }
  const TrialState* const parent = trial.start_from ? state.Find(trial.parent) : nullptr;
  return parent == nullptr ? 0 : parent->budget.value_or(0);
}

}  // namespace

double BudgetToTrain(const ExperimentState& state, const TrialState& trial) {
  const double budget = trial.budget.value_or(0);
  const double behind = BehindOf(state, trial);
  // Of equal budgets each is a segment of its own (population based training).
  return behind < budget ? budget - behind : budget;
}

double CostAt(const ExperimentState& state, Timestamp now) {
  const std::optional<CostPolicy>& cost = state.spec->cost;
  if (!cost) {
    return 0;
  }
  Duration time = state.attempts_ran;
  ForEachRunning(state, [&](Timestamp start) { time += std::max(now - start, Duration(0)); });
  return OfStarts(*cost, state) + cost->per_hour * Hours(time).count();
}

std::optional<std::uint32_t> AffordableTrials(const ExperimentState& state) {
  const std::optional<CostPolicy>& cost = state.spec->cost;
  if (!cost || (cost->per_trial <= 0 && cost->per_budget <= 0)) {
    return std::nullopt;
  }
  const double spent = OfStarts(*cost, state) + cost->per_hour * Hours(state.attempts_ran).count();
  constexpr double kSlack = 1e-9;  // ten trials of 0.1 are worth 1
  if (cost->per_trial <= 0) {      // what the next one is to train is not known
    return spent < cost->most - kSlack ? UINT32_MAX : 0;
  }
  const double trials = std::floor((cost->most - spent) / cost->per_trial + kSlack);
  return static_cast<std::uint32_t>(std::clamp(trials, 0.0, 4e9));
}

bool MoneyIsUp(const ExperimentState& state, Timestamp now) {
  const std::optional<CostPolicy>& cost = state.spec->cost;
  return cost && cost->per_hour > 0 && CostAt(state, now) >= cost->most;
}

std::optional<Timestamp> MoneyUpAt(const ExperimentState& state) {
  const std::optional<CostPolicy>& cost = state.spec->cost;
  if (!cost || cost->per_hour <= 0 || state.Ended() || state.phase == ExperimentPhase::kSuspended) {
    return std::nullopt;
  }
  Timestamp last_start;
  int running = 0;
  ForEachRunning(state, [&](Timestamp start) {
    last_start = std::max(last_start, start);
    ++running;
  });
  if (running == 0) {
    return std::nullopt;
  }
  const double left = std::max(cost->most - CostAt(state, last_start), 0.0);
  constexpr double kMostHours = 24.0 * 365 * 100;
  const Hours wait(std::min(left / cost->per_hour / running, kMostHours));
  // Rounded up, so that the money is up at that moment.
  return last_start + std::chrono::ceil<Duration>(wait);
}

}  // namespace hone
