// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "algorithms/past_trials.h"
#include "apps/cli/session.h"

/// What the commands that look into an experiment's results have in common.
namespace hone::cli {

/// The trials of an experiment that are over, as its search algorithm was told of them.
Result<std::vector<PastTrial>> ReadPastTrials(const Session& session, const ExperimentState& state);

/// "0.127": that many digits after the point.
std::string FixedText(double value, int digits);

}  // namespace hone::cli
