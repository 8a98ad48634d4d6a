// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/decide_internal.h"

namespace hone::decide {
namespace {

using Cause = event::TrialStopRequested::Cause;

/// A lost attempt is nobody's fault, so it is started again; but not for ever.
constexpr std::uint16_t kMaxLosses = 3;
/// Nor is a preempted one, and that may happen often to a long trial that goes on from checkpoints.
constexpr std::uint16_t kMaxPreemptions = 100;

bool Retries(const ExperimentSpec& spec, const TrialState& trial, EndingKind kind) {
  if (!spec.retry_policy || trial.failures >= spec.retry_policy->max_retries) {
    return false;
  }
  const std::vector<std::string>& on = spec.retry_policy->on;
  if (on.empty()) {
    return kind == EndingKind::kExitCode || kind == EndingKind::kSignal ||
           kind == EndingKind::kOutOfMemory;
  }
  return std::find(on.begin(), on.end(), EndingWord(kind)) != on.end();
}

/// The ending as the experiment sees it: a job that ended well without a usable objective did not
/// end well.
Ending Judge(const ExperimentSpec& spec, const Ending& ending, const Observation& observation) {
  if (ending.kind != EndingKind::kSucceeded) {
    return ending;
  }
  const std::vector<ObjectiveValue> values = ObjectivesOf(spec.objective, observation);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string& metric =
        i == 0 ? spec.objective.metric : spec.objective.further[i - 1].metric;
    switch (values[i].availability) {
      case Availability::kAvailable:
        break;
      case Availability::kMissing:
        return {EndingKind::kMetricMissing, 0, 0,
                "the job ended well but never reported the objective '" + metric + "'" +
                    (ending.message.empty() ? "" : "; " + ending.message)};
      case Availability::kNotANumber:
        return {EndingKind::kMetricNotANumber, 0, 0,
                "the job ended well but its objective '" + metric +
                    "' is not a finite number (empty, NaN or infinite)"};
    }
  }
  return ending;
}

void Requeue(Draft& draft, const TrialState& trial, const Ending& ending, std::string message) {
  draft.Emit(event::TrialRequeued{trial.number, trial.attempt, ending.kind, std::move(message)});
}

/// The training code has nothing to do with it.
bool IsInfrastructure(EndingKind kind) {
  return kind == EndingKind::kLost || kind == EndingKind::kStopped ||
         kind == EndingKind::kPreempted;
}

/// The end of an attempt for which neither hone nor the training code is the reason. It is started
/// again, and counts for nothing; but not for ever.
void EndForOthers(Draft& draft, const TrialState& trial, event::TrialOutcome outcome,
                  Ending ending) {
  if (ending.kind == EndingKind::kStopped) {  // not by us: the machine goes down
    ending.kind = EndingKind::kPreempted;
    ending.message = "it was asked to end, but not by hone";
  }
  const bool preempted = ending.kind == EndingKind::kPreempted;
  const bool few = preempted ? trial.preemptions < kMaxPreemptions : trial.losses < kMaxLosses;
  if (few || draft.state().phase == ExperimentPhase::kSuspended) {
    return Requeue(draft, trial, ending, "started again after: " + ending.message);
  }
  if (trial.paused_attempt > 0) {
    return draft.StopEarly(std::move(outcome), "it could not go on: " + ending.message);
  }
  draft.FailTrial(std::move(outcome), std::move(ending));
}

/// The end of an attempt that nobody asked to stop.
void EndByItself(Draft& draft, const TrialState& trial, event::TrialOutcome outcome,
                 const Ending& ending) {
  if (ending.kind == EndingKind::kSucceeded) {
    return trial.pauses ? draft.Pause(outcome) : draft.Succeed(outcome);
  }
  if (IsInfrastructure(ending.kind)) {
    return EndForOthers(draft, trial, std::move(outcome), ending);
  }
  if (Retries(*draft.state().spec, trial, ending.kind)) {
    return Requeue(draft, trial, ending, "retried after: " + ending.message);
  }
  draft.FailTrial(std::move(outcome), ending);
}

void EndAsAsked(Draft& draft, const TrialState& trial, Cause cause, event::TrialOutcome outcome,
                const Ending& ending) {
  switch (cause) {
    case Cause::kEarlyStopped:
      return draft.StopEarly(std::move(outcome), trial.message);
    case Cause::kKilled:
      if (draft.ended() && trial.paused_attempt > 0) {
        return draft.StopEarly(std::move(outcome), trial.message);
      }
      return draft.Kill(std::move(outcome), trial.message);
    case Cause::kInterrupted:
      return Requeue(draft, trial, {EndingKind::kStopped, 0, 0, {}}, trial.message);
    case Cause::kPaused:
      if (ending.kind == EndingKind::kStopped) {
        return draft.Pause(outcome);
      }
      return EndByItself(draft, trial, std::move(outcome), ending);
  }
}

}  // namespace

void OnSeen(Draft& draft, const input::Seen& seen) {
  const Sighting& sighting = seen.sighting;
  const TrialState* trial = draft.state().Find(sighting.trial);
  if (trial == nullptr || !trial->launched || trial->attempt != sighting.attempt) {
    return;  // over, or of an attempt that is over
  }
  if (!sighting.ending) {
    if (trial->phase == TrialPhase::kPending) {
      draft.Emit(event::TrialRunning{sighting.trial, sighting.attempt, sighting.started_at,
                                     sighting.place});
    }
    return;
  }
  event::TrialOutcome outcome{sighting.trial,    sighting.attempt, sighting.started_at,
                              sighting.ended_at, seen.observation, sighting.checkpoint};
  const Ending ending = Judge(*draft.state().spec, *sighting.ending, seen.observation);
  // A trial that made it to a good end before the stop reached it has succeeded.
  if (trial->stop_cause && ending.kind != EndingKind::kSucceeded) {
    EndAsAsked(draft, *trial, *trial->stop_cause, std::move(outcome), ending);
  } else {
    EndByItself(draft, *trial, std::move(outcome), ending);
  }
  draft.EndIfDone();
}

}  // namespace hone::decide
