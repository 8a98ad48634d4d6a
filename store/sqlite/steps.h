// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/ledger.h"
#include "store/observations.h"
#include "store/sqlite/connection.h"

/// The two hot writes: steps of ledgers and batches of observations. What can be done ahead of the
/// transaction is done by the Encode functions, on the caller's thread. The Apply functions are
/// Work::apply: they may throw SQLite::Exception.
namespace hone::sqlite {

struct EncodedEvent {
  Version seq = 0;
  Timestamp at;
  std::string kind;
  std::string payload;
};

struct EncodedStep {
  ExperimentId experiment;
  Version expected = 0;
  OwnerEpoch epoch = 0;
  std::vector<EncodedEvent> events;
  std::vector<std::string> outbox;
  Projection projection;
  std::size_t bytes = 0;  ///< about
};

/// @errors kInvalidArgument: not numbered expected + 1, ...
Result<EncodedStep> EncodeStep(LedgerStep step);
/// @errors kAborted, kAlreadyExists
Status ApplyStep(Connection& connection, const EncodedStep& step);

struct EncodedBatch {
  ObservationBatch batch;
  std::vector<std::optional<double>> numbers;  ///< of the records' texts, where finite
  std::size_t bytes = 0;                       ///< about
};

EncodedBatch EncodeBatch(ObservationBatch batch);
/// @errors kAborted, kNotFound
Status ApplyBatch(Connection& connection, const EncodedBatch& batch);

/// A whole experiment, in the place of a deleted one of its UID if there is one.
/// @errors kAborted, kAlreadyExists
Status ApplyAdoption(Connection& connection, const EncodedStep& step,
                     const std::vector<EncodedBatch>& batches);

/// Rows of trials that are new or changed; shared with the rebuilding of rows.
void PutTrials(Connection& connection, std::int64_t key, const std::vector<TrialRow>& rows);

}  // namespace hone::sqlite
