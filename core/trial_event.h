// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/ending.h"
#include "core/ids.h"
#include "core/observation.h"
#include "core/space.h"

/// Events about one trial; see core/event.h.
namespace hone::event {

/// Ids are chosen before the algorithm is asked; one question per reservation.
struct TrialsReserved {
  TrialNumber first = 0;
  std::uint32_t count = 0;
  bool operator==(const TrialsReserved&) const = default;
};

struct TrialProposed {
  TrialNumber trial = 0;
  Version reservation = 0;  ///< seq of its TrialsReserved
  Version based_on = 0;     ///< the last event the algorithm had been told
  Assignment values;        ///< in the order of the space
  std::string name;         ///< given by a remote suggester; empty: TrialName()
  std::string tag;          ///< the algorithm's own memory, at most 4 KiB, opaque to the engine
  std::string note;         ///< for people
  std::optional<double> budget;           ///< multi-fidelity: how far to train
  std::optional<std::string> start_from;  ///< digest of the parent's checkpoint to start from
  std::map<std::string, std::string> labels;
  TrialNumber parent{};  ///< the trial that this one goes on with; 0: none
  bool pauses{};         ///< its budget is a rung: at its good end it is paused
  bool operator==(const TrialProposed&) const = default;
};

/// Reserved numbers that get no trial; they do not count.
struct TrialsWithdrawn {
  enum class Why { kWait, kExhausted, kSuspended, kEnded, kBudget, kResumedOther };
  std::vector<TrialNumber> trials;
  Why why = Why::kWait;
  std::string reason;
  bool operator==(const TrialsWithdrawn&) const = default;
};

/// The algorithm has nothing more to propose.
struct SearchExhausted {
  std::string reason;
  bool operator==(const SearchExhausted&) const = default;
};

/// A slot is taken and the command to launch leaves with this event.
struct TrialLaunched {
  TrialNumber trial = 0;
  Attempt attempt = 0;
  std::string runner;  ///< the runner instance that owns it (machine and work folder)
  bool operator==(const TrialLaunched&) const = default;
};

struct TrialRunning {
  TrialNumber trial = 0;
  Attempt attempt = 0;
  Timestamp started_at;
  std::string place;
  bool operator==(const TrialRunning&) const = default;
};

/// A result at a rung, which the algorithm learns from. Other reports are observations, not events.
struct TrialReported {
  TrialNumber trial = 0;
  Attempt attempt = 0;
  double budget = 0;
  double value = 0;
  std::vector<double> further{};  ///< of the further objectives, in the experiment's order
  bool operator==(const TrialReported&) const = default;
};

/// What a rule of early stopping judged. A verdict follows from it, the ledger up to it and the
/// stored reports, so it can be reached again.
struct Ruling {
  std::string rule;          ///< empty: no rule was at work
  std::uint64_t report = 0;  ///< number of the report that was judged, from 1
  std::optional<double> value;
  std::optional<double> bar;  ///< what the value had to keep up with
  bool operator==(const Ruling&) const = default;
};

struct TrialStopRequested {
  enum class Cause { kEarlyStopped, kPaused, kKilled, kInterrupted };
  TrialNumber trial = 0;
  Attempt attempt = 0;
  Cause cause = Cause::kKilled;
  std::string reason;
  Ruling ruling{};
  bool operator==(const TrialStopRequested&) const = default;
};

/// A paused trial goes on with a new budget, in its own folder.
struct TrialResumed {
  TrialNumber trial = 0;
  Version reservation = 0;
  Version based_on = 0;
  std::optional<double> budget;
  std::string tag;
  Assignment values{};  ///< where a parameter carries the budget; empty: those that it has
  std::string note{};   ///< for people
  bool pauses{};        ///< at its good end it is paused again
  bool operator==(const TrialResumed&) const = default;
};

/// This attempt is over and the trial waits for the next one: interrupted, lost, or retried by
/// policy.
struct TrialRequeued {
  TrialNumber trial = 0;
  Attempt attempt = 0;
  EndingKind kind = EndingKind::kStopped;
  std::string message;
  bool operator==(const TrialRequeued&) const = default;
};

/// What all ends of a trial tell, and its pauses.
struct TrialOutcome {
  TrialNumber trial = 0;
  Attempt attempt = 0;  ///< 0: never launched
  Timestamp started_at;
  Timestamp ended_at;
  Observation observation;
  std::optional<std::string> checkpoint{};  ///< digest of what it left; see docs/checkpoints.md
  bool operator==(const TrialOutcome&) const = default;
};

/// It has a result at a rung, and goes on if the algorithm resumes it.
struct TrialPaused {
  TrialOutcome outcome;
  bool operator==(const TrialPaused&) const = default;
};

struct TrialSucceeded {
  TrialOutcome outcome;
  bool operator==(const TrialSucceeded&) const = default;
};

/// kMetricMissing and kMetricNotANumber are Katib's MetricsUnavailable.
struct TrialFailed {
  TrialOutcome outcome;
  Ending ending;
  bool operator==(const TrialFailed&) const = default;
};

struct TrialEarlyStopped {
  TrialOutcome outcome;
  std::string reason;
  bool operator==(const TrialEarlyStopped&) const = default;
};

struct TrialKilled {
  TrialOutcome outcome;
  std::string reason;
  bool operator==(const TrialKilled&) const = default;
};

}  // namespace hone::event
