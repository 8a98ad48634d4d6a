// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tests/architecture/checker.h"

namespace hone::architecture {

/// Types that two files of the programs define under one name: "namespace::Name: a.h, b.h". The
/// compiler sees neither two at a time nor which of their functions the linker takes for both.
/// Goes by the layout of the sources: namespaces and types begin their lines.
std::vector<std::string> TypesDefinedTwice(const std::vector<File>& files);

}  // namespace hone::architecture
