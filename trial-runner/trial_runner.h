// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/collector_order.h"
#include "core/command.h"
#include "core/containers.h"
#include "core/ending.h"
#include "core/ids.h"
#include "core/ports/byte_source.h"
#include "core/problem.h"
#include "core/spec.h"
#include "trial-runner/demand.h"

namespace hone {

/// Everything a runner needs to start one attempt. Made from the ledger alone, so it can be made
/// again after a crash.
struct LaunchSpec {
  TrialId id;
  Attempt attempt = 1;
  std::string experiment_name;
  std::string name_space;
  std::string trial_name;
  std::string
      run_object;  ///< JSON text of the Kubernetes object, values put in, named after the trial
  std::string primary_container;
  std::map<std::string, std::string> primary_labels;  ///< of the pod whose output is read
  std::string success_condition;                      ///< see core/condition.h
  std::string failure_condition;
  std::string parameters;  ///< JSON object of the active parameters, typed:
                           ///< {"lr":0.01,"layers":3,"opt":"adam"}
  std::string
      working_folder;  ///< where commands run unless the container says otherwise; may be empty
  std::string metrics_file;  ///< File and TensorFlowEvent: the file or folder the trial writes, as
                             ///< the user wrote it; else empty
  bool metrics_folder = false;                     ///< metrics_file is a folder
  CollectorOrder collector{};                      ///< how its metrics are taken
  std::optional<ContainerOptions> container = {};  ///< run by containers; nothing: by processes
  TrialNumber parent = 0;                 ///< the trial that this one goes on with; 0: none
  std::optional<std::string> start_from;  ///< digest of the parent's checkpoint, which it gets
  std::optional<std::string> goes_on;     ///< first attempt after a pause: digest of what it left
  std::string checkpoint_path;   ///< where the job thinks its checkpoint folder is; may be empty
  std::optional<double> budget;  ///< how far to train, in the units of the algorithm's r_l
  std::optional<Duration> deadline;  ///< longest running time; nothing: as the run object says
};

/// As a file of OpenOutput: what a process beside the trial took, in PushLines (core/push_line.h).
inline constexpr char kPushedOutput[] = "pushed";

/// Runs trials as training jobs somewhere. Calls return at once; answers come on a thread of the
/// runner's. What runs outlives the engine: a new instance over the same place finds it by Observe.
/// @threads  all calls are thread-safe
class TrialRunner {
 public:
  using Done = std::function<void(Status)>;
  using Seen = std::function<void(Result<std::vector<Sighting>>)>;
  virtual ~TrialRunner() = default;

  /// The runner that runs such trials: this one, or one that it stands for.
  /// @errors kFailedPrecondition: they cannot run here
  virtual Result<TrialRunner*> For(const ExperimentSpec& spec) {
    if (spec.runner == RunnerKind::kLocal) {
      return this;
    }
    return Fail(Code::kFailedPrecondition, "only 'hone serve' has workers for runner AskTell",
                "spec.runner.kind");
  }

  /// Identity of this instance (machine and work folder), recorded with each launch.
  [[nodiscard]] virtual std::string Instance() const = 0;

  /// Whether it can run trials of this experiment: everything it cannot honour is told, before any
  /// trial starts.
  virtual void Check(const ExperimentSpec& spec, Problems& problems) const = 0;
  /// What a trial of a checked experiment takes.
  [[nodiscard]] virtual Demand DemandOf(const ExperimentSpec& spec) const = 0;
  [[nodiscard]] virtual Capacity Total() const = 0;

  /// How many trials of an experiment may hold a place now; nothing: as many as the resources
  /// allow. A hint at trial 0 of the experiment says that it has changed.
  [[nodiscard]] virtual std::optional<std::uint32_t> Room(
      const ExperimentId& /*experiment*/) const {
    return std::nullopt;
  }

  /// This attempt was launched by a former engine and is not known to be over. Comes before
  /// anything else about it, after Observe.
  virtual void Adopt(const TrialId& /*id*/, Attempt /*attempt*/) {}
  /// Starts an attempt. Idempotent by (trial, attempt): a second call for one that runs or ran does
  /// nothing.
  /// @errors (to done) kInvalidArgument, kNotFound, kPermissionDenied: this attempt can never
  /// start; kUnavailable,
  ///         kResourceExhausted: may be repeated
  virtual void Launch(LaunchSpec spec, Done done) = 0;
  /// Asks an attempt to end (TERM, grace, KILL). Idempotent; unknown or ended attempts are fine.
  virtual void Stop(TrialId id, Attempt attempt, StopMode mode, Done done) = 0;

  /// All attempts of this experiment that exist outside, running and ended. Ended ones are told
  /// until Forget.
  virtual void Observe(const ExperimentId& experiment, Seen seen) = 0;
  /// "Look at this trial": something of it may have changed. May be lost or repeated. Set once,
  /// before Launch.
  virtual void OnHint(std::function<void(TrialId)> hint) = 0;
  /// The latest sighting of one attempt; nothing if it does not exist. Cheap; may be called on a
  /// hint.
  virtual Result<std::optional<Sighting>> Look(TrialId id, Attempt attempt) = 0;
  /// The end of this attempt is recorded; it need not be told any more. Its logs stay.
  virtual void Forget(TrialId id, Attempt attempt) = 0;

  /// Whether what attempts write lies in memory, so that reading it never waits.
  [[nodiscard]] virtual bool OutputIsInMemory() const { return false; }
  /// What an attempt writes, for collectors and people. @param file  empty: its standard output and
  /// error; else a path as the trial sees it
  virtual Result<std::unique_ptr<ByteSource>> OpenOutput(TrialId id, Attempt attempt,
                                                         const std::string& file) = 0;
  /// The files that an attempt has in a folder and below, by name. @param folder  as the trial sees
  /// it; so are the paths, which OpenOutput takes
  /// @errors  kResourceExhausted: too many of them
  virtual Result<std::vector<std::string>> ListOutput(const TrialId& /*id*/, Attempt /*attempt*/,
                                                      const std::string& /*folder*/) {
    return std::vector<std::string>();
  }
  /// What its output told up to `offset` is recorded.
  virtual void Recorded(const TrialId& /*id*/, Attempt /*attempt*/, std::uint64_t /*offset*/) {}
  /// The checkpoint of a trial that is over is not needed any more. Idempotent.
  virtual void DropCheckpoint(const TrialId& /*id*/) {}
  /// Removes all that is left of an experiment outside: logs, folders. Its trials must be over.
  /// Idempotent.
  virtual Status Remove(const ExperimentId& experiment) = 0;
};

}  // namespace hone
