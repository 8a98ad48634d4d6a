// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "core/state.h"
#include "trial-runner/trial_runner.h"

namespace hone {

/// The order to start an attempt of a trial: the template with its values put in, from the ledger
/// alone.
/// @errors kInvalidArgument as RenderTrial
Result<LaunchSpec> MakeLaunchSpec(const ExperimentState& state, const TrialState& trial,
                                  Attempt attempt);

/// Where an experiment's relative paths start: the folder its file was submitted from.
inline constexpr const char* kWorkingFolderAnnotation = "hone/working-folder";

}  // namespace hone
