// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "algorithms/past_trials.h"
#include "apps/cli/session.h"

/// What the commands that look into an experiment's results have in common.
namespace hone::cli {

/// The trials of an experiment that are over, as its search algorithm was told of them.
Result<std::vector<PastTrial>> ReadPastTrials(const Session& session, const ExperimentState& state);

/// "lr=0.1,kind=a": those values, the others as in `base` or else in the middle of their ranges;
/// what activeWhen says plays no role is inactive. A comma is a value's own unless
/// another NAME=VALUE follows.
/// @errors kInvalidArgument: an unknown or repeated name, no value of its domain, an inactive one
Result<Assignment> PointAt(const Space& space, const std::string& text,
                           const std::optional<Assignment>& base);

/// The point with up to 11 values of a parameter, evenly over its range.
/// @errors kInvalidArgument: no such parameter, or it is inactive beside the other values
Result<std::vector<Assignment>> SweepOf(const Space& space, const std::string& parameter,
                                        const Assignment& point);

/// "0.127": that many digits after the point.
std::string FixedText(double value, int digits);

}  // namespace hone::cli
