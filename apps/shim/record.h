// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace hone::shim {

/// What goes into `exit`. The words are those of trial-runner/local/attempt_files.h.
struct ExitRecord {
  const char* kind = "";
  int exit_code = 0;
  int signal = 0;
  bool stopped = false;
  std::int64_t started_us = 0;
  std::int64_t ended_us = 0;
  std::int64_t output_bytes = 0;
  char reason[1024] = "";
  const char* culprits = "";  // of a job of several replicas
  const char* outcomes = "";  // lines of its replicas
};

/// Writes who runs the attempt into the claim, and to standard output, where the engine waits for
/// it.
/// @param child  0: no trial was started
void WriteClaim(int claim_fd, pid_t child, std::int64_t started_us);

/// Keeps the record for good: in `exit`, or at the end of the claim where that cannot be written.
/// @returns false if neither worked
bool KeepRecord(int folder_fd, int claim_fd, const ExitRecord& record);

}  // namespace hone::shim
