// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/explain_text.h"

#include "apps/cli/format.h"
#include "apps/cli/removed.h"
#include "apps/cli/view.h"
#include "base/text.h"

namespace hone::cli {
namespace {

constexpr std::size_t kLongestReason = 3000;

std::string Reason(const std::string& text) {
  return Printable(text, kLongestReason);
}

/// "after 3.2 s" of running, or "before it was started".
std::string After(const TrialState& trial) {
  if (trial.started_at == Timestamp()) {
    return "before it was started";
  }
  return "after " + FormatDuration(trial.ended_at - trial.started_at);
}

/// "" for the first attempt: most trials have no other.
std::string AttemptText(const TrialState& trial) {
  return trial.attempt > 1 ? " in attempt " + std::to_string(trial.attempt) : "";
}

std::string Pending(const ExperimentState& state, const TrialState& trial,
                    const std::string& waits) {
  if (trial.launched) {
    return "is pending: attempt " + std::to_string(trial.attempt) +
           " was ordered and has not been seen to run yet";
  }
  std::string why = trial.message.empty() ? "" : " (" + Reason(trial.message) + ")";
  if (state.phase == ExperimentPhase::kSuspended) {
    return "is pending" + why + ": it waits until 'hone resume " + state.spec->name + "' goes on";
  }
  const char* const what = trial.attempt > 0 ? "to be started again" : "to be started";
  return "is pending" + why + ": it waits for a free slot " + what + ", " +
         std::to_string(state.SlotsHeld()) + " of " + std::to_string(state.parallel_trial_count) +
         " of this experiment are in use" + (waits.empty() ? "" : "; " + Reason(waits));
}

std::string Running(const TrialState& trial, Timestamp now) {
  std::string text = "runs" + AttemptText(trial) + " since " + FormatSeconds(trial.started_at) +
                     " (" + FormatDuration(now - trial.started_at) + ")";
  if (!trial.place.empty()) {
    text += ", " + Printable(trial.place, kLongestReason);
  }
  if (trial.stop_cause) {
    text += "; it was asked to end: " + Reason(trial.message);
  }
  return text;
}

std::string Succeeded(const ExperimentState& state, const TrialState& trial) {
  std::string text = "succeeded " + After(trial) + AttemptText(trial) + ": it reported " +
                     state.spec->objective.metric + "=" + ObjectiveText(state, trial);
  if (state.best == trial.number) {
    text += ", the best so far";
  }
  if (!trial.message.empty()) {
    text += "; it is no candidate for the best: " + Reason(trial.message);
  }
  return text;
}

/// "at budget 3, with loss=0.4": what stands of a trial that was paused.
std::string LastRung(const ExperimentState& state, const TrialState& trial) {
  const std::string budget =
      trial.reached ? "at budget " + FormatDouble(*trial.reached) + ", " : "";
  return budget + "with " + state.spec->objective.metric + "=" + ObjectiveText(state, trial);
}

std::string Paused(const ExperimentState& state, const TrialState& trial) {
  return "is paused " + LastRung(state, trial) +
         (state.best == trial.number ? ", the best so far" : "") +
         ": the search algorithm may continue it with a larger budget";
}

std::string EarlyStopped(const ExperimentState& state, const TrialState& trial) {
  if (trial.paused_attempt > 0) {
    return "went no further than its pause " + LastRung(state, trial) +
           (state.best == trial.number ? ", the best so far" : "") + ": " + Reason(trial.message);
  }
  return "was stopped early " + After(trial) + ": " + Reason(trial.message);
}

std::string TrialSentence(const ExperimentState& state, const TrialState& trial, Timestamp now,
                          const std::string& waits) {
  switch (trial.phase) {
    case TrialPhase::kReserved:
      return "is reserved: the search algorithm has been asked for its parameters";
    case TrialPhase::kPending:
      return Pending(state, trial, waits);
    case TrialPhase::kRunning:
      return Running(trial, now);
    case TrialPhase::kPaused:
      return Paused(state, trial);
    case TrialPhase::kSucceeded:
      return Succeeded(state, trial);
    case TrialPhase::kFailed:
      return "failed " + After(trial) + AttemptText(trial) + ": " + Reason(trial.message);
    case TrialPhase::kMetricsUnavailable:
      return "counts as failed (metrics unavailable) " + After(trial) + AttemptText(trial) + ": " +
             Reason(trial.message);
    case TrialPhase::kEarlyStopped:
      return EarlyStopped(state, trial);
    case TrialPhase::kKilled:
      return "was killed " + After(trial) + ": " + Reason(trial.message);
    case TrialPhase::kWithdrawn:
      return "was withdrawn before it got parameters and does not count";
  }
  return "";
}

std::string CountsText(const ExperimentState& state) {
  std::string text;
  const auto add = [&](TrialPhase phase, const char* word) {
    if (const auto count = state.Count(phase); count > 0) {
      text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + word;
    }
  };
  add(TrialPhase::kSucceeded, "succeeded");
  add(TrialPhase::kFailed, "failed");
  add(TrialPhase::kMetricsUnavailable, "without metrics");
  add(TrialPhase::kEarlyStopped, "stopped early");
  add(TrialPhase::kKilled, "killed");
  add(TrialPhase::kRunning, "running");
  add(TrialPhase::kPending, "pending");
  add(TrialPhase::kPaused, "paused");
  add(TrialPhase::kReserved, "being proposed");
  return text.empty() ? "no trials yet" : text;
}

/// What a running experiment waits for.
std::string RunningWhy(const ExperimentState& state, bool driven, const std::string& waits) {
  const std::string& name = state.spec->name;
  if (!driven) {
    return "is unfinished, but no process drives it (the last one was cut off); 'hone resume " +
           name + "' goes on";
  }
  if (state.exhausted) {
    return "runs its last trials: the search algorithm has nothing more to propose";
  }
  if (state.waiting) {
    return "runs; the search algorithm waits for results before it proposes more";
  }
  if (waits.empty()) {
    return state.active.empty() ? "waits for a free slot" : "runs";
  }
  return (state.active.empty() ? "waits for a free slot: " : "runs; it waits for more slots: ") +
         Reason(waits);
}

std::string ExperimentSentence(const ExperimentState& state, bool driven,
                               const std::string& waits) {
  switch (state.phase) {
    case ExperimentPhase::kNone:
      return "does not exist yet";
    case ExperimentPhase::kRunning:
      return RunningWhy(state, driven, waits);
    case ExperimentPhase::kRestarting:
      return driven ? "is being restarted with a larger budget" : RunningWhy(state, driven, waits);
    case ExperimentPhase::kSuspended:
      return "is suspended: " + Reason(state.message) + "; 'hone resume " + state.spec->name +
             "' goes on";
    case ExperimentPhase::kSucceeded:
      return "succeeded after " + FormatDuration(state.ended_at - state.created_at) + ": " +
             Reason(state.message);
    case ExperimentPhase::kFailed:
      return "failed after " + FormatDuration(state.ended_at - state.created_at) + ": " +
             Reason(state.message);
    case ExperimentPhase::kDeleted:
      return "was deleted";
  }
  return "";
}

/// Why the last one to fail did, in a sentence with a blank in front; a failed experiment seldom
/// has another reason.
std::string LastFailure(const ExperimentState& state) {
  const TrialState* last = nullptr;
  for (const TrialState& trial : state.trials) {
    const bool failed =
        trial.phase == TrialPhase::kFailed || trial.phase == TrialPhase::kMetricsUnavailable;
    if (failed && (last == nullptr || last->ended_at <= trial.ended_at)) {
      last = &trial;
    }
  }
  if (last == nullptr) {
    return "";
  }
  return " The last that failed, " + state.NameOf(*last) + ": " + Reason(last->message) + ".";
}

}  // namespace

std::string ExplainTrial(const ExperimentState& state, TrialNumber number, Timestamp now,
                         const std::string& waits) {
  const TrialState& trial = *state.Find(number);
  std::string text =
      "Trial " + state.NameOf(trial) + " " + TrialSentence(state, trial, now, waits) + ".";
  if (!trial.note.empty()) {
    text += " Its parameters: " + Printable(trial.note, kLongestReason) + ".";
  }
  return text + RemovedOfTrial(state, number);
}

std::string ExplainExperiment(const ExperimentState& state, bool driven, const std::string& waits) {
  std::string text =
      "Experiment " + state.spec->name + " " + ExperimentSentence(state, driven, waits);
  text += ". Trials: " + CountsText(state) + "." + LastFailure(state);
  if (const std::string best = BestText(state); !best.empty()) {
    text += " Its " + best + ".";
  }
  return text + RemovedOfExperiment(state);
}

}  // namespace hone::cli
