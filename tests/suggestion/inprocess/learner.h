// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "algorithms/registry.h"
#include "core/spec.h"

namespace hone {

/// An experiment of a searcher for tests, registered as "learner", whose answers betray what it was
/// told: x = number of history items, budget one more, and the tag names the trials left and the
/// sum of the results. Settings, all "false" unless given:
///   lie      answers outside the bounds
///   stumble  fails to observe a lost trial
///   resume   continues the last paused trial, if any, instead of starting one
ExperimentSpec LearnerSpec(std::vector<Setting> settings = {});

}  // namespace hone
