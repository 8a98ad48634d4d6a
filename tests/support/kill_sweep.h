// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "tests/support/experiment.h"
#include "tests/support/simulation.h"

namespace hone::test {

/// The experiment `sim` in virtual time, once undisturbed and then killed at each write to the
/// store.
struct KillSweep {
  SimulatedWorld::Behaviour behaviour;
  ExperimentOptions options;
  /// What must hold when it is over: first of the undisturbed run, then of each killed one.
  std::function<void(Simulation&)> check;
  /// Called with each simulation before the experiment is created; empty: nothing to do.
  std::function<void(Simulation&)> prepare = {};
  std::uint64_t step = 1;            ///< from one killed write to the next
  std::uint64_t fewest_writes = 30;  ///< of the undisturbed run; fewer would not test much
};

/// Kills the engine before and after each write, starts another one, and lets it come to its end.
void KillAtEveryWrite(const KillSweep& sweep);

}  // namespace hone::test
