// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/executor.h"
#include "base/guarded.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/attempt_table.h"
#include "trial-runner/local/file_watch.h"
#include "trial-runner/local/gpus.h"
#include "trial-runner/local/leftovers.h"
#include "trial-runner/local/local_runner.h"
#include "trial-runner/local/plan.h"
#include "trial-runner/local/shim_watch.h"
#include "trial-runner/local/training.h"

namespace hone {

/// The working part of LocalRunner: what happens to one attempt from launch to end. The folder says
/// what is true, the table remembers it, the watch says when to look again. Steps run on the pool
/// (launch, stop, scan) and on the watch's thread (claims, ends); all of them may come twice.
struct LocalRunner::Impl {
  Impl(const Clock& wall_clock, local::Layout the_layout, local::GpuPool gpus);

  Status Start();
  void Shutdown();

  void Launch(LaunchSpec spec, Done done);
  Status Stop(const local::AttemptKey& key);
  /// Enters all attempts of an experiment that have a folder; works once.
  Status Scan(const ExperimentId& experiment);
  /// Enters one attempt if it has a folder and was started.
  Status FindOne(const local::AttemptKey& key);
  std::unique_ptr<ByteSource> OpenOutput(const local::AttemptKey& key,
                                         const std::string& file) const;
  Result<std::vector<std::string>> ListOutput(const local::AttemptKey& key,
                                              const std::string& folder) const;

  const Clock& clock;
  local::Layout layout;
  local::AttemptTable table;
  std::string instance;
  Capacity total;
  std::string boot_id;
  std::filesystem::path shim;
  std::filesystem::path podman;  ///< empty: none here
  local::Surroundings surroundings;
  Guarded<std::function<void(TrialId)>> hint;
  std::unique_ptr<local::ShimWatch> watch;
  std::shared_ptr<local::FileWatch> growth;  ///< of logs; shared with the sources that read them
  AsioExecutor pool;
  AsioExecutor files;  ///< reads and copies checkpoints, which may be large

 private:
  Status TryLaunch(const LaunchSpec& spec);
  /// What a new attempt runs.
  static Result<local::LocalWork> WorkOf(const LaunchSpec& spec);
  /// The plan of a new attempt, with its GPUs and ports taken, all or none.
  Result<local::LaunchPlan> PlanLaunch(const LaunchSpec& spec, const local::LocalWork& work);
  /// The processes of the trial itself. @param gpus  taken for it
  [[nodiscard]] Result<local::LaunchPlan> PlanProcesses(const LaunchSpec& spec,
                                                        const local::LocalWork& work,
                                                        const std::vector<std::string>& gpus) const;
  /// Makes the file that tells a pipeline what to do.
  [[nodiscard]] Status WriteOrder(const LaunchSpec& spec, const local::LocalWork& work,
                                  const local::LaunchPlan& plan) const;
  /// Makes the files of a new attempt.
  Status WriteAttempt(const LaunchSpec& spec);
  /// How an attempt ended, in words for people, too.
  [[nodiscard]] Ending JudgeEnd(const std::filesystem::path& attempt,
                                const local::ExitRecord& record) const;
  /// Acts on what the folder of an entered attempt says.
  Status Settle(const local::AttemptKey& key, const local::AttemptState& state);
  Status Adopt(const local::AttemptKey& key, const local::ClaimRecord& claim);
  void OnClaimed(const local::AttemptKey& key, const std::string& text);
  void OnGone(const local::AttemptKey& key, std::optional<ExitStatus> status);
  void LookAtSuspects();
  void LookAtSuspect(const local::AttemptKey& key, bool for_the_last_time);
  void BeRunning(const local::AttemptKey& key, const local::ClaimRecord& claim);
  /// Reads the checkpoint first, which may take a while.
  void End(const local::AttemptKey& key, const local::ExitRecord& record);
  [[nodiscard]] std::optional<std::string> CheckpointOf(const local::AttemptKey& key) const;
  void Lose(const local::AttemptKey& key, const std::string& why, Timestamp started_at);
  void FailLaunch(const local::AttemptKey& key, const Error& error);
  void Suspect(const local::AttemptKey& key);
  void Hint(const TrialId& trial) const;
};

}  // namespace hone
