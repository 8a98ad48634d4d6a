// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/cli/config.h"
#include "base/result.h"
#include "trial-runner/local/local_runner.h"

namespace hone::cli {

/// The setting `gpus`: a number, or names.
struct DeclaredGpus {
  std::uint32_t count = 0;
  std::vector<std::string> names;  ///< empty: 0, 1, ... count - 1
  bool operator==(const DeclaredGpus&) const = default;
};

/// "2" are two; "0,1" or "GPU-8932f937,MIG-4d2a" are those; "3," is the one with this name.
Result<DeclaredGpus> ParseGpus(const std::string& text);

/// The options of a local runner that say what it offers to trials.
LocalOptions SlotOptions(const Config& config);

}  // namespace hone::cli
