// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include "tests/paths.h"

namespace hone::test {

/// An experiment file of tests/api/data.
inline std::string DataFile(const std::string& name) {
  std::ifstream in(SourceFolder() / "tests/api/data" / name);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace hone::test
