// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "core/event.h"

/// The stored words of the enumerations in events.
namespace hone {

std::string_view Word(event::TrialsWithdrawn::Why why);
std::string_view Word(event::TrialStopRequested::Cause cause);
/// Katib's condition reason: "ExperimentGoalReached", ...
std::string_view Word(event::ExperimentEnded::Reason reason);
std::string_view Word(EndingKind kind);

/// Sets `out` if the word is known. @returns whether it is
bool FromWord(std::string_view word, event::TrialsWithdrawn::Why& out);
bool FromWord(std::string_view word, event::TrialStopRequested::Cause& out);
bool FromWord(std::string_view word, event::ExperimentEnded::Reason& out);
bool FromWord(std::string_view word, EndingKind& out);

/// Whether an experiment that ended for this reason succeeded.
bool Succeeds(event::ExperimentEnded::Reason reason);

}  // namespace hone
