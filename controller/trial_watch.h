// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "controller/ports.h"
#include "controller/trial_follower.h"
#include "controller/trial_reports.h"
#include "core/input.h"
#include "core/spec.h"
#include "metrics-collector/parser.h"

namespace hone {

/// Watches the launched attempts of one experiment: asks the runner about them on hints and now and
/// then, follows their logs while they run, and tells the strand what it should know: that an
/// attempt runs, and, once its whole log is recorded, that it is over.
/// @threads  calls are thread-safe and return at once; all work is on one strand
class TrialWatch : public std::enable_shared_from_this<TrialWatch> {
 public:
  /// What the watch tells, on its strand.
  struct Listener {
    std::function<void(input::Seen)> on_seen;
    /// The end of an attempt whose last values the watch does not record itself.
    std::function<void(input::Seen, ObservationBatch)> on_end;
    /// Reports are told once they are stored, and before the end of their attempt.
    ReportsWanted wanted = {};
  };

  /// @param strand  where logs are read: of I/O threads, unless that never waits
  /// @param parser  of the experiment's metrics
  TrialWatch(const EnginePorts& ports, std::shared_ptr<Executor> strand, ExperimentId id,
             std::shared_ptr<const ExperimentSpec> spec, std::unique_ptr<MetricParser> parser,
             Listener listener);

  /// Follow an attempt from now on. @param fresh  nothing of it can have been recorded yet
  void Watch(TrialNumber trial, Attempt attempt, bool fresh);
  /// The runner has taken the launch: from now on, an attempt that it does not know is lost.
  void Confirm(TrialNumber trial, Attempt attempt);
  /// Look again.
  void Hint(TrialNumber trial);
  /// Tell nothing any more.
  void Close();

 private:
  void Poll();
  void SchedulePoll();
  void LookAt(TrialFollower& follower);
  void Advance(TrialNumber trial);
  void ReadMore(TrialNumber trial);
  void Recall(TrialFollower& follower);
  void OnRecalled(TrialNumber trial, Attempt attempt, Result<TrialFollower::Recalled> recalled);
  Result<TailStep> NextStep(TrialFollower& follower);
  [[nodiscard]] bool EndsWith(const TrialFollower& follower, const TailStep& step) const;
  void End(TrialFollower& follower, TailStep step);
  /// Folds what was read. @returns it, as the store takes it
  ObservationBatch TakeBatch(TrialFollower& follower, TailStep step);
  void Record(TrialFollower& follower, TailStep step);
  /// Lets the trials that wait for the store read again, the longest waiting first.
  void ReadWaiting();
  TrialFollower* BackFromStore(TrialNumber trial, Attempt attempt);
  void OnRecorded(TrialNumber trial, Attempt attempt, const Status& status);
  void Restart(TrialFollower& follower);
  void TellReports(TrialFollower& follower);

  EnginePorts ports_;
  ExperimentId id_;
  std::shared_ptr<const ExperimentSpec> spec_;  // immutable, also held by the state
  std::unique_ptr<MetricParser> parser_;
  Listener listener_;
  std::shared_ptr<Executor> strand_;
  std::map<TrialNumber, TrialFollower> followers_;  // strand only, like all below
  std::deque<TrialNumber> waiting_;                 // have a log to read, but no credit
  std::size_t in_store_ = 0;                        // batches under way to the store and back
  bool polling_ = false;
  bool closed_ = false;
  int polls_ = 0;
};

}  // namespace hone
