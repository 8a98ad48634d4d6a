// SPDX-License-Identifier: Apache-2.0
#include "tests/paths.h"

namespace hone::test {

std::filesystem::path SourceFolder() {
  return HONE_SOURCE_DIR;
}

std::filesystem::path ProgramFolder() {
  return HONE_BIN_DIR;
}

}  // namespace hone::test
