// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "apps/shim/launch.h"
#include "apps/shim/team.h"

namespace hone::shim {

/// Blocks the signals that the shim waits for, ignores the terminal's, leaves the engine's session
/// and becomes the one that orphans of the trial fall to. Call first.
void PrepareProcess();

/// Why the shim ended the trial.
enum class Cause { kNone, kStop, kDeadline };

struct Outcome {
  Cause cause = Cause::kNone;
  const Member* culprit = nullptr;  // whose end made the job fail; null: none's
  int start_error = 0;              // errno of a replica that could not be forked again
  char culprits[512] = "";          // names: the culprit, or who still ran at the deadline
};

/// Keeps what the replicas write and waits for the end of the job: all that decide have succeeded,
/// or one has failed and is not started again. Then the others are ended (TERM, grace, KILL). TERM
/// to the shim means stop, QUIT means kill now, and the deadline is a stop of its own. On return
/// nothing of the trial is left.
/// @param team  started
Outcome Supervise(const Team& team, const Launch& launch);

}  // namespace hone::shim
