// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/ids.h"
#include "core/observation.h"

namespace hone {

/// Rows of one source of one attempt, with the place in the source up to which they were read.
/// Recorded together: rows are neither lost nor doubled by a crash.
struct ObservationBatch {
  TrialId trial;
  Attempt attempt = 0;
  std::string source;  ///< "output", or the file's path
  std::uint64_t offset_before =
      0;  ///< what the reader started from; kAborted if the store has another
  std::uint64_t offset_after = 0;
  std::vector<MetricRecord> records;
};

/// A stored row.
struct StoredRecord {
  std::int64_t id = 0;  ///< order of storing within the trial
  Attempt attempt = 0;
  MetricRecord record;
  bool operator==(const StoredRecord&) const = default;
};

/// Which rows of a trial.
struct RecordQuery {
  TrialId trial;
  Attempt attempt = 0;     ///< 0: of all attempts
  std::string metric;      ///< empty: all metrics
  std::int64_t after = 0;  ///< only those with a larger id
  std::size_t limit = std::numeric_limits<std::size_t>::max();
};

/// What rows take.
struct RecordsSize {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  ///< names and texts, and 8 for each of a row's six numbers
  bool operator==(const RecordsSize&) const = default;
};
inline constexpr std::uint64_t kRecordNumbersBytes = 48;

/// The bulk numbers: every reported value of every trial.
/// @threads  all calls are thread-safe
class Observations {
 public:
  using Done = std::function<void(Status)>;
  virtual ~Observations() = default;

  /// @errors (to done) kAborted; kNotFound: no such experiment (any more); kResourceExhausted;
  /// kUnavailable
  virtual void Record(ObservationBatch batch, Done done) = 0;
  /// Where to go on reading; 0 for an unknown source.
  virtual Result<std::uint64_t> OffsetOf(const TrialId& trial, Attempt attempt,
                                         const std::string& source) = 0;
  /// Rows in the order of storing; more than those that are asked for are not read.
  virtual Result<std::vector<StoredRecord>> ReadRecordPage(const RecordQuery& query) = 0;
  /// All rows. @param attempt  0: of all attempts; @param metric  empty: all metrics
  Result<std::vector<StoredRecord>> ReadRecords(const TrialId& trial, Attempt attempt,
                                                const std::string& metric) {
    return ReadRecordPage({.trial = trial, .attempt = attempt, .metric = metric});
  }

  /// Of the rows of trials 1 to `through`.
  virtual Result<RecordsSize> SizeOfRecords(const ExperimentId& experiment,
                                            TrialNumber through) = 0;
  /// Removes the rows of trials 1 to `through`, all or none; how far their sources were read stays.
  /// Again: harmless. @errors kNotFound
  virtual Status RemoveRecords(const ExperimentId& experiment, TrialNumber through) = 0;
};

}  // namespace hone
