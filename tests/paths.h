// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace hone::test {

/// The root of the source tree that these tests were built from.
std::filesystem::path SourceFolder();

/// Where the build puts `hone` and the other programs.
std::filesystem::path ProgramFolder();

}  // namespace hone::test
