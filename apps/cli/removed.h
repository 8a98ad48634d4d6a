// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "core/state.h"

/// What people are told of logs and curves that `hone gc` removed. Pure.
namespace hone::cli {

/// "removed by 'hone gc' on 2026-01-31T12:00:00Z"
std::string RemovedOn(Timestamp at);

/// "removed by 'hone gc': logs (1.5 GiB) and curves (4800 values) of trials 1 to 16"
std::string RemovalText(const event::RecordsRemoved& removed);

/// A blank and a sentence each; empty if nothing was removed.
std::string RemovedOfTrial(const ExperimentState& state, TrialNumber number);
std::string RemovedOfExperiment(const ExperimentState& state);

}  // namespace hone::cli
