// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "core/problem.h"
#include "trial-runner/local/job_fields.h"
#include "trial-runner/local/volumes.h"
#include "trial-runner/trial_runner.h"

namespace hone::local {

/// What a container is made of, beside its command. Of a process only the name is kept.
struct ImagePart {
  std::string name;
  std::vector<std::string> args;   ///< instead of the image's own; references not expanded
  std::string pull;                ///< imagePullPolicy; empty: not said
  double cpu_limit = 0;            ///< 0: none
  std::uint64_t memory_limit = 0;  ///< bytes; 0: none
  std::vector<Mount> mounts;
};

/// What the local runner takes from a batch/v1 Job: one container of it, run as a process.
struct LocalJob {
  ImagePart image;
  /// References not expanded. Of a process: command, then args; of a container the command alone,
  /// empty if the image has one.
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> env;  ///< in order; references not expanded
  std::string working_folder;                            ///< empty: none given
  std::optional<Duration> deadline;                      ///< activeDeadlineSeconds
  int backoff_limit = 0;                                 ///< recorded, not used
  Demand demand;
};

/// Decodes a run object or the template of one (placeholders still in its texts).
/// @param primary_container  the container to run
/// @param field              path of the object, which starts the field of each problem
/// @returns  what could be decoded; use it only if `problems` has no errors
LocalJob DecodeJob(std::string_view json, const std::string& primary_container,
                   const std::string& field, Problems& problems, Place place = Place::kProcess);

/// What a container without command runs.
struct DefaultCommand {
  std::vector<std::string> command;  ///< none: such a container is refused
};

/// Decodes one container of a pod's spec, as DecodeJob does.
/// @param container  its name; if the pod has a single one, that, whatever its name
/// @param field      path of the pod's spec
LocalJob DecodePodSpec(std::string_view json, const std::string& container,
                       const std::string& field, const DefaultCommand& fallback, Problems& problems,
                       Place place = Place::kProcess);

/// Decodes a container that stands alone: a step of a workflow.
/// @param field  its path
LocalJob DecodeStepContainer(std::string_view json, const std::string& field, Problems& problems,
                             Place place);

}  // namespace hone::local
