// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/result.h"
#include "core/command.h"
#include "core/event.h"
#include "core/input.h"
#include "core/state.h"

namespace hone {

/// What an input means for an experiment in this state. Pure: no clock, no I/O, no randomness.
/// An input that is late or repeated (an attempt that is over, a reservation that was withdrawn)
/// gives an empty decision.
/// @errors kFailedPrecondition, kInvalidArgument, kNotFound: a person's request (EditBudget,
/// Resume, KillTrial, Suspend)
///         that cannot be honoured, with the reason; other inputs never fail
Result<Decision> Decide(const ExperimentState& state, const Input& input, Timestamp now);

/// Applies a recorded event. Total: never fails on an event that Decide produced.
void Evolve(ExperimentState& state, const Recorded& recorded);

/// How many more slots the experiment could use now: relaunches first, then new trials.
std::uint32_t Want(const ExperimentState& state);

/// The commands that carry a standing state on after a restart and are not in the outbox (an
/// unanswered reservation).
std::vector<Command> PendingQuestions(const ExperimentState& state);

}  // namespace hone
