// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/workflow/workflow.h"

/// The texts of a container or script, and the paths in them.
namespace hone::local {

/// What its files are called in tags ("inputs.artifacts.x"), and where it sees them.
std::vector<std::pair<std::string, std::string>> PathsOf(const workflow::Template& leaf);

/// Whether its texts name a path, or the tag for it.
bool NamesPath(const workflow::Template& leaf, const std::string& tag, const std::string& path);

/// Whether its texts name a variable of hone's or Katib's.
bool NamesOwnVariable(const workflow::Template& leaf);

}  // namespace hone::local
