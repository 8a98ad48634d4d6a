// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace hone::shim {

/// When a replica that has ended is started again.
enum class Restart { kNever, kOnFailure, kAlways, kExitCode };

/// One process to run. A plain trial has one, without a name.
struct Replica {
  const char* name = "";
  const char* folder = nullptr;
  char** argv = nullptr;  // ends with a null
  char** env = nullptr;   // ends with a null
  Restart restart = Restart::kNever;
  bool decides = false;
  bool primary = false;
  bool collector = false;    // runs beside the trial, and ends after it
  bool ready_first = false;  // the others wait until it says that it is ready
  int network_fd = -1;       // of the network it enters; -1: stays in the shim's
};

/// What to run, as the engine wrote it. The texts live in memory that is never freed.
struct Launch {
  Replica* replicas = nullptr;
  std::size_t count = 0;
  const char* oom_counter = nullptr;  // null: out of memory cannot be told from SIGKILL
  std::int64_t deadline_us = 0;       // 0: none
  std::int64_t grace_us = 0;
  std::int64_t log_quota = 0;      // bytes of output that are kept; 0: all
  std::int64_t backoff_limit = 0;  // restarts of all replicas together
  bool own_network = false;        // the replicas and the collector have one of their own
  char** cleanup = nullptr;        // to be run when all is over, ends with a null; null: nothing
};

/// Reads `launch` (see trial-runner/local/attempt_files.h). @returns false if it is not whole
bool ReadLaunch(int fd, Launch& launch);

}  // namespace hone::shim
