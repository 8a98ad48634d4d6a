// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/input.h"
#include "store/observations.h"

namespace hone {

/// The end of an attempt, with the last values of its log, which are not stored yet: they are
/// recorded with what is decided about the end.
struct TrialEnd {
  input::Seen seen;
  ObservationBatch values;
  std::uint64_t generation = 0;  ///< of the state that watched it
};

}  // namespace hone
