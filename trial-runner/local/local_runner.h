// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "trial-runner/trial_runner.h"

namespace hone {

inline constexpr std::uint64_t kLeastLogQuota = std::uint64_t{64} << 10;

/// How trials are run as processes of this machine.
struct LocalOptions {
  std::filesystem::path work_folder;  ///< on a local disk; made if missing
  std::filesystem::path shim;         ///< the program hone-shim; empty: beside the running program
  std::filesystem::path default_folder;  ///< where trials without workingDir start; empty: here
  std::uint32_t cpus = 0;                ///< 0: as many as the machine has
  std::optional<std::uint32_t> gpus;     ///< nothing: ask NVIDIA's driver
  std::vector<std::string> gpu_names;    ///< declared by name, if not empty
  std::optional<std::uint64_t> memory_bytes;  ///< nothing: the machine's; 0: not counted
  std::string nvml_library;                   ///< empty: $HONE_NVML_LIBRARY, else libnvidia-ml.so.1
  Duration grace = std::chrono::seconds(10);  ///< from TERM to KILL
  /// Bytes that the log of an attempt may take of the disk: of a longer one the beginning and the
  /// end are kept. 0: no limit; else at least kLeastLogQuota.
  std::uint64_t log_quota = std::uint64_t{256} << 20;
  std::vector<std::string> environment;  ///< "NAME=value" to inherit; empty: our own
  std::string oom_counter;               ///< empty: found; see local/leftovers.h
};

/// A GPU that a runner offers, with what is known of it.
struct LocalGpu {
  std::string name;   ///< as CUDA_VISIBLE_DEVICES takes it
  std::string model;  ///< empty: declared, or the driver does not tell
  std::uint64_t memory_bytes = 0;
};

/// What a runner with these options would offer to trials.
Capacity LocalCapacity(const LocalOptions& options);
std::vector<LocalGpu> LocalGpus(const LocalOptions& options);
/// LocalRunner::Check for a machine with this capacity, without a runner.
void CheckLocalTrials(const ExperimentSpec& spec, const Capacity& total, Problems& problems);

/// Of trials in containers: whether podman is on this machine, and their image. Takes a moment.
void CheckContainerImage(const ExperimentSpec& spec, Problems& problems);

/// `podman run` with what every trial is given, without image and command: for a try.
std::vector<std::string> ContainerTrialCommand();

/// Runs batch/v1 Jobs as processes or containers of this machine, each under a hone-shim of its own
/// that outlives the engine. The work folder tells all: an instance that is destroyed or killed
/// leaves trials running, and the next one over the same folder adopts them. One instance per
/// folder at a time (the engine's lock sees to that).
/// @threads  as TrialRunner; destruction waits for the step under way and drops launches that have
///           not begun, without calling their done
class LocalRunner final : public TrialRunner {
 public:
  /// @errors kNotFound (no hone-shim), kPermissionDenied, kResourceExhausted, kUnavailable
  static Result<std::unique_ptr<LocalRunner>> Create(LocalOptions options, const Clock& clock);
  ~LocalRunner() override;

  [[nodiscard]] std::string Instance() const override;
  void Check(const ExperimentSpec& spec, Problems& problems) const override;
  [[nodiscard]] Demand DemandOf(const ExperimentSpec& spec) const override;
  [[nodiscard]] Capacity Total() const override;
  /// Done is called once the shim has claimed the attempt, so that a later Look finds it.
  void Launch(LaunchSpec spec, Done done) override;
  void Stop(TrialId id, Attempt attempt, StopMode mode, Done done) override;
  void Observe(const ExperimentId& experiment, Seen seen) override;
  void OnHint(std::function<void(TrialId)> hint) override;
  Result<std::optional<Sighting>> Look(TrialId id, Attempt attempt) override;
  void Forget(TrialId id, Attempt attempt) override;
  /// @param file  `$(HONE_TRIAL_DIR)` and the trial's other variables are expanded in it
  Result<std::unique_ptr<ByteSource>> OpenOutput(TrialId id, Attempt attempt,
                                                 const std::string& file) override;
  Result<std::vector<std::string>> ListOutput(const TrialId& id, Attempt attempt,
                                              const std::string& folder) override;
  void DropCheckpoint(const TrialId& id) override;
  Status Remove(const ExperimentId& experiment) override;

  /// Ends every running trial at once, without grace: for a person who asked twice.
  void KillAll();

 private:
  struct Impl;
  explicit LocalRunner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
