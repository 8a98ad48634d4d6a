// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "controller/trial_reports.h"
#include "core/ids.h"
#include "core/observation.h"
#include "core/spec.h"
#include "metrics-collector/log_reader.h"
#include "metrics-collector/parser.h"
#include "store/observations.h"
#include "trial-runner/trial_runner.h"

namespace hone {

/// What is known of one attempt while it is followed: how far its log was read and recorded, and
/// how it ended. Private to TrialWatch; a value that lives on its strand.
struct TrialFollower {
  TrialId id;
  Attempt attempt = 0;
  bool fresh = true;       ///< nothing was recorded before: no need to ask the store
  bool confirmed = false;  ///< the runner has taken the launch
  bool told_running = false;
  /// A batch is under way to the store, or what it has, from there: nothing is read meanwhile.
  bool recording = false;
  std::optional<Sighting> end;            ///< set once the attempt is over; then the log is final
  std::optional<Timestamp> not_before;    ///< after an error of the environment: wait until then
  std::unique_ptr<ObservationFold> fold;  ///< nothing: not open
  TrialReports untold;                    ///< on their way to the store, or just read from it
  ReportFold reports;                     ///< of the metrics that are wanted

  /// One of the logs that are followed.
  struct Source {
    std::string name;  ///< in the store: "output", or the file's path
    std::unique_ptr<LogReader> reader;
    std::uint64_t recorded_offset = 0;  ///< what the store has
  };
  std::vector<Source> sources;
  std::size_t current = 0;  ///< the source of the last step

  /// What the store has of an attempt.
  struct Recalled {
    std::vector<StoredRecord> records;
    std::uint64_t offset = 0;  ///< of its one log
  };
  std::optional<Recalled> recalled;  ///< until the log is open
  /// May block.
  static Result<Recalled> Recall(const ExperimentSpec& spec, const TrialId& id, Attempt attempt,
                                 Observations& store);

  /// The file or folder of the trial that this collector reads, as the user wrote it; empty:
  /// standard output, or none.
  static std::string MetricsPath(const CollectorSpec& collector);
  /// What is followed: that, or kPushedOutput.
  static std::string FollowedPath(const ExperimentSpec& spec);

  /// Opens the log where the store's records end, and folds those records: what was recalled;
  /// nothing, if it is fresh.
  /// @param wanted  metrics whose stored reports go to `untold`
  Status Open(const ExperimentSpec& spec, const MetricParser& parser, TrialRunner& runner,
              const FollowedMetrics& wanted);
  /// A step of the first log, in turn, that has something to tell; `current` is which. A folder is
  /// looked through for new event files first.
  Result<TailStep> Step(const ExperimentSpec& spec, TrialRunner& runner, Observations& store);
  /// Forgets how far the logs were read.
  void Close();
  /// Folds a record; notes the report that it makes whole, if any.
  void Add(const MetricRecord& record);
  /// Takes the reports out. The next ones count on from them.
  TrialReports TakeUntold();

 private:
  Status OpenLog(const ExperimentSpec& spec, const MetricParser& parser, TrialRunner& runner,
                 std::uint64_t offset);
  Status OpenEventFiles(const ExperimentSpec& spec, TrialRunner& runner, Observations& store);
};

}  // namespace hone
