// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "core/containers.h"
#include "core/ending.h"
#include "core/problem.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/job.h"
#include "trial-runner/local/plan.h"

/// Trials in containers: the shim supervises `podman run` as it would the training program, and
/// removes the container at the end.
namespace hone::local {

inline constexpr char kNoPodman[] =
    "there is no program podman on this machine; install it (Debian, Ubuntu: apt-get install "
    "podman), or use runner Local";

/// The least exit code with which podman tells that it failed itself.
inline constexpr int kLeastCodeOfPodman = 125;

/// The program podman on the PATH of an environment; empty: none.
std::filesystem::path FindPodman(const Variables& environment);

/// The name of an attempt's container; no other has it.
/// @param part  of a trial of several: a replica other than the primary, or the collector
std::string ContainerName(const LaunchSpec& spec, const std::string& part = "");

/// `podman run` with what every container is given, and no network.
std::vector<std::string> TrialCommand(const std::string& podman);

/// One container of a trial.
struct ContainerOrder {
  const LaunchSpec& spec;  ///< has container options
  const LocalJob& job;
  const Layout& layout;
  const Surroundings& surroundings;
  const std::vector<std::string>& gpus;  ///< given to this container
  const std::filesystem::path& podman;
  std::string part = {};               ///< see ContainerName
  bool own_network = false;            ///< that of the attempt, which the shim makes
  std::filesystem::path metrics = {};  ///< of a collector: where the trial's metrics are

  /// Where its emptyDirs are.
  [[nodiscard]] std::filesystem::path VolumeFolder() const;
};

/// Whether the containers of a trial, and what reads its metrics, share a network that nobody else
/// sees: where they must reach each other, and no other network is asked for.
bool NeedsOwnNetwork(const LaunchSpec& spec, bool several);

/// What the shim shall run for a container.
LaunchPlan MakeContainerPlan(const ContainerOrder& order);

/// The same of a Job, which is one container.
LaunchPlan MakeContainerPlan(const LaunchSpec& spec, const LocalJob& job, const Layout& layout,
                             const Surroundings& surroundings, const std::vector<std::string>& gpus,
                             const std::filesystem::path& podman);

/// The container of one step of a workflow. It stays when it has ended, so that files can be taken
/// out of it.
struct StepContainer {
  std::string podman;
  std::string name;
  std::string trial_name;
  ContainerOptions options;
  LocalJob job;
  Variables defined;                                                 ///< its environment
  std::vector<std::pair<std::filesystem::path, std::string>> files;  ///< here, and inside
  std::vector<std::string> gpus;
};
/// @param podmans  the environment of podman itself, to which that of the container is added
std::vector<std::string> StepCommand(const StepContainer& step, Variables& podmans);

/// Makes what the container mounts. @errors as PrepareMount
Status PrepareContainer(const LaunchSpec& spec, const LocalJob& job, const Layout& layout,
                        const LaunchPlan& plan, const std::string& part = "");

/// Adds to a trial's plan that this container, too, is removed at its end.
void AlsoRemove(const std::string& name, LaunchPlan& plan);

/// Removes the container of an attempt whose shim is gone, if it has one. Takes seconds at worst.
void RemoveContainer(const LaunchPlan& plan);

/// What podman's own exit codes mean: the container was not started.
/// @param last_lines  of the log
Ending JudgeContainer(const LaunchPlan& plan, Ending ending, const std::string& last_lines);

/// Where the image is known and must be there, looks whether it is.
void CheckImage(const ContainerOptions& options, const LocalJob& job, const std::string& field,
                Problems& problems);

}  // namespace hone::local
