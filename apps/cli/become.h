// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace hone::cli {

/// This process goes on as another program, which lies beside it, with the same arguments.
/// @returns only if it cannot
Status BecomeProgram(const std::string& name);

}  // namespace hone::cli
