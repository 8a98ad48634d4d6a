// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace hone::shim {

/// What to run, as the engine wrote it. The texts live in memory that is never freed.
struct Launch {
  char** argv = nullptr;  // ends with a null
  char** env = nullptr;   // ends with a null
  const char* folder = nullptr;
  const char* oom_counter = nullptr;  // null: out of memory cannot be told from SIGKILL
  std::int64_t deadline_us = 0;       // 0: none
  std::int64_t grace_us = 0;
  std::int64_t log_quota = 0;  // bytes of output that are kept; 0: all
};

/// Reads `launch` (see trial-runner/local/attempt_files.h). @returns false if it is not whole
bool ReadLaunch(int fd, Launch& launch);

}  // namespace hone::shim
