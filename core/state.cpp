// SPDX-License-Identifier: Apache-2.0
#include "core/state.h"

#include <algorithm>

#include "core/cost.h"

namespace hone {

std::string_view PhaseWord(TrialPhase phase) {
  switch (phase) {
    case TrialPhase::kReserved:
      return "Reserved";
    case TrialPhase::kPending:
      return "Pending";
    case TrialPhase::kRunning:
      return "Running";
    case TrialPhase::kPaused:
      return "Paused";
    case TrialPhase::kSucceeded:
      return "Succeeded";
    case TrialPhase::kFailed:
      return "Failed";
    case TrialPhase::kMetricsUnavailable:
      return "MetricsUnavailable";
    case TrialPhase::kEarlyStopped:
      return "EarlyStopped";
    case TrialPhase::kKilled:
      return "Killed";
    case TrialPhase::kWithdrawn:
      return "Withdrawn";
  }
  return "";
}

std::string_view PhaseWord(ExperimentPhase phase) {
  switch (phase) {
    case ExperimentPhase::kNone:
      return "None";
    case ExperimentPhase::kRunning:
      return "Running";
    case ExperimentPhase::kRestarting:
      return "Restarting";
    case ExperimentPhase::kSuspended:
      return "Suspended";
    case ExperimentPhase::kSucceeded:
      return "Succeeded";
    case ExperimentPhase::kFailed:
      return "Failed";
    case ExperimentPhase::kDeleted:
      return "Deleted";
  }
  return "";
}

std::uint32_t ExperimentState::Completed() const {
  return Count(TrialPhase::kSucceeded) + Count(TrialPhase::kFailed) + Count(TrialPhase::kKilled) +
         Count(TrialPhase::kEarlyStopped) + Count(TrialPhase::kMetricsUnavailable);
}

std::optional<std::uint32_t> ExperimentState::TrialsLeft() const {
  std::optional<std::uint32_t> left;
  if (max_trial_count) {
    const auto budget = static_cast<std::uint32_t>(*max_trial_count);
    left = budget > Completed() ? budget - Completed() : 0;
  }
  if (const auto affordable = AffordableTrials(*this)) {
    const auto payable = *affordable + static_cast<std::uint32_t>(active.size());
    left = left ? std::min(*left, payable) : payable;
  }
  return left;
}

std::uint32_t ExperimentState::SlotsHeld() const {
  // Every active trial holds a slot but those that wait for a relaunch and those that are paused.
  return static_cast<std::uint32_t>(active.size() - queued.size()) - Count(TrialPhase::kPaused);
}

Duration ExperimentState::Ran(Timestamp now) const {
  return running_since ? ran + std::max(now - *running_since, Duration(0)) : ran;
}

bool ExperimentState::TimeIsUp(Timestamp now) const {
  const std::optional<Duration>& most = spec->max_duration;
  return most && Ran(now) >= *most;
}

std::optional<Timestamp> ExperimentState::Deadline() const {
  const std::optional<Duration>& most = spec->max_duration;
  std::optional<Timestamp> first = MoneyUpAt(*this);
  if (most && running_since) {
    const Timestamp time_up = *running_since + (*most - ran);
    first = first ? std::min(*first, time_up) : time_up;
  }
  return first;
}

bool ExperimentState::Drained() const {
  return (Ended() || phase == ExperimentPhase::kSuspended || phase == ExperimentPhase::kDeleted) &&
         SlotsHeld() == 0;
}

std::optional<Timestamp> ExperimentState::LogRemovedAt(TrialNumber number) const {
  for (const Removal& removal : removals) {
    if (removal.what.logs && number <= removal.what.through) {
      return removal.at;
    }
  }
  return std::nullopt;
}

std::optional<Timestamp> ExperimentState::CurveRemovedAt(TrialNumber number) const {
  for (const Removal& removal : removals) {
    if (removal.what.curves && number <= removal.what.through) {
      return removal.at;
    }
  }
  return std::nullopt;
}

std::vector<TrialNumber> ExperimentState::LineageOf(TrialNumber number) const {
  std::vector<TrialNumber> lineage;
  for (const TrialState* trial = Find(number); trial != nullptr; trial = Find(trial->parent)) {
    lineage.push_back(trial->number);
  }
  std::ranges::reverse(lineage);
  return lineage;
}

const TrialState* ExperimentState::Find(TrialNumber number) const {
  return number >= 1 && number <= trials.size() ? &trials[number - 1] : nullptr;
}

std::string ExperimentState::NameOf(const TrialState& trial) const {
  return trial.given_name.empty() ? TrialName(spec->name, {id, trial.number}) : trial.given_name;
}

bool ExperimentState::operator==(const ExperimentState& other) const {
  const bool same_spec =
      spec == other.spec || (spec != nullptr && other.spec != nullptr && *spec == *other.spec);
  const auto fields = [](const ExperimentState& s) {
    return std::tie(s.id, s.version, s.phase, s.parked, s.seed, s.build, s.cpu_level,
                    s.parallel_trial_count, s.max_trial_count, s.max_failed_trial_count, s.trials,
                    s.counts, s.active, s.queued, s.reservation, s.exhausted, s.waiting, s.best,
                    s.goal_trial, s.launches, s.attempts_ran, s.results_since_best, s.removals,
                    s.created_at, s.restarted_at, s.ended_at, s.ran, s.running_since, s.end_reason,
                    s.message, s.changed_at);
  };
  return same_spec && fields(*this) == fields(other);
}

}  // namespace hone
