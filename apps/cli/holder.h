// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "apps/cli/config.h"
#include "base/result.h"

namespace hone::cli {

/// In the place of a pid: the daemon of --server.
inline constexpr int kDaemon = -1;

/// Who is the engine: the pid of the process that holds the data folder, 0 if there is none, or
/// kDaemon. @errors the lock file cannot be read
Result<int> FindHolder(const Config& config);

/// For people: "process 123", or "the daemon at ADDRESS".
std::string HolderText(const Config& config, int holder);

/// Whether the engine is of this machine, and sees its folders as this process does.
bool IsHere(const Config& config);

}  // namespace hone::cli
