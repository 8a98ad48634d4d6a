// SPDX-License-Identifier: Apache-2.0
#include "api/client/from_wire.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "core/event_codec.h"

namespace hone::client {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

}  // namespace

Timestamp TimeOf(const google::protobuf::Timestamp& at) {
  return Timestamp(Duration(at.seconds() * kMicros + at.nanos() / 1000));
}

ExperimentRow RowOf(const pb::Experiment& experiment) {
  return {.id = {experiment.uid()},
          .name_space = experiment.namespace_(),
          .name = experiment.name(),
          .version = static_cast<Version>(experiment.version()),
          .phase = experiment.phase(),
          .reason = experiment.reason(),
          .algorithm = experiment.algorithm(),
          .objective = experiment.objective(),
          .trials = experiment.trials(),
          .running = experiment.running(),
          .succeeded = experiment.succeeded(),
          .failed = experiment.failed(),
          .best_trial = experiment.best_trial(),
          .best_value = experiment.best_value(),
          .created_at = TimeOf(experiment.created_at()),
          .ended_at = TimeOf(experiment.ended_at())};
}

TrialRow RowOf(const pb::Trial& trial) {
  nlohmann::json parameters = nlohmann::json::object();
  for (const auto& [name, value] : trial.parameters()) {
    parameters[name] = value;
  }
  return {.number = static_cast<TrialNumber>(trial.number()),
          .name = trial.name(),
          .phase = trial.phase(),
          .attempt = static_cast<Attempt>(trial.attempt()),
          .parameters = DumpJson(parameters),
          .metrics = "{}",
          .objective = trial.objective(),
          .objective_number = {},
          .ending = trial.ending(),
          .message = trial.message(),
          .created_at = TimeOf(trial.created_at()),
          .started_at = TimeOf(trial.started_at()),
          .ended_at = TimeOf(trial.ended_at())};
}

StoredRecord RecordOf(const pb::MetricValue& value, std::int64_t id) {
  StoredRecord stored{
      id, static_cast<Attempt>(value.attempt()), {value.name(), value.value(), {}, {}}};
  if (value.has_at()) {
    stored.record.at = TimeOf(value.at());
  }
  if (value.has_step()) {
    stored.record.step = value.step();
  }
  return stored;
}

Result<Recorded> EventOf(const pb::RecordedEvent& event) {
  HONE_ASSIGN_OR_RETURN(Event decoded, DecodeEvent(event.kind(), event.payload()));
  return Recorded{static_cast<Version>(event.seq()), TimeOf(event.at()), std::move(decoded)};
}

}  // namespace hone::client
