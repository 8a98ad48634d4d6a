// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/result.h"
#include "core/state.h"
#include "store/ledger.h"

namespace hone {

/// All events of an experiment; empty if nothing is recorded. @errors those of the ledger
Result<std::vector<Recorded>> ReadLedger(Ledger& ledger, const ExperimentId& id);

/// An experiment's state from its ledger. @errors those of the ledger; kNotFound: nothing is
/// recorded; kDataLoss
Result<ExperimentState> ReadState(Ledger& ledger, const ExperimentId& id);

/// Brings a state, whose id is set, up to what its ledger has by now. @errors as ReadState
Status CatchUp(Ledger& ledger, ExperimentState& state);

/// What an experiment was created with, from its first event alone.
/// @errors those of the ledger; kNotFound: nothing is recorded; those of DecodeStoredSpec
Result<ExperimentSpec> ReadSpec(Ledger& ledger, const ExperimentId& id);

}  // namespace hone
