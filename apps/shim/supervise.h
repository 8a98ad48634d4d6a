// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "apps/shim/launch.h"
#include "apps/shim/output.h"

namespace hone::shim {

/// Blocks the signals that the shim waits for, ignores the terminal's, leaves the engine's session
/// and becomes the one that orphans of the trial fall to. Call first.
void PrepareProcess();

/// What the trial's process tells before it becomes the training program. Shared memory: gone from
/// the child once it runs the program, so an exit code of the program's own is never mistaken.
struct StartFailure {
  enum Stage : int { kNone, kFolder, kProgram };
  volatile int stage;
  volatile int error_number;
};

/// A page shared with children to be; null if there is no memory.
StartFailure* MakeStartFailure();

/// Forks the trial: own session, own environment, output to `output`, killed with the shim.
/// @returns its pid, -1 with errno if the fork failed
pid_t StartTrial(const Launch& launch, OutputLog& output, StartFailure* failure);

/// Why the shim ended the trial.
enum class Cause { kNone, kStop, kDeadline };

struct Outcome {
  int status_code = 0;  // CLD_EXITED, CLD_KILLED or CLD_DUMPED
  int status = 0;       // exit code or signal
  Cause cause = Cause::kNone;
};

/// Keeps what the trial writes and waits for its end; TERM to the shim means stop (TERM, grace,
/// KILL), QUIT means kill now, and the deadline is a stop of its own. On return nothing of the
/// trial is left.
Outcome Supervise(pid_t child, const Launch& launch, OutputLog& output);

}  // namespace hone::shim
