// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/space.h"

namespace hone {

struct ExperimentSpec;

/// A configuration that an earlier experiment tried, as one of this experiment's space, and what
/// came of it there.
struct EarlierResult {
  Assignment values;
  double loss = 0;  ///< of that experiment's first objective, to be minimised; finite
  bool operator==(const EarlierResult&) const = default;
};

/// What an earlier experiment knows (`spec.warmStart`). Its losses are of another task: only their
/// order, and distances within the task, may mean something here.
struct EarlierTask {
  std::string experiment;
  std::vector<EarlierResult> results;
  bool operator==(const EarlierTask&) const = default;
};

/// Those that are recorded with an experiment, in the order of its list. None before the warm start
/// is taken (core/warm_start.h).
std::vector<EarlierTask> EarlierTasks(const ExperimentSpec& spec);

}  // namespace hone
