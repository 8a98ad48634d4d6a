// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trial-runner/trial_runner.h"

namespace hone::cli {

/// The checks of this machine's runner without the runner: it makes no folder and starts no thread.
/// Admission asks it for nothing else.
class LocalChecks final : public TrialRunner {
 public:
  /// @param total  nothing: of no machine in particular
  explicit LocalChecks(std::optional<Capacity> total) : total_(total) {}

  void Check(const ExperimentSpec& spec, Problems& problems) const override;

  [[nodiscard]] std::string Instance() const override;
  [[nodiscard]] Demand DemandOf(const ExperimentSpec& spec) const override;
  [[nodiscard]] Capacity Total() const override;
  void Launch(LaunchSpec spec, Done done) override;
  void Stop(TrialId id, Attempt attempt, StopMode mode, Done done) override;
  void Observe(const ExperimentId& experiment, Seen seen) override;
  void OnHint(std::function<void(TrialId)> hint) override;
  Result<std::optional<Sighting>> Look(TrialId id, Attempt attempt) override;
  void Forget(TrialId id, Attempt attempt) override;
  Result<std::unique_ptr<ByteSource>> OpenOutput(TrialId id, Attempt attempt,
                                                 const std::string& file) override;
  Status Remove(const ExperimentId& experiment) override;

 private:
  std::optional<Capacity> total_;
};

}  // namespace hone::cli
