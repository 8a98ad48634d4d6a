// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/result.h"
#include "core/event.h"
#include "earlystop/recheck.h"
#include "store/store.h"

namespace hone {

/// What the store knows of an experiment.
struct WhatIsRecorded {
  std::vector<Recorded> events;
  std::vector<OutboxItem> outbox;
  StoredCurves curves;  ///< empty: it has no rule of early stopping
};

/// Takes an experiment over and reads all that is needed to drive it. May block.
/// @errors kNotFound: there is no such experiment; and the store's
Result<WhatIsRecorded> ReadRecorded(Store& store, const ExperimentId& id, OwnerEpoch epoch);

/// The curves of the trials that succeeded or were asked to end by a rule; none without a rule. May
/// block.
/// @param events  the whole ledger
Result<StoredCurves> ReadCurves(Observations& store, const ExperimentId& id,
                                const std::vector<Recorded>& events);

}  // namespace hone
