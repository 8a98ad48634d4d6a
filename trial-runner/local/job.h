// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "core/problem.h"
#include "trial-runner/trial_runner.h"

namespace hone::local {

/// What the local runner takes from a batch/v1 Job: one container of it, run as a process.
struct LocalJob {
  std::string image;                 ///< recorded, not used
  std::vector<std::string> command;  ///< command, then args; references not expanded
  std::vector<std::pair<std::string, std::string>> env;  ///< in order; references not expanded
  std::string working_folder;                            ///< empty: none given
  std::optional<Duration> deadline;                      ///< activeDeadlineSeconds
  int backoff_limit = 0;                                 ///< recorded, not used
  std::string memory;                                    ///< the limit as written; not enforced
  Demand demand;
};

/// Decodes a run object or the template of one (placeholders still in its texts).
/// @param primary_container  the container to run
/// @param field              path of the object, which starts the field of each problem
/// @returns  what could be decoded; use it only if `problems` has no errors
LocalJob DecodeJob(std::string_view json, const std::string& primary_container,
                   const std::string& field, Problems& problems);

/// What a container without command runs.
struct DefaultCommand {
  std::vector<std::string> command;  ///< none: such a container is refused
};

/// Decodes one container of a pod's spec, as DecodeJob does.
/// @param container  its name; if the pod has a single one, that, whatever its name
/// @param field      path of the pod's spec
LocalJob DecodePodSpec(std::string_view json, const std::string& container,
                       const std::string& field, const DefaultCommand& fallback,
                       Problems& problems);

}  // namespace hone::local
