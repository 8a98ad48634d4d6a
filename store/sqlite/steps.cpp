// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/steps.h"

#include "store/checks.h"
#include "store/columns.h"

namespace hone::sqlite {
namespace {

using store::EncodedEvent;

constexpr char kCreateExperiment[] =
    "INSERT INTO experiments (version, phase, reason, algorithm, objective, trials, running, "
    "succeeded, failed, best_trial, best_value, ended_at, owner_epoch, id, namespace, name, "
    "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

// What was deleted lives again: the key stays, since other connections remember it.
constexpr char kRevive[] =
    "UPDATE OR IGNORE experiments SET version = ?, phase = ?, reason = ?, algorithm = ?, "
    "objective = ?, trials = ?, running = ?, succeeded = ?, failed = ?, best_trial = ?, "
    "best_value = ?, ended_at = ?, owner_epoch = ?, namespace = ?, name = ?, created_at = ?, "
    "deleted = 0 WHERE key = ?";

// Version and epoch are checked by the same statement that moves them.
constexpr char kAdvanceExperiment[] =
    "UPDATE experiments SET version = ?, phase = ?, reason = ?, algorithm = ?, objective = ?, "
    "trials = ?, running = ?, succeeded = ?, failed = ?, best_trial = ?, best_value = ?, "
    "ended_at = ? WHERE key = ? AND version = ? AND owner_epoch = ? AND deleted = 0";

constexpr char kAddEvent[] =
    "INSERT INTO events (experiment, seq, at, kind, payload) VALUES (?, ?, ?, ?, ?)";

constexpr char kAddOutbox[] =
    "INSERT INTO outbox (experiment, seq, n, payload) VALUES (?, ?, ?, ?)";

// The name never changes; leaving it out spares its index.
constexpr char kPutTrial[] =
    "INSERT INTO trials (trial, name, phase, attempt, parameters, metrics, objective, "
    "objective_number, ending, message, created_at, started_at, ended_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (trial) DO UPDATE SET "
    "phase = excluded.phase, attempt = excluded.attempt, parameters = excluded.parameters, "
    "metrics = excluded.metrics, objective = excluded.objective, "
    "objective_number = excluded.objective_number, ending = excluded.ending, "
    "message = excluded.message, created_at = excluded.created_at, "
    "started_at = excluded.started_at, ended_at = excluded.ended_at";

constexpr char kNewOffset[] =
    "INSERT INTO collector_offsets (offset, trial, attempt, source) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (trial, attempt, source) DO UPDATE SET offset = excluded.offset "
    "WHERE offset = 0";

constexpr char kMoveOffset[] =
    "UPDATE collector_offsets SET offset = ? "
    "WHERE trial = ? AND attempt = ? AND source = ? AND offset = ?";

constexpr char kOffset[] =
    "SELECT offset FROM collector_offsets WHERE trial = ? AND attempt = ? AND source = ?";

constexpr char kLastRecord[] = "SELECT coalesce(max(id), 0) FROM observations WHERE trial = ?";

constexpr char kAddRecord[] =
    "INSERT INTO observations (trial, id, attempt, metric, step, at, text, number) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

/// Binds what both statements on experiments begin with.
Use& BindRow(Use& use, const ExperimentRow& row, Version version) {
  return store::BindState(use.Unsigned(version), row).Time(row.ended_at);
}

Result<std::int64_t> Create(Connection& connection, const EncodedStep& step) {
  const ExperimentRow& row = step.projection.experiment;
  if (connection.KeyOf(step.experiment)) {
    return tl::make_unexpected(store::Moved(step.experiment, 0, step.epoch));
  }
  Use create(connection, kCreateExperiment);
  BindRow(create, row, step.events.back().seq)
      .Unsigned(step.epoch)
      .Text(step.experiment.text)
      .Text(row.name_space)
      .Text(row.name)
      .Time(row.created_at);
  if (create.Run() != 1) {
    return tl::make_unexpected(store::NameTaken(row.name_space, row.name));
  }
  const std::int64_t key = connection.database().getLastInsertRowid();
  connection.RememberKey(step.experiment, key);
  return key;
}

/// Looks only, because the step is not made if one of its offsets does not fit.
Status CheckOffsets(Connection& connection, std::int64_t key, const EncodedStep& step) {
  for (const EncodedBatch& encoded : step.observations) {
    const ObservationBatch& batch = encoded.batch;
    Use offset(connection, kOffset);
    offset.Int(TrialKey(key, batch.trial.number)).Int(batch.attempt).Text(batch.source);
    const std::int64_t found = offset.Step() ? offset.GetInt(0) : 0;
    if (static_cast<std::uint64_t>(found) != batch.offset_before) {
      return tl::make_unexpected(store::OffsetMoved(batch.source, batch.offset_before));
    }
  }
  return {};
}

Result<std::int64_t> Advance(Connection& connection, const EncodedStep& step) {
  const std::optional<std::int64_t> key = connection.KeyOf(step.experiment);
  if (key) {
    HONE_RETURN_IF_ERROR(CheckOffsets(connection, *key, step));
    Use advance(connection, kAdvanceExperiment);
    BindRow(advance, step.projection.experiment, step.events.back().seq)
        .Int(*key)
        .Unsigned(step.expected)
        .Unsigned(step.epoch);
    if (advance.Run() == 1) {
      return *key;
    }
  }
  return tl::make_unexpected(store::Moved(step.experiment, step.expected, step.epoch));
}

bool MoveOffset(Connection& connection, const ObservationBatch& batch, std::int64_t trial) {
  const bool first = batch.offset_before == 0;
  Use move(connection, first ? kNewOffset : kMoveOffset);
  move.Unsigned(batch.offset_after).Int(trial).Int(batch.attempt).Text(batch.source);
  if (!first) {
    move.Unsigned(batch.offset_before);
  }
  return move.Run() == 1;
}

bool IsLive(Connection& connection, std::int64_t key) {
  return Use(connection, "SELECT 1 FROM experiments WHERE key = ? AND deleted = 0").Int(key).Step();
}

void AddRecords(Connection& connection, std::int64_t trial, const EncodedBatch& encoded) {
  const ObservationBatch& batch = encoded.batch;
  if (batch.records.empty()) {
    return;
  }
  Use last(connection, kLastRecord);
  last.Int(trial).Step();
  std::int64_t id = last.GetInt(0);
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    const MetricRecord& record = batch.records[i];
    Use(connection, kAddRecord)
        .Int(trial)
        .Int(++id)
        .Int(batch.attempt)
        .Text(record.metric)
        .Real(record.step)
        .Time(record.at)
        .Text(record.text)
        .Real(encoded.numbers[i])
        .Run();
  }
}

void AddRows(Connection& connection, std::int64_t key, const EncodedStep& step) {
  for (const EncodedEvent& event : step.events) {
    Use(connection, kAddEvent)
        .Int(key)
        .Unsigned(event.seq)
        .Int(event.at.time_since_epoch().count())
        .Text(event.kind)
        .Text(event.payload)
        .Run();
  }
  std::uint32_t n = 0;
  for (const std::string& payload : step.outbox) {
    Use(connection, kAddOutbox)
        .Int(key)
        .Unsigned(step.events.back().seq)
        .Int(n++)
        .Text(payload)
        .Run();
  }
  PutTrials(connection, key, step.projection.trials);
  for (const EncodedBatch& encoded : step.observations) {  // their offsets were looked at
    const std::int64_t trial = TrialKey(key, encoded.batch.trial.number);
    MoveOffset(connection, encoded.batch, trial);
    AddRecords(connection, trial, encoded);
  }
}

/// @returns the key, or nothing if no deleted experiment has this UID. Its last event goes: it is
/// deleted no more. @errors kAlreadyExists
Result<std::optional<std::int64_t>> Revive(Connection& connection, const EncodedStep& step) {
  std::optional<std::int64_t> key;
  {
    Use find(connection, "SELECT key FROM experiments WHERE id = ? AND deleted = 1");
    if (!find.Text(step.experiment.text).Step()) {
      return key;
    }
    key = find.GetInt(0);
  }
  const ExperimentRow& row = step.projection.experiment;
  Use revive(connection, kRevive);
  BindRow(revive, row, step.events.back().seq)
      .Unsigned(step.epoch)
      .Text(row.name_space)
      .Text(row.name)
      .Time(row.created_at)
      .Int(*key);
  if (revive.Run() != 1) {
    return tl::make_unexpected(store::NameTaken(row.name_space, row.name));
  }
  // Out of the way, but not gone before there are later positions: none may come twice.
  Use(connection, "UPDATE events SET seq = -seq WHERE experiment = ?").Int(*key).Run();
  return key;
}

}  // namespace

Status ApplyStep(Connection& connection, const EncodedStep& step) {
  HONE_ASSIGN_OR_RETURN(const std::int64_t key,
                        step.expected == 0 ? Create(connection, step) : Advance(connection, step));
  AddRows(connection, key, step);
  return {};
}

Status ApplyAdoption(Connection& connection, const EncodedStep& step,
                     const std::vector<EncodedBatch>& batches) {
  HONE_ASSIGN_OR_RETURN(const auto revived, Revive(connection, step));
  if (revived) {
    AddRows(connection, *revived, step);
    Use(connection, "DELETE FROM events WHERE experiment = ? AND seq < 0").Int(*revived).Run();
  } else {
    HONE_RETURN_IF_ERROR(ApplyStep(connection, step));
  }
  for (const EncodedBatch& batch : batches) {
    HONE_RETURN_IF_ERROR(ApplyBatch(connection, batch));
  }
  return {};
}

void PutTrials(Connection& connection, std::int64_t key, const std::vector<TrialRow>& rows) {
  for (const TrialRow& row : rows) {
    Use put(connection, kPutTrial);
    store::BindTrial(put.Int(TrialKey(key, row.number)), row).Run();
  }
}

Status ApplyBatch(Connection& connection, const EncodedBatch& encoded) {
  const ObservationBatch& batch = encoded.batch;
  const std::optional<std::int64_t> key = connection.KeyOf(batch.trial.experiment);
  if (!key || !IsLive(connection, *key)) {
    return tl::make_unexpected(store::NoExperiment(batch.trial.experiment));
  }
  const std::int64_t trial = TrialKey(*key, batch.trial.number);
  if (!MoveOffset(connection, batch, trial)) {
    return tl::make_unexpected(store::OffsetMoved(batch.source, batch.offset_before));
  }
  AddRecords(connection, trial, encoded);
  return {};
}

}  // namespace hone::sqlite
