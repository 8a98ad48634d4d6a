// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/state.h"
#include "store/observations.h"

namespace hone::cli {

/// What TensorBoard's hparams plugin needs to know of an experiment: parameters with their ranges,
/// and metrics. The text of an event file for the top folder.
std::string ExperimentEvents(const ExperimentState& state);

/// The text of an event file for one trial: its parameters, how it ended, and a curve for each
/// metric. Values that are no finite number are left out. A point's step is the one reported with
/// it, else its number in the curve from 1.
/// @param records  of the attempt to show
std::string TrialEvents(const ExperimentState& state, const TrialState& trial,
                        const std::vector<StoredRecord>& records);

}  // namespace hone::cli
