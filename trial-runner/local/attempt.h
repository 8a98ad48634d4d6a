// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/process.h"
#include "base/result.h"
#include "core/ids.h"
#include "core/training_status.h"

/// The engine's side of an attempt folder; attempt_files.h is the contract with the shim.
namespace hone::local {

struct AttemptKey {
  TrialId trial;
  Attempt attempt = 0;
  auto operator<=>(const AttemptKey&) const = default;
};

/// Where things are under the work folder.
class Layout {
 public:
  explicit Layout(std::filesystem::path work_folder) : work_(std::move(work_folder)) {}

  [[nodiscard]] std::filesystem::path Trials() const { return work_ / "trials"; }
  /// What steps of pipelines left behind, for other trials; see pipeline/step_store.h.
  [[nodiscard]] std::filesystem::path StepCache() const { return work_ / "cache" / "steps"; }
  [[nodiscard]] std::filesystem::path Experiment(const ExperimentId& id) const;
  [[nodiscard]] std::filesystem::path Trial(const TrialId& id) const;
  /// The trial's own folder, HONE_TRIAL_DIR.
  [[nodiscard]] std::filesystem::path Work(const TrialId& id) const { return Trial(id) / "work"; }
  /// HONE_CHECKPOINT_DIR: what a trial that goes on needs. Immutable once the trial is over.
  [[nodiscard]] std::filesystem::path Checkpoint(const TrialId& id) const {
    return Trial(id) / "checkpoint";
  }
  /// HONE_ARTIFACT_DIR: what people want of the trial.
  [[nodiscard]] std::filesystem::path Artifacts(const TrialId& id) const {
    return Trial(id) / "artifacts";
  }
  [[nodiscard]] std::filesystem::path Parameters(const TrialId& id) const {
    return Trial(id) / "params.json";
  }
  [[nodiscard]] std::filesystem::path Attempt(const AttemptKey& key) const;

  /// The attempts that have a folder, in order. @errors as ErrnoError
  [[nodiscard]] Result<std::vector<AttemptKey>> List(const ExperimentId& experiment) const;
  /// All experiments that have a folder.
  [[nodiscard]] Result<std::vector<ExperimentId>> Experiments() const;

 private:
  std::filesystem::path work_;
};

/// Whether an id can be the name of a folder: not empty, only letters, digits, '-' and '_'.
bool IsPlainName(std::string_view name);

/// One process of a training job.
struct ReplicaPlan {
  std::string name;     ///< "worker-1"
  std::string restart;  ///< RestartWord
  bool decides = false;
  bool primary = false;
  std::vector<std::string> argv;
  std::vector<std::string> env;  ///< "NAME=value"
  std::filesystem::path folder;
  bool operator==(const ReplicaPlan&) const = default;
};

/// What the end of a training job is judged by.
struct JobMark {
  std::string kind;  ///< "PyTorchJob"; empty: a plain trial
  std::string name;
  std::string success_condition;
  std::string failure_condition;
  bool operator==(const JobMark&) const = default;
};

/// The process that takes the metrics beside the trial.
struct HelperPlan {
  std::vector<std::string> argv;
  std::vector<std::string> env;  ///< "NAME=value"
  std::filesystem::path folder;
  bool ready_first = false;  ///< the trial starts once it is ready
  bool operator==(const HelperPlan&) const = default;
};

/// Everything the shim needs; becomes the file `launch`.
struct LaunchPlan {
  std::vector<std::string> argv;  ///< of a plain trial, as env and folder
  std::vector<std::string> env;   ///< "NAME=value"
  std::filesystem::path folder;
  std::optional<Duration> deadline;
  Duration grace{};
  std::uint64_t log_quota = 0;  ///< bytes of output that are kept; 0: all
  std::string oom_counter;
  std::vector<std::string> gpus;
  std::string metrics_from;           ///< the collector's file as the user wrote it; may be empty
  std::filesystem::path metrics_to;   ///< the file that this attempt has in its place
  std::vector<ReplicaPlan> replicas;  ///< of a training job; none: a plain trial
  std::uint32_t backoff_limit = 0;    ///< restarts of all replicas together
  JobMark job;
  /// Of a container: removes it, whatever it does. Empty: a trial of processes.
  std::vector<std::string> cleanup = {};
  bool own_network = false;  ///< its containers and its collector share one that nobody else sees
  std::optional<HelperPlan> collector{};

  /// The environment and folder of the process whose output is read.
  [[nodiscard]] const std::vector<std::string>& PrimaryEnv() const;
  [[nodiscard]] const std::filesystem::path& PrimaryFolder() const;
  bool operator==(const LaunchPlan&) const = default;
};

/// The name of the log of a replica, or of the collector; empty: of a plain trial. @returns nothing
/// if the plan has no such replica
std::optional<std::string> LogNameOf(const LaunchPlan& plan, std::string_view replica);

/// @errors kInvalidArgument if an argument or variable contains a NUL
Result<std::string> EncodeLaunch(const LaunchPlan& plan);
/// @returns nothing if the text is not whole
std::optional<LaunchPlan> DecodeLaunch(std::string_view text);

struct ClaimRecord {
  ProcessIdentity shim;
  pid_t child = 0;  ///< 0: none was started
  Timestamp started_at;
  bool operator==(const ClaimRecord&) const = default;
};

struct ExitRecord {
  std::string kind;  ///< a word of attempt_files.h
  int exit_code = 0;
  int signal = 0;
  bool stopped = false;
  Timestamp started_at;
  Timestamp ended_at;
  std::uint64_t output_bytes = 0;
  std::string reason;
  std::string culprits;  ///< replicas that ended a training job, by blanks
  std::vector<ReplicaOutcome> replicas;
  bool operator==(const ExitRecord&) const = default;
};

std::optional<ClaimRecord> DecodeClaim(std::string_view text);
std::optional<ExitRecord> DecodeExit(std::string_view text);

/// What an attempt folder says now.
struct Unclaimed {};  ///< nothing was started; a launch file may be there
struct Starting {};   ///< a shim is at work, but has not said who it is yet
struct Vanished {     ///< the shim is gone without a word
  std::string why;
  Timestamp started_at;
};
using AttemptState = std::variant<Unclaimed, Starting, ClaimRecord, ExitRecord, Vanished>;

/// @param boot_id  of this machine, now. @errors as ErrnoError
Result<AttemptState> ReadAttempt(const std::filesystem::path& folder, const std::string& boot_id);

}  // namespace hone::local
