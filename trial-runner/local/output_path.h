// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "trial-runner/local/attempt.h"

namespace hone::local {

/// Where a path as the trial sees it really is: the collector's file or folder, and what is below
/// it, is the attempt's own; variables are expanded.
std::filesystem::path PathOf(const LaunchPlan& plan, const std::string& seen);

/// The files in a folder and below, in order of their names, each as `shown` + '/' + its name.
/// Links to folders are not followed; what cannot be read is left out; a folder that is not there
/// is empty.
/// @errors  kResourceExhausted: more than 10,000 entries
Result<std::vector<std::string>> ListFiles(const std::filesystem::path& folder,
                                           const std::string& shown);

}  // namespace hone::local
