// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "store/postgres/connection.h"
#include "store/postgres/group.h"

/// Writes inside a transaction that was begun, one by one. They may throw what libpqxx throws.
namespace hone::postgres {

/// Whatever is to be written. @errors its own
Status Apply(Connection& connection, const What& what);

/// @errors kAborted, kAlreadyExists
Status ApplyStep(Connection& connection, const EncodedStep& step);

/// @errors kAborted, kNotFound
Status ApplyBatch(Connection& connection, const EncodedBatch& batch);

/// A whole experiment, in the place of a deleted one of its UID if there is one.
/// @errors kAborted, kAlreadyExists
Status ApplyAdoption(Connection& connection, const EncodedStep& step,
                     const std::vector<EncodedBatch>& batches);

/// Rows of trials that have none yet.
void AddTrials(Connection& connection, std::int64_t key, const std::vector<TrialRow>& rows);

}  // namespace hone::postgres
