// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "core/state.h"

/// Why something is in the state it is in, in a sentence for people. Pure.
namespace hone::cli {

/// @param number  of a trial of this state
/// @param waits   why its experiment gets no slot, if the engine tells; see SlotUse
std::string ExplainTrial(const ExperimentState& state, TrialNumber number, Timestamp now,
                         const std::string& waits = "");

/// @param driven  whether a process drives experiments of this data folder now
/// @param waits   why it gets no further slot, if the engine tells
std::string ExplainExperiment(const ExperimentState& state, bool driven,
                              const std::string& waits = "");

}  // namespace hone::cli
