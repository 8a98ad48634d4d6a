// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.h"
#include "trial-runner/trial_runner.h"

namespace hone {

/// What an experiment has of a runner's resources, and what it waits for.
struct SlotUse {
  ExperimentId id;
  std::string name;
  std::string name_space;
  Demand demand;           ///< of one trial
  std::uint32_t held = 0;  ///< trials that have their resources
  std::uint32_t want = 0;  ///< trials that would be started now
  std::string waits;       ///< why those are not, for people; empty: nothing waits
  bool operator==(const SlotUse&) const = default;
};

/// The resources of a runner and who has them.
struct SlotsView {
  Capacity total;
  std::vector<SlotUse> uses;  ///< by id
  bool operator==(const SlotsView&) const = default;
};

}  // namespace hone
