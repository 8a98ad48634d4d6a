// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "core/ids.h"

/// The logs of an experiment's trials on the disk, for retention. Symbolic links below the data
/// folder are neither followed nor removed: what they lead to is somebody else's.
namespace hone::cli {

struct LogsSize {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  ///< of the disk; holes take none
  bool operator==(const LogsSize&) const = default;
};

/// Of trials 1 to `through`. @errors as ErrnoError
Result<LogsSize> SizeOfLogs(const std::filesystem::path& data_dir, const ExperimentId& experiment,
                            TrialNumber through);
/// Removes them; parameters, work folders and records of how attempts ended stay. Again: harmless.
/// @returns what was removed
Result<LogsSize> RemoveLogs(const std::filesystem::path& data_dir, const ExperimentId& experiment,
                            TrialNumber through);

}  // namespace hone::cli
