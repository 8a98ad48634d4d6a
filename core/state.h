// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/ending.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/observation.h"
#include "core/spec.h"
#include "core/stop_rule.h"

namespace hone {

/// kPending waits for a slot, a relaunch or its first sighting; kReserved and kWithdrawn are no
/// trials (yet, any more).
enum class TrialPhase {
  kReserved,
  kPending,
  kRunning,
  kPaused,
  kSucceeded,
  kFailed,
  kMetricsUnavailable,
  kEarlyStopped,
  kKilled,
  kWithdrawn,
};

inline constexpr std::size_t kTrialPhases = 10;
inline bool IsOver(TrialPhase phase) {
  return phase >= TrialPhase::kSucceeded;
}
/// Katib's condition type: "Pending", "Running", "Succeeded", "MetricsUnavailable", ...
std::string_view PhaseWord(TrialPhase phase);

/// All that the engine knows of a trial. Kept small: an experiment may have 100,000 of them.
struct TrialState {
  TrialNumber number = 0;
  TrialPhase phase = TrialPhase::kReserved;
  Attempt attempt = 0;              ///< the current or last one; 0: never launched
  bool launched = false;            ///< the current attempt was ordered and is not known to be over
  std::uint16_t failures = 0;       ///< attempts that count against the retry policy
  std::uint16_t losses = 0;         ///< attempts that were lost
  std::uint16_t preemptions = 0;    ///< attempts that were preempted
  std::uint16_t out_of_memory = 0;  ///< attempts that were retried for want of memory
  std::optional<event::TrialStopRequested::Cause> stop_cause;  ///< of the current attempt
  EndingKind ending = EndingKind::kSucceeded;  ///< of the last attempt that ended badly
  int exit_code = 0;
  int signal = 0;
  Timestamp created_at;
  Timestamp started_at;
  Timestamp ended_at;
  std::optional<double> budget;
  Assignment values;
  Observation observation;
  std::string given_name;  ///< empty: TrialName()
  std::string message;     ///< why it is in this phase, for people
  std::string place;
  std::string note;
  TrialNumber parent = 0;                 ///< the trial that it goes on with; 0: none
  std::optional<std::string> start_from;  ///< digest of the parent's checkpoint
  std::optional<std::string> checkpoint;  ///< digest of its own, once it is over or paused
  std::optional<double> reached;          ///< budget of its last result, if it was paused there
  Attempt paused_attempt = 0;             ///< the one that ended with its last pause; 0: none
  bool pauses = false;                    ///< at the good end of its budget
  std::vector<StopRule> stop_rules{};     ///< of an early-stopping service
  bool operator==(const TrialState&) const = default;
};

enum class ExperimentPhase {
  kNone,
  kRunning,
  kRestarting,
  kSuspended,
  kSucceeded,
  kFailed,
  kDeleted
};
std::string_view PhaseWord(ExperimentPhase phase);

/// A reservation whose answers have not come yet.
struct Reservation {
  Version seq = 0;
  TrialNumber first = 0;
  std::uint32_t count = 0;
  std::uint32_t open = 0;  ///< numbers that are still reserved
  bool operator==(const Reservation&) const = default;
};

/// A removal of bulk data, and when it was recorded.
struct Removal {
  event::RecordsRemoved what;
  Timestamp at;
  bool operator==(const Removal&) const = default;
};

/// Everything that is computed from an experiment's ledger. Decide reads it, Evolve is the only one
/// that changes it.
struct ExperimentState {
  ExperimentId id;
  Version version = 0;
  ExperimentPhase phase = ExperimentPhase::kNone;
  bool parked = false;
  std::shared_ptr<const ExperimentSpec>
      spec;  // shared with strands and readers; immutable; counts below may be edited
  std::uint64_t seed = 0;
  std::string build;
  std::string cpu_level;
  int parallel_trial_count = 0;
  std::optional<int> max_trial_count;
  std::optional<int> max_failed_trial_count;

  std::vector<TrialState> trials;  ///< index = number - 1; withdrawn numbers stay as place-holders
  std::array<std::uint32_t, kTrialPhases> counts{};  ///< by phase
  std::set<TrialNumber> active;  ///< neither over nor withdrawn: reserved, pending, running, paused
  std::set<TrialNumber> queued;  ///< pending without a launched attempt: wait for a slot
  std::optional<Reservation> reservation;
  bool exhausted = false;
  bool waiting = false;  ///< the algorithm said Wait and nothing has been learnt since
  std::optional<TrialNumber> best;
  std::optional<TrialNumber> goal_trial;  ///< the first that reached every goal

  std::vector<Removal> removals;  ///< in order; a restarted experiment may have several

  Timestamp created_at;
  Timestamp restarted_at;
  Timestamp ended_at;
  std::uint32_t launches = 0;              ///< attempts that were ordered
  double budget_ordered = 0;               ///< that they were to train, added up
  Duration attempts_ran{0};                ///< of attempts that are over, added up
  std::uint32_t results_since_best = 0;    ///< trials with a result after the best one
  Duration ran{0};                         ///< spent running before `running_since`
  std::optional<Timestamp> running_since;  ///< nothing: suspended, over, or no trial started yet
  std::optional<event::ExperimentEnded::Reason> end_reason;
  std::string message;   ///< why it is in this phase, for people
  Timestamp changed_at;  ///< of the last event

  [[nodiscard]] std::uint32_t Count(TrialPhase p) const {
    return counts[static_cast<std::size_t>(p)];
  }
  /// Trials that are over and count: succeeded, failed, killed, early stopped, metrics unavailable.
  [[nodiscard]] std::uint32_t Completed() const;
  /// Trials of the budget that are not over, running ones included; nothing: unbounded. What
  /// algorithms are told as ProposeRequest::trials_left.
  [[nodiscard]] std::optional<std::uint32_t> TrialsLeft() const;
  /// Reserved or real trials that hold a slot: reserved, or with a launched attempt.
  [[nodiscard]] std::uint32_t SlotsHeld() const;
  /// How long it has run: from the launch of the first trial, without the time it was suspended or
  /// over. The time in which no engine drove it counts: its trials may have run.
  [[nodiscard]] Duration Ran(Timestamp now) const;
  /// Whether maxDuration is used up.
  [[nodiscard]] bool TimeIsUp(Timestamp now) const;
  /// When maxDuration or the money will be used up, if what runs goes on running; nothing: there is
  /// no such moment.
  [[nodiscard]] std::optional<Timestamp> Deadline() const;
  [[nodiscard]] bool Ended() const {
    return phase == ExperimentPhase::kSucceeded || phase == ExperimentPhase::kFailed;
  }
  /// Ended (or suspended) and nothing of it runs any more.
  [[nodiscard]] bool Drained() const;
  /// When `hone gc` removed the trial's log, or the values it reported; nothing if it did not.
  [[nodiscard]] std::optional<Timestamp> LogRemovedAt(TrialNumber number) const;
  [[nodiscard]] std::optional<Timestamp> CurveRemovedAt(TrialNumber number) const;
  [[nodiscard]] const TrialState* Find(TrialNumber number) const;
  [[nodiscard]] std::string NameOf(const TrialState& trial) const;
  /// The trials that a trial goes on with, the first one first, and itself at the end.
  [[nodiscard]] std::vector<TrialNumber> LineageOf(TrialNumber number) const;
  bool operator==(const ExperimentState&) const;
};

}  // namespace hone
