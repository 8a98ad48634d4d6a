// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "apps/shim/launch.h"
#include "apps/shim/output.h"

namespace hone::shim {

/// What a replica's process tells before it becomes the training program. Shared memory: gone from
/// the child once it runs the program, so an exit code of the program's own is never mistaken.
struct StartFailure {
  enum Stage : int { kNone, kFolder, kProgram };
  volatile int stage;
  volatile int error_number;
};

/// A replica and its process.
struct Member {
  enum class State { kIdle, kRunning, kSucceeded, kFailed, kEnded };
  const Replica* replica;
  State state;
  pid_t pid;        // 0: none runs
  int status_code;  // of the last end: CLD_EXITED, CLD_KILLED or CLD_DUMPED
  int status;       // exit code or signal
  int restarts;
  std::int64_t start_at;  // steady time of a start to come; 0: none
  StartFailure* failure;
  OutputLog output;
};

/// The replicas of an attempt; a plain trial is a team of one.
struct Team {
  Member* members = nullptr;
  std::size_t count = 0;

  Member* begin() const { return members; }
  Member* end() const { return members + count; }
};

/// Opens a log for each replica. @returns false, with errno, for want of memory, disk or
/// descriptors
bool MakeTeam(const Launch& launch, int folder_fd, Team& team);

/// Starts those that must be ready before the others, and waits until they say so or have ended, at
/// most ten seconds. @returns false, with errno, if a fork failed
bool StartFirst(const Team& team);

/// Forks those of the members that are idle and due: own session, own environment, killed with the
/// shim. None runs its program before all have been forked.
/// @returns false, with errno, if a fork failed: then none of them has run
bool StartDue(const Team& team, std::int64_t now);

/// Starts the program that cleans up, without input and output.
/// @param seconds  put behind the argument "--time=": what is left of the grace
/// @returns its pid, -1 if the fork failed
pid_t StartCleanup(const Launch& launch, int seconds);

/// The exit code as a shell tells it: 128 + N for signal N.
int ShellCode(const Member& member);

}  // namespace hone::shim
