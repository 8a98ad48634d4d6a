// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "core/cost.h"
#include "core/event_words.h"
#include "core/spec_codec.h"
#include "core/transitions.h"

namespace hone {
namespace {

/// Applies one event; one overload for each kind.
class Applier {
 public:
  Applier(ExperimentState& state, const Recorded& recorded) : s_(state), recorded_(recorded) {}

  void operator()(const event::ExperimentCreated& e) {
    auto spec = DecodeStoredSpec(e.document);
    HONE_CHECK(spec.has_value(), "a recorded experiment does not decode: " + spec.error().Text());
    s_.spec = std::make_shared<const ExperimentSpec>(std::move(*spec));
    s_.phase = ExperimentPhase::kRunning;
    s_.seed = e.seed;
    s_.build = e.build;
    s_.cpu_level = e.cpu_level;
    s_.parallel_trial_count = s_.spec->parallel_trial_count;
    s_.max_trial_count = s_.spec->max_trial_count;
    s_.max_failed_trial_count = s_.spec->max_failed_trial_count;
    s_.created_at = recorded_.at;
  }

  void operator()(const event::BudgetEdited& e) {
    if (e.parallel_trial_count) {
      s_.parallel_trial_count = *e.parallel_trial_count;
    }
    if (e.max_trial_count) {
      s_.max_trial_count = e.max_trial_count;
    }
    if (e.max_failed_trial_count) {
      s_.max_failed_trial_count = e.max_failed_trial_count;
    }
    s_.waiting = false;  // there may be room for what it waited for
  }

  void operator()(const event::ExperimentRestarted& /*e*/) {
    s_.phase = ExperimentPhase::kRestarting;
    s_.restarted_at = recorded_.at;
    s_.ended_at = Timestamp();
    s_.end_reason.reset();
    s_.message.clear();
    s_.waiting = false;
    GoOnRunning();
  }

  void operator()(const event::ExperimentSuspended& e) {
    StopRunning();
    s_.phase = ExperimentPhase::kSuspended;
    s_.parked = e.parked;
    s_.message = e.reason;
  }

  void operator()(const event::ExperimentResumed& /*e*/) {
    s_.phase = ExperimentPhase::kRunning;
    s_.parked = false;
    s_.message.clear();
    s_.waiting = false;
    GoOnRunning();
  }

  void operator()(const event::TrialsReserved& e) {
    if (s_.phase == ExperimentPhase::kRestarting) {
      s_.phase = ExperimentPhase::kRunning;
    }
    s_.reservation = Reservation{recorded_.seq, e.first, e.count, e.count};
    for (std::uint32_t i = 0; i < e.count; ++i) {
      TrialState trial;
      trial.number = e.first + i;
      trial.created_at = recorded_.at;
      s_.active.insert(s_.active.end(), trial.number);
      s_.trials.push_back(std::move(trial));
      ++s_.counts[static_cast<std::size_t>(TrialPhase::kReserved)];
    }
  }

  void operator()(const event::TrialProposed& e) {
    TrialState& trial = Trial(e.trial);
    CloseReserved(trial);
    Move(trial, TrialPhase::kPending);
    s_.queued.insert(trial.number);
    trial.values = e.values;
    trial.given_name = e.name;
    trial.note = e.note;
    trial.budget = e.budget;
    trial.parent = e.parent;
    trial.start_from = e.start_from;
    trial.pauses = e.pauses;
    trial.stop_rules = RulesOf(e.labels);
    trial.created_at = recorded_.at;
  }

  void operator()(const event::TrialsWithdrawn& e) {
    for (const TrialNumber number : e.trials) {
      TrialState& trial = Trial(number);
      CloseReserved(trial);
      Move(trial, TrialPhase::kWithdrawn);
      s_.active.erase(number);
    }
    s_.waiting = s_.waiting || e.why == event::TrialsWithdrawn::Why::kWait;
  }

  void operator()(const event::SearchExhausted& /*e*/) { s_.exhausted = true; }

  void operator()(const event::TrialLaunched& e) {
    TrialState& trial = Trial(e.trial);
    trial.attempt = e.attempt;
    trial.launched = true;
    ++s_.launches;
    s_.budget_ordered += BudgetToTrain(s_, trial);
    s_.running_since = s_.running_since.value_or(recorded_.at);
    trial.message.clear();
    s_.queued.erase(e.trial);
  }

  void operator()(const event::TrialRunning& e) {
    TrialState& trial = Trial(e.trial);
    Move(trial, TrialPhase::kRunning);
    trial.started_at = e.started_at;
    trial.place = e.place;
  }

  void operator()(const event::TrialReported& /*e*/) { s_.waiting = false; }

  void operator()(const event::TrialStopRequested& e) {
    TrialState& trial = Trial(e.trial);
    trial.stop_cause = e.cause;
    trial.message = e.reason;
  }

  void operator()(const event::TrialPaused& e) {
    TrialState& trial = Trial(e.outcome.trial);
    EndOf(trial, e.outcome, TrialPhase::kPaused);
    trial.reached = trial.budget;
    trial.paused_attempt = e.outcome.attempt;
    trial.message.clear();
    ++s_.results_since_best;
    NoteGoal(e.outcome);
  }

  void operator()(const event::TrialResumed& e) {
    TrialState& trial = Trial(e.trial);
    Move(trial, TrialPhase::kPending);
    trial.budget = e.budget;
    trial.pauses = e.pauses;
    trial.note = e.note;
    trial.started_at = Timestamp();
    trial.ended_at = Timestamp();
    if (!e.values.empty()) {
      trial.values = e.values;
    }
    s_.queued.insert(e.trial);
  }

  void operator()(const event::TrialRequeued& e) {
    TrialState& trial = Trial(e.trial);
    AddTime(trial.started_at, recorded_.at);
    Move(trial, TrialPhase::kPending);
    EndAttempt(trial);
    trial.started_at = Timestamp();
    trial.message = e.message;
    trial.ending = e.kind;
    s_.queued.insert(e.trial);
    if (e.kind == EndingKind::kLost) {
      ++trial.losses;
    } else if (e.kind == EndingKind::kPreempted) {
      ++trial.preemptions;
    } else if (e.kind != EndingKind::kStopped) {
      ++trial.failures;
      if (e.kind == EndingKind::kOutOfMemory) {
        ++trial.out_of_memory;
      }
    }
  }

  void operator()(const event::TrialSucceeded& e) {
    TrialState& trial = Finish(e.outcome, TrialPhase::kSucceeded);
    trial.message = Violation(s_.spec->objective, e.outcome.observation).value_or("");
    if (trial.paused_attempt > 0) {
      trial.reached = trial.budget;
    }
    ++s_.results_since_best;
    NoteGoal(e.outcome);
  }

  void operator()(const event::TrialFailed& e) {
    const bool unavailable = e.ending.kind == EndingKind::kMetricMissing ||
                             e.ending.kind == EndingKind::kMetricNotANumber;
    TrialState& trial =
        Finish(e.outcome, unavailable ? TrialPhase::kMetricsUnavailable : TrialPhase::kFailed);
    trial.ending = e.ending.kind;
    trial.exit_code = e.ending.exit_code;
    trial.signal = e.ending.signal;
    trial.message = e.ending.message;
  }

  void operator()(const event::TrialEarlyStopped& e) {
    TrialState& trial = Finish(e.outcome, TrialPhase::kEarlyStopped);
    trial.message = e.reason;
    if (trial.paused_attempt > 0) {  // its last result was counted, and stands
      trial.budget = trial.reached;
      return;
    }
    ++s_.results_since_best;
    NoteGoal(e.outcome);
  }

  void operator()(const event::TrialKilled& e) {
    Finish(e.outcome, TrialPhase::kKilled).message = e.reason;
  }

  void operator()(const event::BestChanged& e) {
    s_.best = e.trial == 0 ? std::nullopt : std::optional(e.trial);
    s_.results_since_best = 0;
  }

  void operator()(const event::ExperimentEnded& e) {
    StopRunning();
    s_.phase = Succeeds(e.reason) ? ExperimentPhase::kSucceeded : ExperimentPhase::kFailed;
    s_.ended_at = recorded_.at;
    s_.end_reason = e.reason;
    s_.message = e.message;
  }

  void operator()(const event::ExperimentDeleted& /*e*/) { s_.phase = ExperimentPhase::kDeleted; }

  void operator()(const event::RecordsRemoved& e) { s_.removals.push_back({e, recorded_.at}); }

 private:
  void StopRunning() {
    s_.ran = s_.Ran(recorded_.at);
    s_.running_since.reset();
  }

  /// The first start is that of a trial.
  void GoOnRunning() {
    if (s_.ran > Duration(0)) {
      s_.running_since = recorded_.at;
    }
  }

  TrialState& Trial(TrialNumber number) {
    HONE_CHECK(number >= 1 && number <= s_.trials.size(), "an event names a trial never reserved");
    return s_.trials[number - 1];
  }

  void Move(TrialState& trial, TrialPhase phase) {
    --s_.counts[static_cast<std::size_t>(trial.phase)];
    ++s_.counts[static_cast<std::size_t>(phase)];
    trial.phase = phase;
  }

  void CloseReserved(const TrialState& trial) {
    if (trial.phase == TrialPhase::kReserved && s_.reservation && --s_.reservation->open == 0) {
      s_.reservation.reset();
    }
  }

  static void EndAttempt(TrialState& trial) {
    trial.launched = false;
    trial.stop_cause.reset();
    trial.place.clear();
  }

  /// Of an attempt that is over; one that was never seen running took none.
  void AddTime(Timestamp from, Timestamp to) {
    if (IsSet(from)) {
      s_.attempts_ran += std::max(to - from, Duration(0));
    }
  }

  /// Of an attempt, or of a trial that has none.
  void EndOf(TrialState& trial, const event::TrialOutcome& outcome, TrialPhase phase) {
    if (trial.launched) {
      AddTime(outcome.started_at, outcome.ended_at);
    }
    Move(trial, phase);
    EndAttempt(trial);
    s_.waiting = false;
    trial.started_at = outcome.started_at;
    trial.ended_at = outcome.ended_at;
    trial.observation = outcome.observation;
    trial.checkpoint = outcome.checkpoint;
  }

  TrialState& Finish(const event::TrialOutcome& outcome, TrialPhase phase) {
    TrialState& trial = Trial(outcome.trial);
    EndOf(trial, outcome, phase);
    s_.active.erase(trial.number);
    s_.queued.erase(trial.number);
    return trial;
  }

  void NoteGoal(const event::TrialOutcome& outcome) {
    if (!s_.goal_trial && ReachesGoals(s_.spec->objective, outcome.observation)) {
      s_.goal_trial = outcome.trial;
    }
  }

  ExperimentState& s_;
  const Recorded& recorded_;
};

}  // namespace

void Evolve(ExperimentState& state, const Recorded& recorded) {
  std::visit(Applier(state, recorded), recorded.event);
  state.version = recorded.seq;
  state.changed_at = recorded.at;
}

}  // namespace hone
