// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/decide_internal.h"
#include "core/event_words.h"

namespace hone {
namespace decide {
namespace {

using Cause = event::TrialStopRequested::Cause;
using Why = event::TrialsWithdrawn::Why;

tl::unexpected<Error> Refuse(std::string message, std::string field = {}) {
  return Fail(Code::kFailedPrecondition, std::move(message), std::move(field));
}

void OnVerdict(Draft& draft, const input::Verdict& verdict) {
  const TrialState* trial = draft.state().Find(verdict.trial);
  if (trial == nullptr || !trial->launched || trial->attempt != verdict.attempt ||
      trial->stop_cause) {
    return;
  }
  draft.Stop(*trial, verdict.pause ? Cause::kPaused : Cause::kEarlyStopped, verdict.reason,
             verdict.ruling);
}

void OnRungResult(Draft& draft, const input::RungResult& result) {
  const TrialState* trial = draft.state().Find(result.trial);
  if (trial != nullptr && trial->launched && trial->attempt == result.attempt) {
    draft.Emit(event::TrialReported{result.trial, result.attempt, result.budget, result.value,
                                    result.further});
  }
}

Status OnKillTrial(Draft& draft, const input::KillTrial& kill) {
  const TrialState* trial = draft.state().Find(kill.trial);
  if (trial == nullptr || trial->phase == TrialPhase::kReserved ||
      trial->phase == TrialPhase::kWithdrawn) {
    return Fail(Code::kNotFound, "there is no trial number " + std::to_string(kill.trial));
  }
  if (IsOver(trial->phase)) {
    return Refuse("the trial is over already: " + std::string(PhaseWord(trial->phase)));
  }
  if (trial->launched) {
    draft.Stop(*trial, Cause::kKilled, kill.reason);
    return {};
  }
  draft.Kill({trial->number, trial->attempt, trial->started_at, draft.now(), {}}, kill.reason);
  draft.EndIfDone();
  return {};
}

Status CheckCount(std::optional<int> count, int least, std::string_view field) {
  if (count && *count < least) {
    return Fail(Code::kInvalidArgument, "must be at least " + std::to_string(least),
                std::string(field));
  }
  return {};
}

/// Numbers of trials that exist: over, running, pending or paused.
std::size_t TrialCount(const ExperimentState& state) {
  return state.Completed() + state.active.size() - state.Count(TrialPhase::kReserved);
}

Status CheckEdit(const ExperimentState& state, const event::BudgetEdited& edit) {
  HONE_RETURN_IF_ERROR(CheckCount(edit.parallel_trial_count, 1, "spec.parallelTrialCount"));
  HONE_RETURN_IF_ERROR(CheckCount(edit.max_trial_count, 1, "spec.maxTrialCount"));
  HONE_RETURN_IF_ERROR(CheckCount(edit.max_failed_trial_count, 0, "spec.maxFailedTrialCount"));
  const auto trials = TrialCount(state);
  if (edit.max_trial_count && static_cast<std::size_t>(*edit.max_trial_count) <= trials) {
    return Fail(
        Code::kInvalidArgument,
        "must be greater than the number of trials there are (" + std::to_string(trials) + ")",
        "spec.maxTrialCount");
  }
  const auto max_trials = edit.max_trial_count ? edit.max_trial_count : state.max_trial_count;
  const auto parallel = edit.parallel_trial_count.value_or(state.parallel_trial_count);
  if (max_trials && parallel > *max_trials) {
    return Fail(Code::kInvalidArgument,
                "must not be greater than maxTrialCount (" + std::to_string(*max_trials) + ")",
                "spec.parallelTrialCount");
  }
  return {};
}

Status CheckRestart(const ExperimentState& state, const event::BudgetEdited& edit) {
  if (state.end_reason != event::ExperimentEnded::Reason::kMaxTrialsReached) {
    return Refuse(
        "only an experiment that ended because maxTrialCount was reached can go on; this "
        "one ended with " +
        std::string(state.end_reason ? Word(*state.end_reason) : "no reason"));
  }
  if (state.spec->resume_policy == ResumePolicy::kNever) {
    return Refuse(
        "resumePolicy is Never, so a finished experiment cannot go on; use LongRunning or "
        "FromVolume",
        "spec.resumePolicy");
  }
  if (!edit.max_trial_count) {
    return Refuse("the experiment is finished; raise maxTrialCount to go on", "spec.maxTrialCount");
  }
  return {};
}

/// Interrupts the newest running trials until no more than `parallel` hold a slot. Nothing is lost:
/// they wait for the next free slot.
void ShrinkTo(Draft& draft, int parallel) {
  const ExperimentState& state = draft.state();
  if (state.SlotsHeld() <= static_cast<std::uint32_t>(parallel)) {
    return;
  }
  std::uint32_t excess = state.SlotsHeld() - static_cast<std::uint32_t>(parallel);
  const std::string reason = "parallelTrialCount was lowered to " + std::to_string(parallel);
  if (state.reservation) {
    excess -= std::min(excess, state.reservation->open);
    draft.WithdrawReservation(Why::kBudget, reason);
  }
  for (auto it = state.active.rbegin(); it != state.active.rend() && excess > 0; ++it) {
    const TrialState& trial = *state.Find(*it);
    if (trial.launched && !trial.stop_cause) {
      draft.Stop(trial, Cause::kInterrupted, reason);
      --excess;
    }
  }
}

Status OnEditBudget(Draft& draft, const input::EditBudget& in) {
  const ExperimentState& state = draft.state();
  HONE_RETURN_IF_ERROR(CheckEdit(state, in.edit));
  if (state.Ended()) {
    HONE_RETURN_IF_ERROR(CheckRestart(state, in.edit));
    draft.Edit(in.edit);
    draft.Emit(event::ExperimentRestarted{});
    return {};
  }
  draft.Edit(in.edit);
  if (in.edit.parallel_trial_count) {
    ShrinkTo(draft, *in.edit.parallel_trial_count);
  }
  draft.EndIfDone();
  return {};
}

Status OnSuspend(Draft& draft, const input::Suspend& suspend) {
  const ExperimentState& state = draft.state();
  if (state.phase == ExperimentPhase::kSuspended) {
    return {};
  }
  if (state.Ended()) {
    return Refuse("the experiment is over already: " + std::string(PhaseWord(state.phase)));
  }
  draft.Emit(event::ExperimentSuspended{suspend.reason, suspend.parked});
  draft.WithdrawReservation(Why::kSuspended, suspend.reason);
  for (const TrialNumber number : state.active) {
    const TrialState& trial = *state.Find(number);
    if (trial.launched && !trial.stop_cause && !suspend.parked) {
      draft.Stop(trial, Cause::kInterrupted, suspend.reason);
    }
  }
  return {};
}

Status OnResume(Draft& draft, const input::Resume& /*resume*/) {
  const ExperimentState& state = draft.state();
  if (state.Ended()) {
    return Refuse("the experiment is finished (" + std::string(PhaseWord(state.phase)) +
                  "); to go on, raise maxTrialCount (resumePolicy LongRunning or FromVolume)");
  }
  if (state.phase == ExperimentPhase::kSuspended) {
    draft.Emit(event::ExperimentResumed{});
  }
  return {};
}

void OnTimeUp(Draft& draft, const input::TimeUp& /*up*/) {
  draft.EndIfUsedUp();
}

/// Calls the handler of the input's kind.
struct Dispatch {
  Draft& draft;

  Status operator()(const input::Offer& in) const { return Run(OnOffer, in); }
  Status operator()(const input::Proposals& in) const { return Run(OnProposals, in); }
  Status operator()(const input::SearchFailed& in) const { return Run(OnSearchFailed, in); }
  Status operator()(const input::Seen& in) const { return Run(OnSeen, in); }
  Status operator()(const input::Verdict& in) const { return Run(OnVerdict, in); }
  Status operator()(const input::RungResult& in) const { return Run(OnRungResult, in); }
  Status operator()(const input::KillTrial& in) const { return OnKillTrial(draft, in); }
  Status operator()(const input::EditBudget& in) const { return OnEditBudget(draft, in); }
  Status operator()(const input::Suspend& in) const { return OnSuspend(draft, in); }
  Status operator()(const input::Resume& in) const { return OnResume(draft, in); }
  Status operator()(const input::TimeUp& in) const { return Run(OnTimeUp, in); }

  template <class In>
  Status Run(void (*handler)(Draft&, const In&), const In& in) const {
    handler(draft, in);
    return {};
  }
};

}  // namespace
}  // namespace decide

Result<Decision> Decide(const ExperimentState& state, const Input& in, Timestamp now) {
  decide::Draft draft(state, now);
  HONE_RETURN_IF_ERROR(std::visit(decide::Dispatch{draft}, in));
  return draft.Take();
}

}  // namespace hone
