// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "apps/cli/config.h"
#include "apps/cli/retention.h"
#include "apps/cli/session.h"
#include "store/store.h"

/// How logs and curves are removed: first the fact, then the data. A process that dies in between
/// leaves a Holding that is `unfinished`, and whoever comes next finishes it.
namespace hone::cli {

struct RecordKinds {
  bool logs = true;
  bool curves = true;
};

/// What each experiment holds. Running and suspended ones are there with their sizes, without an
/// end.
Result<std::vector<Holding>> Holdings(const Config& config, const Session& session,
                                      RecordKinds kinds);

/// Records that the holding goes (RecordsRemoved); for an unfinished one it is recorded already.
/// Only for the holder of engine.lock. @errors kAborted: the experiment changed meanwhile
Status RecordRemoval(Store& store, const Holding& holding, OwnerEpoch epoch, Timestamp now);

/// Removes the data of every removal that the experiment's ledger records.
Status CarryOutRemovals(const Config& config, Store& store, const ExperimentId& experiment);

}  // namespace hone::cli
