// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/spec.h"

namespace hone {

/// A configuration that is tried before the algorithm is asked.
struct InitialTrial {
  Assignment values;  ///< complete: what the file left out is put in
  std::string note;   ///< where it comes from, for people
  bool warm = false;  ///< taken from an earlier experiment
};

/// Those of a decoded experiment, in their order: `spec.initialTrials`, then what
/// `spec.warmStart` took from earlier experiments.
std::vector<InitialTrial> InitialTrials(const ExperimentSpec& spec);

}  // namespace hone
