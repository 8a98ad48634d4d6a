// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

/// What the shim asks the kernel about processes and time.
namespace hone::shim {

/// Microseconds since 1970.
std::int64_t WallMicros();
/// Microseconds that never jump; stands still while the machine sleeps.
std::int64_t SteadyMicros();

/// Reads a small file into `buffer`, NUL-terminated. @returns its length, 0 on any error
std::size_t ReadSmallFile(const char* path, char* buffer, std::size_t capacity);

struct StatLine {
  pid_t parent = 0;
  unsigned long long start_ticks = 0;
};

/// Fields 4 and 22 of /proc/PID/stat. @returns false if there is no such process
bool ReadStat(pid_t pid, StatLine& stat);

/// SIGKILL to all direct children of this process.
void KillChildren();

/// How often the kernel killed for want of memory, from a file with a line "oom_kill N"
/// (memory.events, memory.oom_control, /proc/vmstat). @returns -1 if it cannot be told
long long OomKills(const char* path);

}  // namespace hone::shim
