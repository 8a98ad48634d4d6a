// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/history.h"
#include "core/space.h"

namespace hone {

/// A trial that is over and says something about its configuration.
struct PastTrial {
  enum class Outcome { kCompleted, kStopped, kInfeasible };
  TrialNumber number = 0;
  Outcome outcome = Outcome::kCompleted;
  Assignment values;
  double value = 0;  ///< of a completed one, to be minimised
};

/// Those of a history, in the order of their ends, whoever proposed them. Trials that run, were
/// lost or were killed are not among them.
std::vector<PastTrial> PastTrials(History history);

}  // namespace hone
