// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "store/encoded.h"
#include "store/sqlite/connection.h"

/// The two hot writes: steps of ledgers and batches of observations. The functions are Work::apply:
/// they may throw SQLite::Exception.
namespace hone::sqlite {

using store::EncodedBatch;
using store::EncodedStep;

/// @errors kAborted, kAlreadyExists
Status ApplyStep(Connection& connection, const EncodedStep& step);

/// @errors kAborted, kNotFound
Status ApplyBatch(Connection& connection, const EncodedBatch& batch);

/// A whole experiment, in the place of a deleted one of its UID if there is one.
/// @errors kAborted, kAlreadyExists
Status ApplyAdoption(Connection& connection, const EncodedStep& step,
                     const std::vector<EncodedBatch>& batches);

/// Rows of trials that are new or changed; shared with the rebuilding of rows.
void PutTrials(Connection& connection, std::int64_t key, const std::vector<TrialRow>& rows);

}  // namespace hone::sqlite
