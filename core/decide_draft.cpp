// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "core/decide_internal.h"
#include "core/event_words.h"

namespace hone::decide {
namespace {

using Reason = event::ExperimentEnded::Reason;

bool Reaches(Direction direction, double goal, double value) {
  return direction == Direction::kMinimize ? value <= goal : value >= goal;
}

}  // namespace

Draft::Draft(const ExperimentState& state, Timestamp now)
    : state_(state),
      now_(now),
      completed_(state.Completed()),
      failed_(state.Count(TrialPhase::kFailed) + state.Count(TrialPhase::kMetricsUnavailable)),
      max_trials_(state.max_trial_count),
      max_failed_(state.max_failed_trial_count),
      exhausted_(state.exhausted),
      ended_(state.Ended()) {
  if (state.best) {
    best_ = ObjectiveOf(state.spec->objective, state.Find(*state.best)->observation);
    has_best_ = true;
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
                 const std::string& reason) {
  Emit(event::TrialStopRequested{trial.number, trial.attempt, cause, reason});
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

void Draft::ConsiderBest(TrialNumber trial, const Observation& observation) {
  const ObjectiveValue value = ObjectiveOf(state_.spec->objective, observation);
  if (value.availability != Availability::kAvailable) {
    return;
  }
  // Numbers rank by value and the first wins ties; texts rank by recency, and only while there is
  // no number.
  const bool better = !has_best_ || (!best_.number && (value.number || !value.text.empty())) ||
                      (best_.number && value.number &&
                       Better(state_.spec->objective.direction, *value.number, *best_.number));
  if (better) {
    best_ = value;
    has_best_ = true;
    Emit(event::BestChanged{trial});
  }
}

void Draft::Over(TrialNumber trial) {
  gone_.insert(trial);
  ++completed_;
}

void Draft::Succeed(const event::TrialOutcome& outcome) {
  Over(outcome.trial);
  Emit(event::TrialSucceeded{outcome});
  ConsiderBest(outcome.trial, outcome.observation);
}

void Draft::FailTrial(event::TrialOutcome outcome, Ending ending) {
  Over(outcome.trial);
  ++failed_;
  Emit(event::TrialFailed{std::move(outcome), std::move(ending)});
}

void Draft::StopEarly(const event::TrialOutcome& outcome, const std::string& reason) {
  Over(outcome.trial);
  Emit(event::TrialEarlyStopped{outcome, reason});
  ConsiderBest(outcome.trial, outcome.observation);
}

void Draft::Kill(event::TrialOutcome outcome, const std::string& reason) {
  Over(outcome.trial);
  Emit(event::TrialKilled{std::move(outcome), reason});
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
  const Objective& objective = state_.spec->objective;
  if (has_best_ && best_.number && objective.goal &&
      Reaches(objective.direction, *objective.goal, *best_.number)) {
    return End(Reason::kGoalReached, "the objective reached the goal: " + objective.metric + " = " +
                                         best_.text + ", goal " + FormatDouble(*objective.goal));
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
  EndIfTimeIsUp();
}

bool Draft::EndIfTimeIsUp() {
  const std::optional<Duration>& most = state_.spec->max_duration;
  if (!ended_ && most && state_.phase != ExperimentPhase::kSuspended && state_.TimeIsUp(now_)) {
    const double seconds = std::chrono::duration<double>(*most).count();
    End(Reason::kMaxDurationReached, "maxDuration (" + FormatDouble(seconds) +
                                         " s) is used up, with " + std::to_string(completed_) +
                                         (completed_ == 1 ? " trial" : " trials") + " over");
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
  for (const TrialNumber number : state_.active) {
    const TrialState& trial = *state_.Find(number);
    if (gone_.contains(number) || trial.phase == TrialPhase::kReserved) {
      continue;
    }
    if (trial.launched) {
      Stop(trial, event::TrialStopRequested::Cause::kKilled, reason);
    } else {
      Kill({number, trial.attempt, trial.started_at, now_, {}}, reason);
    }
  }
}

}  // namespace hone::decide
