// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/objective.h"
#include "core/observation.h"

namespace hone::cli {

struct CollectedEvent {
  std::string file;  ///< below the folder
  MetricRecord record;
};

/// What is no record, and where.
struct DamagedFile {
  std::string file;
  std::string why;
};

struct CollectedEvents {
  std::vector<CollectedEvent> records;
  std::vector<DamagedFile> damaged;
};

/// The metrics in the TensorFlow event files of a folder and below, by file and then in the order
/// in which they were written.
/// @errors kNotFound: there is no such folder, or no event file in it
Result<CollectedEvents> CollectEvents(const std::filesystem::path& folder,
                                      const Objective& objective);

}  // namespace hone::cli
