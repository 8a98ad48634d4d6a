// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "core/event.h"
#include "core/state.h"

namespace hone {

/// Whether Decide could have recorded this event next, so that Evolve may apply it: Evolve trusts
/// numbers and counts. For ledgers that come from outside: a file, an archive, a database that
/// others can write.
/// @param state  after the events before; @errors kDataLoss: the message says which event, and why
Status CheckNext(const ExperimentState& state, const Recorded& recorded);

}  // namespace hone
