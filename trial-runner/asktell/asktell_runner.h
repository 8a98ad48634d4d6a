// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "core/observation.h"
#include "trial-runner/trial_runner.h"
#include "trial-runner/workers.h"

namespace hone {

/// The runner of trials that workers ask for, and in front of a runner for all others.
///
/// Owns the leases; see README.md. Of a repeated report, rows whose (metric, step) or (metric,
/// time) was reported before are dropped.
/// @threads  as TrialRunner; callbacks come on threads of the caller, the executor or the engine
class AskTellRunner final : public TrialRunner, public Workers {
 public:
  using Done = TrialRunner::Done;
  /// What was recorded of an attempt by a former engine. @errors those of the store
  using ReadRecords = std::function<Result<std::vector<MetricRecord>>(const TrialId&, Attempt)>;

  struct Options {
    Duration adopted_lease = std::chrono::seconds(60);  ///< of attempts of a former engine
  };

  /// @param others  runs all other trials; may be null. All outlive this.
  AskTellRunner(TrialRunner* others, Executor& executor, const Clock& clock, ReadRecords records,
                Options options);
  ~AskTellRunner() override;

  Ticket Ask(TrialQuestion question, Given given) override;
  void Withdraw(Ticket ticket) override;
  void Dismiss(const ExperimentId& experiment) override;
  Status Renew(const TrialId& id, Attempt attempt, Duration lease) override;
  void Report(const TrialId& id, Attempt attempt, std::vector<MetricRecord> records, Duration lease,
              Done done) override;
  void Tell(const TrialId& id, Attempt attempt, std::vector<MetricRecord> records, Ending ending,
            Done done) override;
  void WhenForgotten(const TrialId& id, Attempt attempt, Done done) override;
  [[nodiscard]] Counts Count() const override;

  Result<TrialRunner*> For(const ExperimentSpec& spec) override;
  [[nodiscard]] std::string Instance() const override { return "workers"; }
  void Check(const ExperimentSpec& spec, Problems& problems) const override;
  [[nodiscard]] Demand DemandOf(const ExperimentSpec& /*spec*/) const override { return {0, 0}; }
  [[nodiscard]] Capacity Total() const override;
  [[nodiscard]] std::optional<std::uint32_t> Room(const ExperimentId& experiment) const override;
  void Adopt(const TrialId& id, Attempt attempt) override;
  void Launch(LaunchSpec spec, Done done) override;
  void Stop(TrialId id, Attempt attempt, StopMode mode, Done done) override;
  void Observe(const ExperimentId& experiment, Seen seen) override;
  void OnHint(std::function<void(TrialId)> hint) override;
  Result<std::optional<Sighting>> Look(TrialId id, Attempt attempt) override;
  void Forget(TrialId id, Attempt attempt) override;
  [[nodiscard]] bool OutputIsInMemory() const override { return true; }
  Result<std::unique_ptr<ByteSource>> OpenOutput(TrialId id, Attempt attempt,
                                                 const std::string& file) override;
  void Recorded(const TrialId& id, Attempt attempt, std::uint64_t offset) override;
  Status Remove(const ExperimentId& experiment) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with timers
};

}  // namespace hone
