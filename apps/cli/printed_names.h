// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "apps/cli/config.h"
#include "apps/cli/session.h"

namespace hone::cli {

/// For a trial that never reported its objective: which names its log has values for, so that one
/// sees a misspelt metric. @returns a sentence with a blank in front; empty if there is nothing to
/// say, or no log to read
std::string NamesItPrinted(const Config& config, const LocatedTrial& found);

}  // namespace hone::cli
