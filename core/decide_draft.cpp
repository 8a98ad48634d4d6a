// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "core/cost.h"
#include "core/decide_internal.h"
#include "core/event_words.h"

namespace hone::decide {
namespace {

using Reason = event::ExperimentEnded::Reason;

/// "accuracy = 0.97, goal 0.95", for each objective that has a goal.
std::string GoalsText(const Objective& objective, const Observation& observation) {
  const std::vector<ObjectiveValue> values = ObjectivesOf(objective, observation);
  std::string text;
  const auto add = [&](const std::string& metric, const std::optional<double>& goal,
                       const ObjectiveValue& value) {
    if (goal) {
      text.append(text.empty() ? "" : "; ").append(metric).append(" = ").append(value.text);
      text.append(", goal ").append(FormatDouble(*goal));
    }
  };
  add(objective.metric, objective.goal, values.front());
  for (std::size_t i = 0; i < objective.further.size(); ++i) {
    add(objective.further[i].metric, objective.further[i].goal, values[i + 1]);
  }
  return text;
}

/// How far a trial was trained. Without a budget of its own it ran as far as its job goes.
double Trained(const std::optional<double>& budget) {
  return budget.value_or(std::numeric_limits<double>::infinity());
}

/// The budget of a trial's last result.
double BudgetOf(const TrialState& trial) {
  return Trained(trial.paused_attempt > 0 ? trial.reached : trial.budget);
}

bool HasResult(const TrialState& trial) {
  return trial.phase == TrialPhase::kSucceeded || trial.phase == TrialPhase::kEarlyStopped ||
         (trial.paused_attempt > 0 && !IsOver(trial.phase));
}

}  // namespace

Draft::Draft(const ExperimentState& state, Timestamp now)
    : state_(state),
      now_(now),
      paused_(state.Count(TrialPhase::kPaused)),
      completed_(state.Completed()),
      failed_(state.Count(TrialPhase::kFailed) + state.Count(TrialPhase::kMetricsUnavailable)),
      max_trials_(state.max_trial_count),
      max_failed_(state.max_failed_trial_count),
      noisy_best_(state.best),
      since_best_(state.results_since_best),
      exhausted_(state.exhausted),
      ended_(state.Ended()) {
  const Objective& objective = state.spec->objective;
  if (state.best) {
    const Observation& best = state.Find(*state.best)->observation;
    best_ = ObjectiveOf(objective, best);
    best_losses_ = LossesOf(objective, best);
    best_budget_ = BudgetOf(*state.Find(*state.best));
    best_reaches_ = ReachesGoals(objective, best);
    has_best_ = true;
  }
  if (state.goal_trial) {
    goals_ = GoalsText(objective, state.Find(*state.goal_trial)->observation);
  }
}

std::size_t Draft::ActiveCount() const {
  return state_.active.size() - gone_.size();
}

void Draft::Launch(TrialNumber trial, Attempt attempt, const std::string& runner) {
  Emit(event::TrialLaunched{trial, attempt, runner});
  Order(command::Launch{trial, attempt});
}

void Draft::Stop(const TrialState& trial, event::TrialStopRequested::Cause cause,
                 const std::string& reason, event::Ruling ruling) {
  Emit(event::TrialStopRequested{trial.number, trial.attempt, cause, reason, std::move(ruling)});
  const bool checkpoint = cause == event::TrialStopRequested::Cause::kPaused;
  Order(command::Stop{trial.number, trial.attempt,
                      checkpoint ? StopMode::kCheckpointFirst : StopMode::kTerminate});
}

void Draft::Withdraw(event::TrialsWithdrawn withdrawn) {
  if (withdrawn.trials.empty()) {
    return;
  }
  gone_.insert(withdrawn.trials.begin(), withdrawn.trials.end());
  Emit(std::move(withdrawn));
}

void Draft::WithdrawReservation(event::TrialsWithdrawn::Why why, const std::string& reason) {
  if (!state_.reservation) {
    return;
  }
  event::TrialsWithdrawn withdrawn{{}, why, reason};
  const Reservation& reservation = *state_.reservation;
  for (std::uint32_t i = 0; i < reservation.count; ++i) {
    const TrialNumber number = reservation.first + i;
    if (state_.Find(number)->phase == TrialPhase::kReserved && !gone_.contains(number)) {
      withdrawn.trials.push_back(number);
    }
  }
  Withdraw(std::move(withdrawn));
}

bool Draft::IsBest(const ObjectiveValue& value,
                   const std::optional<std::vector<double>>& losses) const {
  // Numbers rank by value (with several objectives by the first that differs, so that the best one
  // is never dominated) and the first wins ties; texts rank by recency, and only while there is no
  // number.
  if (state_.spec->objective.Count() > 1) {
    return losses && (!best_losses_ || *losses < *best_losses_);
  }
  return !has_best_ || (!best_.number && (value.number || !value.text.empty())) ||
         (losses && best_losses_ && *losses < *best_losses_);
}

std::partial_ordering Draft::Claims(double budget, bool reaches_goals) const {
  if (!has_best_) {
    return std::partial_ordering::equivalent;
  }
  // A result of little training may fade with more of it, so that a larger budget goes first; but
  // who has reached the goal has what was asked for.
  const std::partial_ordering by_budget = budget <=> best_budget_;
  if (by_budget != 0 && reaches_goals != best_reaches_) {
    return reaches_goals ? std::partial_ordering::greater : std::partial_ordering::less;
  }
  return by_budget;
}

bool Draft::Leads(double budget, const Observation& observation) {
  const Objective& objective = state_.spec->objective;
  const ObjectiveValue value = ObjectiveOf(objective, observation);
  if (value.availability != Availability::kAvailable || Violation(objective, observation)) {
    return false;
  }
  const bool reaches = ReachesGoals(objective, observation);
  auto losses = LossesOf(objective, observation);
  const std::partial_ordering claims = Claims(budget, reaches);
  if (claims < 0 || (claims == 0 && !IsBest(value, losses))) {
    return false;
  }
  best_ = value;
  best_losses_ = std::move(losses);
  best_budget_ = budget;
  best_reaches_ = reaches;
  has_best_ = true;
  since_best_ = 0;
  return true;
}

void Draft::Consider(TrialNumber trial, double budget, const Observation& observation) {
  const Objective& objective = state_.spec->objective;
  if (goals_.empty() && ReachesGoals(objective, observation)) {
    goals_ = GoalsText(objective, observation);
  }
  if (objective.noisy && LossesOf(objective, observation)) {
    ConsiderNoisy({trial, budget, observation});
  } else if (Leads(budget, observation)) {
    Emit(event::BestChanged{trial});
  }
}

void Draft::ConsiderNoisy(NoisyResult result) {
  noisy_results_.push_back(std::move(result));
  const std::optional<TrialNumber> best = BestOfNoisy(state_, noisy_results_);
  if (best && best != noisy_best_) {
    has_best_ = true;
    since_best_ = 0;
    noisy_best_ = best;
    Emit(event::BestChanged{*best});
  }
}

void Draft::Lose(TrialNumber trial) {
  noisy_results_.push_back({trial, 0, {}});
  if (state_.best == trial) {
    ChooseAgain(trial);
  }
}

void Draft::ChooseAgain(TrialNumber gone) {
  has_best_ = false;
  best_ = {};
  best_losses_.reset();
  since_best_ = 0;
  noisy_best_ = BestOfNoisy(state_, noisy_results_);
  if (noisy_best_) {
    has_best_ = true;
    return Emit(event::BestChanged{*noisy_best_});
  }
  TrialNumber best = 0;
  for (const TrialState& trial : state_.trials) {
    if (trial.number != gone && HasResult(trial) && Leads(BudgetOf(trial), trial.observation)) {
      best = trial.number;
    }
  }
  Emit(event::BestChanged{best});
}

void Draft::Over(TrialNumber trial) {
  gone_.insert(trial);
  ++completed_;
  if (state_.Find(trial)->phase == TrialPhase::kPaused) {
    --paused_;
  }
}

void Draft::Succeed(const event::TrialOutcome& outcome) {
  Over(outcome.trial);
  ++since_best_;
  Emit(event::TrialSucceeded{outcome});
  Consider(outcome.trial, Trained(state_.Find(outcome.trial)->budget), outcome.observation);
}

void Draft::FailTrial(event::TrialOutcome outcome, Ending ending) {
  const TrialNumber trial = outcome.trial;
  Over(trial);
  ++failed_;
  Emit(event::TrialFailed{std::move(outcome), std::move(ending)});
  Lose(trial);
}

void Draft::StopEarly(event::TrialOutcome outcome, const std::string& reason) {
  const TrialState& trial = *state_.Find(outcome.trial);
  Over(trial.number);
  if (trial.paused_attempt > 0) {
    outcome.observation = trial.observation;
    return Emit(event::TrialEarlyStopped{std::move(outcome), reason});
  }
  ++since_best_;
  Emit(event::TrialEarlyStopped{outcome, reason});
  const double budget = state_.spec->objective.noisy ? kStoppedEarly : Trained(trial.budget);
  Consider(trial.number, budget, outcome.observation);
}

void Draft::Kill(event::TrialOutcome outcome, const std::string& reason) {
  const TrialNumber trial = outcome.trial;
  Over(trial);
  Emit(event::TrialKilled{std::move(outcome), reason});
  Lose(trial);
}

void Draft::Pause(const event::TrialOutcome& outcome) {
  ++since_best_;
  Emit(event::TrialPaused{outcome});
  if (ended_) {
    Over(outcome.trial);
    Emit(event::TrialEarlyStopped{outcome, "the experiment ended before it could go on"});
  } else {
    ++paused_;
    paused_now_ = outcome;
  }
  Consider(outcome.trial, Trained(state_.Find(outcome.trial)->budget), outcome.observation);
}

void Draft::Resume(event::TrialResumed resumed) {
  --paused_;
  Emit(std::move(resumed));
}

void Draft::Conclude(const TrialState& trial, const std::string& reason) {
  const Timestamp end = IsSet(trial.ended_at) ? trial.ended_at : now_;
  StopEarly({trial.number, trial.attempt, trial.started_at, end, {}, trial.checkpoint}, reason);
}

void Draft::ConcludePaused(const std::string& reason) {
  for (const TrialNumber number : state_.active) {
    const TrialState& trial = *state_.Find(number);
    if (trial.phase == TrialPhase::kPaused && !gone_.contains(number)) {
      Conclude(trial, reason);
    }
  }
  if (paused_now_) {
    --paused_;
    Over(paused_now_->trial);
    Emit(event::TrialEarlyStopped{*std::exchange(paused_now_, std::nullopt), reason});
  }
}

void Draft::Edit(const event::BudgetEdited& edit) {
  Emit(edit);
  max_trials_ = edit.max_trial_count ? edit.max_trial_count : max_trials_;
  max_failed_ = edit.max_failed_trial_count ? edit.max_failed_trial_count : max_failed_;
}

void Draft::Exhaust(const std::string& reason) {
  if (!exhausted_) {
    exhausted_ = true;
    Emit(event::SearchExhausted{reason});
  }
}

void Draft::EndIfDone() {
  if (ended_) {
    return;
  }
  if (exhausted_ && BusyCount() == 0) {
    ConcludePaused("the search algorithm has nothing more to propose");
  }
  if (!goals_.empty()) {
    const bool several = state_.spec->objective.Count() > 1;
    const char* const what =
        several ? "a trial reached every goal: " : "the objective reached the goal: ";
    return End(Reason::kGoalReached, what + goals_);
  }
  if (max_failed_ && failed_ > 0 && failed_ >= static_cast<std::uint32_t>(*max_failed_)) {
    return End(Reason::kMaxFailedReached, std::to_string(failed_) +
                                              " trials failed, and maxFailedTrialCount is " +
                                              std::to_string(*max_failed_));
  }
  if (max_trials_ && completed_ >= static_cast<std::uint32_t>(*max_trials_)) {
    return End(Reason::kMaxTrialsReached,
               "all " + std::to_string(completed_) + " trials of maxTrialCount are over");
  }
  if (exhausted_ && ActiveCount() == 0) {
    return End(Reason::kSuggestionEndReached,
               "the search algorithm has no more configurations to propose");
  }
  const std::optional<int>& patience = state_.spec->max_trials_without_improvement;
  if (patience && has_best_ && since_best_ >= static_cast<std::uint32_t>(*patience)) {
    return End(Reason::kNoImprovement, std::to_string(since_best_) +
                                           " trials in a row were no better than the best one "
                                           "(maxTrialsWithoutImprovement)");
  }
  EndIfUsedUp();
}

std::string Draft::WithTrialsOver() const {
  return " is used up, with " + std::to_string(completed_) +
         (completed_ == 1 ? " trial" : " trials") + " over";
}

bool Draft::EndIfUsedUp() {
  if (ended_ || state_.phase == ExperimentPhase::kSuspended) {
    return ended_;
  }
  if (state_.TimeIsUp(now_)) {
    const double seconds = std::chrono::duration<double>(*state_.spec->max_duration).count();
    End(Reason::kMaxDurationReached,
        "maxDuration (" + FormatDouble(seconds) + " s)" + WithTrialsOver());
  } else if (MoneyIsUp(state_, now_) || (BusyCount() == 0 && AffordableTrials(state_) == 0U)) {
    End(Reason::kMaxCostReached,
        "cost.max (" + FormatDouble(state_.spec->cost->most) + ")" + WithTrialsOver());
  }
  return ended_;
}

void Draft::End(Reason reason, const std::string& message) {
  ended_ = true;
  Emit(event::ExperimentEnded{reason, message});
  StopActive("the experiment ended: " + message);
}

void Draft::StopActive(const std::string& reason) {
  WithdrawReservation(event::TrialsWithdrawn::Why::kEnded, reason);
  ConcludePaused(reason);
  for (const TrialNumber number : state_.active) {
    const TrialState& trial = *state_.Find(number);
    if (gone_.contains(number) || trial.phase == TrialPhase::kReserved) {
      continue;
    }
    if (trial.launched) {
      Stop(trial, event::TrialStopRequested::Cause::kKilled, reason);
    } else if (trial.paused_attempt > 0) {
      Conclude(trial, reason);
    } else {
      Kill({number, trial.attempt, trial.started_at, now_, {}}, reason);
    }
  }
}

}  // namespace hone::decide
