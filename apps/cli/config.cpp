// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/config.h"

#include <cstdlib>

namespace hone::cli {
namespace {

/// Empty counts as unset, as the XDG specification says.
std::string Variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before threads
  return value == nullptr ? "" : value;
}

}  // namespace

std::filesystem::path DefaultDataDir() {
  if (const std::string xdg = Variable("XDG_DATA_HOME"); !xdg.empty() && xdg.front() == '/') {
    return std::filesystem::path(xdg) / "hone";
  }
  if (const std::string home = Variable("HOME"); !home.empty()) {
    return std::filesystem::path(home) / ".local/share/hone";
  }
  return "hone-data";
}

}  // namespace hone::cli
