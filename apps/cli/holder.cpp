// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/holder.h"

#include "base/file.h"

namespace hone::cli {

Result<int> FindHolder(const Config& config) {
  if (!config.server.empty()) {
    return kDaemon;
  }
  return FileLock::Holder(config.LockFile());
}

std::string HolderText(const Config& config, int holder) {
  return holder == kDaemon ? "the daemon at " + config.server : "process " + std::to_string(holder);
}

bool IsHere(const Config& config) {
  const std::string& server = config.server;
  return server.empty() || server.starts_with("unix:") || server.starts_with("127.") ||
         server.starts_with("localhost:") || server.starts_with("[::1]:");
}

}  // namespace hone::cli
