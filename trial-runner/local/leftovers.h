// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace hone::local {

/// Kills every process of this user whose environment, as it was at its start, has all of these
/// "NAME=value" texts, until none is left or five seconds have passed. What cleared its environment
/// is not found. @returns how many were killed
int KillByEnvironment(std::span<const std::string> marks);

/// The file that counts kills for want of memory where this process and its children are
/// accounted, or an empty text if there is none.
std::string FindOomCounter();

}  // namespace hone::local
