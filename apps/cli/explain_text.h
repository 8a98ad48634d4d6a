// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "core/state.h"

/// Why something is in the state it is in, in a sentence for people. Pure.
namespace hone::cli {

/// @param number  of a trial of this state
std::string ExplainTrial(const ExperimentState& state, TrialNumber number, Timestamp now);

/// @param driven  whether a process drives experiments of this data folder now
std::string ExplainExperiment(const ExperimentState& state, bool driven);

}  // namespace hone::cli
