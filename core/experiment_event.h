// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/ids.h"

/// Events about a whole experiment; see core/event.h.
namespace hone::event {

struct ExperimentCreated {
  std::string document;  ///< ExperimentSpec::document
  std::uint64_t seed = 0;
  std::string build;      ///< version of hone
  std::string cpu_level;  ///< instruction set it was built for; replay is exact for the same build
                          ///< and level
  bool operator==(const ExperimentCreated&) const = default;
};

/// The three counts Katib lets a user edit. Nothing: unchanged.
struct BudgetEdited {
  std::optional<int> parallel_trial_count;
  std::optional<int> max_trial_count;
  std::optional<int> max_failed_trial_count;
  bool operator==(const BudgetEdited&) const = default;
};

/// A finished experiment goes on, because its budget was raised.
struct ExperimentRestarted {
  bool operator==(const ExperimentRestarted&) const = default;
};

/// No new trials; the running ones are interrupted and stay pending.
struct ExperimentSuspended {
  std::string reason;
  bool parked = false;  ///< by the supervisor, because its strand crashed too often
  bool operator==(const ExperimentSuspended&) const = default;
};

struct ExperimentResumed {
  bool operator==(const ExperimentResumed&) const = default;
};

struct BestChanged {
  TrialNumber trial = 0;  ///< 0: none any more, since the best one failed at its next rung
  bool operator==(const BestChanged&) const = default;
};

struct ExperimentEnded {
  /// Katib's reasons and hone's own. What failed, or could not go on, has an experiment fail; the
  /// others succeed (core/event_words.h).
  enum class Reason {
    kGoalReached,
    kMaxTrialsReached,
    kSuggestionEndReached,
    kMaxFailedReached,
    kSuggestionFailed,
    kSearchStalled,
    kMaxDurationReached,
    kNoImprovement,
    kMaxCostReached,
    kNoGainExpected
  };
  Reason reason = Reason::kMaxTrialsReached;
  std::string message;
  bool operator==(const ExperimentEnded&) const = default;
};

/// `hone gc` removes bulk data of an ended experiment; recorded before anything is removed, so that
/// an interrupted removal is known and finished.
struct RecordsRemoved {
  bool logs = false;             ///< what the trials wrote
  bool curves = false;           ///< the single values they reported; their summaries stay
  TrialNumber through = 0;       ///< of the trials 1 to this one
  std::uint64_t log_bytes = 0;   ///< that the logs took of the disk
  std::uint64_t curve_rows = 0;  ///< number of values
  bool operator==(const RecordsRemoved&) const = default;
};

/// The last event of a deleted experiment; everything else of it is gone.
struct ExperimentDeleted {
  bool operator==(const ExperimentDeleted&) const = default;
};

}  // namespace hone::event
