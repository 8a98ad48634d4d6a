// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "store/ledger.h"
#include "store/observations.h"

/// The two hot writes as databases take them. JSON is made here, on the caller's thread, ahead of
/// the transaction.
namespace hone::store {

struct EncodedEvent {
  Version seq = 0;
  Timestamp at;
  std::string kind;
  std::string payload;
};

struct EncodedBatch {
  ObservationBatch batch;
  std::vector<std::optional<double>> numbers;  ///< of the records' texts, where finite
  std::size_t bytes = 0;                       ///< about
};

EncodedBatch EncodeBatch(ObservationBatch batch);

struct EncodedStep {
  ExperimentId experiment;
  Version expected = 0;
  OwnerEpoch epoch = 0;
  std::vector<EncodedEvent> events;
  std::vector<std::string> outbox;
  Projection projection;
  std::vector<EncodedBatch> observations;
  std::size_t bytes = 0;  ///< about
  /// Nothing outside waits for it, so it may travel with the next write: it only reserves numbers,
  /// for which a search algorithm is being asked, or says that attempts run, which is seen again.
  bool lazy = false;
};

/// @errors kInvalidArgument: as of CheckStep
Result<EncodedStep> EncodeStep(LedgerStep step);

}  // namespace hone::store
