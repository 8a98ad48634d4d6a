// SPDX-License-Identifier: Apache-2.0
#include "store/encoded.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "base/text.h"
#include "core/event_codec.h"
#include "store/checks.h"

namespace hone::store {

Result<EncodedStep> EncodeStep(LedgerStep step) {
  HONE_RETURN_IF_ERROR(CheckStep(step));
  EncodedStep encoded{.experiment = std::move(step.experiment),
                      .expected = step.expected,
                      .epoch = step.epoch,
                      .events = {},
                      .outbox = std::move(step.outbox),
                      .projection = std::move(step.projection),
                      .observations = {}};
  encoded.lazy = encoded.outbox.empty() && step.observations.empty() &&
                 std::ranges::all_of(step.events, [](const Recorded& recorded) {
                   return std::holds_alternative<event::TrialsReserved>(recorded.event) ||
                          std::holds_alternative<event::TrialRunning>(recorded.event);
                 });
  encoded.events.reserve(step.events.size());
  for (const Recorded& recorded : step.events) {
    encoded.events.push_back({recorded.seq, recorded.at, std::string(EventKind(recorded.event)),
                              EncodeEvent(recorded.event)});
    encoded.bytes += encoded.events.back().payload.size() + 100;
  }
  for (const std::string& payload : encoded.outbox) {
    encoded.bytes += payload.size() + 100;
  }
  for (const TrialRow& row : encoded.projection.trials) {
    encoded.bytes += row.parameters.size() + row.metrics.size() + row.message.size() + 200;
  }
  for (ObservationBatch& batch : step.observations) {
    encoded.observations.push_back(EncodeBatch(std::move(batch)));
    encoded.bytes += encoded.observations.back().bytes;
  }
  return encoded;
}

EncodedBatch EncodeBatch(ObservationBatch batch) {
  EncodedBatch encoded{.batch = std::move(batch), .numbers = {}};
  encoded.numbers.reserve(encoded.batch.records.size());
  for (const MetricRecord& record : encoded.batch.records) {
    std::optional<double> number = ParseDouble(record.text);
    encoded.numbers.push_back(number && std::isfinite(*number) ? number : std::nullopt);
    encoded.bytes += record.text.size() + record.metric.size() + 50;
  }
  return encoded;
}

}  // namespace hone::store
