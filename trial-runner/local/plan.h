// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/job.h"
#include "trial-runner/local/references.h"
#include "trial-runner/trial_runner.h"

namespace hone::local {

/// What all attempts on this machine have in common.
struct Surroundings {
  Variables environment;             ///< inherited by trials, see InheritedEnvironment
  std::filesystem::path folder;      ///< working folder of trials that name none; absolute
  std::filesystem::path programs{};  ///< where hone's programs are
  std::filesystem::path podman{};    ///< that program; empty: none here
  std::string oom_counter;           ///< see FindOomCounter
  Duration grace{};
  std::uint64_t log_quota = 0;  ///< bytes of a trial's output that are kept; 0: all
};

/// The engine's own environment as trials get it: all of it, but for what is about the engine
/// itself (HONE_*, KATIB_*, PWD) and about its service manager.
/// @param environ  "NAME=value" texts
Variables InheritedEnvironment(const std::vector<std::string>& environ);

/// The variables that hone gives to an attempt; those of paths lie in the work folder.
Variables OwnVariables(const LaunchSpec& spec, const Layout& layout);

/// The container's own variables and hone's, references among them expanded.
/// @param replica  of a training job; empty: the one whose metrics are taken
Variables DefinedVariables(const LaunchSpec& spec, const LocalJob& job, const Layout& layout,
                           const std::string& replica = "");

/// Whether the trial tells its metrics to a process beside it, rather than being asked by one.
bool IsTold(const CollectorOrder& collector);

/// The earlier of two deadlines, of which either may be missing.
std::optional<Duration> Earlier(std::optional<Duration> a, std::optional<Duration> b);

/// The variables that tell a process which attempt it belongs to: HONE_TRIAL_DIR and HONE_ATTEMPT.
std::vector<std::string> AttemptMarks(const Layout& layout, const AttemptKey& key);

/// What the shim shall run: inherited environment, then the container's, then hone's own;
/// references expanded as in a container.
/// @param gpus     given to this attempt; empty leaves CUDA_VISIBLE_DEVICES as inherited
/// @param replica  of a training job, if its metrics are not read: it gets a collector's file, and
/// a port, of its own; else empty
LaunchPlan MakePlan(const LaunchSpec& spec, const LocalJob& job, const Layout& layout,
                    const Surroundings& surroundings, const std::vector<std::string>& gpus,
                    const std::string& replica = "");

}  // namespace hone::local
