// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/steps.h"

#include "store/checks.h"

namespace hone::postgres {
namespace {

using store::EncodedEvent;

constexpr char kCreateExperiment[] =
    "INSERT INTO experiments (version, phase, reason, algorithm, objective, trials, running, "
    "succeeded, failed, best_trial, best_value, ended_at, owner_epoch, id, namespace, name, "
    "created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, "
    "$17) ON CONFLICT DO NOTHING RETURNING key";

// What was deleted lives again: the key stays, since other connections remember it.
constexpr char kRevive[] =
    "UPDATE experiments SET version = $1, phase = $2, reason = $3, algorithm = $4, "
    "objective = $5, trials = $6, running = $7, succeeded = $8, failed = $9, best_trial = $10, "
    "best_value = $11, ended_at = $12, owner_epoch = $13, namespace = $14, name = $15, "
    "created_at = $16, deleted = 0 WHERE key = $17 AND NOT EXISTS (SELECT 1 FROM experiments "
    "WHERE namespace = $14 AND name = $15 AND deleted = 0)";

// Version and epoch are checked by the same statement that moves them.
constexpr char kAdvanceExperiment[] =
    "UPDATE experiments SET version = $1, phase = $2, reason = $3, algorithm = $4, "
    "objective = $5, trials = $6, running = $7, succeeded = $8, failed = $9, best_trial = $10, "
    "best_value = $11, ended_at = $12 WHERE key = $13 AND version = $14 AND owner_epoch = $15 "
    "AND deleted = 0";

constexpr char kAddEvents[] =
    "INSERT INTO events (position, experiment, seq, at, kind, payload) "
    "SELECT $1::bigint + e.place - 1, $2::bigint, e.seq, e.at, e.kind, e.payload "
    "FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[]) WITH ORDINALITY "
    "AS e (seq, at, kind, payload, place)";

constexpr char kAddOutbox[] =
    "INSERT INTO outbox (experiment, seq, n, payload) "
    "SELECT $1::bigint, $2::bigint, o.place - 1, o.payload "
    "FROM unnest($3::text[]) WITH ORDINALITY AS o (payload, place)";

// The name never changes; leaving it out spares its index.
constexpr char kPutTrial[] =
    "INSERT INTO trials (trial, name, phase, attempt, parameters, metrics, objective, "
    "objective_number, ending, message, created_at, started_at, ended_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
    "ON CONFLICT (trial) DO UPDATE SET "
    "phase = excluded.phase, attempt = excluded.attempt, parameters = excluded.parameters, "
    "metrics = excluded.metrics, objective = excluded.objective, "
    "objective_number = excluded.objective_number, ending = excluded.ending, "
    "message = excluded.message, created_at = excluded.created_at, "
    "started_at = excluded.started_at, ended_at = excluded.ended_at";

constexpr char kNewOffset[] =
    "INSERT INTO collector_offsets AS c (\"offset\", trial, attempt, source) "
    "VALUES ($1, $2, $3, $4) ON CONFLICT (trial, attempt, source) "
    "DO UPDATE SET \"offset\" = excluded.\"offset\" WHERE c.\"offset\" = 0";

constexpr char kMoveOffset[] =
    "UPDATE collector_offsets SET \"offset\" = $1 "
    "WHERE trial = $2 AND attempt = $3 AND source = $4 AND \"offset\" = $5";

constexpr char kAddRecords[] =
    "INSERT INTO observations (trial, id, attempt, metric, step, at, text, number) "
    "SELECT $1::bigint, (SELECT coalesce(max(id), 0) FROM observations WHERE trial = $1::bigint) "
    "+ r.place, $2::bigint, r.metric, r.step, r.at, r.text, r.number "
    "FROM unnest($3::text[], $4::double precision[], $5::bigint[], $6::text[], "
    "$7::double precision[]) WITH ORDINALITY AS r (metric, step, at, text, number, place)";

/// Binds what the statements on experiments begin with.
Use& BindRow(Use& use, const ExperimentRow& row, Version version) {
  return use.Unsigned(version)
      .Text(row.phase)
      .Text(row.reason)
      .Text(row.algorithm)
      .Text(row.objective)
      .Int(row.trials)
      .Int(row.running)
      .Int(row.succeeded)
      .Int(row.failed)
      .Text(row.best_trial)
      .Text(row.best_value)
      .Time(row.ended_at);
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
  const Rows created = create.Run();
  if (created.Count() == 0) {
    return tl::make_unexpected(store::NameTaken(row.name_space, row.name));
  }
  connection.RememberKey(step.experiment, created.GetInt(0, 0));
  return created.GetInt(0, 0);
}

Result<std::int64_t> Advance(Connection& connection, const EncodedStep& step) {
  const std::optional<std::int64_t> key = connection.KeyOf(step.experiment);
  if (key) {
    Use advance(connection, kAdvanceExperiment);
    BindRow(advance, step.projection.experiment, step.events.back().seq)
        .Int(*key)
        .Unsigned(step.expected)
        .Unsigned(step.epoch);
    if (advance.Run().Changed() == 1) {
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
  return move.Run().Changed() == 1;
}

/// The row stays as it is until the transaction ends: another process may be about to delete it.
bool IsLive(Connection& connection, std::int64_t key) {
  return Use(connection, "SELECT 1 FROM experiments WHERE key = $1 AND deleted = 0 FOR SHARE")
             .Int(key)
             .Run()
             .Count() == 1;
}

void AddEvents(Connection& connection, std::int64_t key, const std::vector<EncodedEvent>& events) {
  std::vector<std::int64_t> seqs;
  std::vector<std::int64_t> times;
  std::vector<std::string_view> kinds;
  std::vector<std::string_view> payloads;
  for (const EncodedEvent& event : events) {
    seqs.push_back(static_cast<std::int64_t>(event.seq));
    times.push_back(event.at.time_since_epoch().count());
    kinds.emplace_back(event.kind);
    payloads.emplace_back(event.payload);
  }
  Use(connection, kAddEvents)
      .Int(connection.TakePositions(events.size()))
      .Int(key)
      .Ints(seqs)
      .Ints(times)
      .Texts(kinds)
      .Texts(payloads)
      .Run();
}

void AddRows(Connection& connection, std::int64_t key, const EncodedStep& step) {
  AddEvents(connection, key, step.events);
  if (!step.outbox.empty()) {
    Use(connection, kAddOutbox)
        .Int(key)
        .Unsigned(step.events.back().seq)
        .Texts({step.outbox.begin(), step.outbox.end()})
        .Run();
  }
  PutTrials(connection, key, step.projection.trials);
}

/// @returns the key, or nothing if no deleted experiment has this UID. Its last event goes: it is
/// deleted no more. @errors kAlreadyExists
Result<std::optional<std::int64_t>> Revive(Connection& connection, const EncodedStep& step) {
  const Rows found =
      Use(connection, "SELECT key FROM experiments WHERE id = $1 AND deleted = 1 FOR UPDATE")
          .Text(step.experiment.text)
          .Run();
  if (found.Count() == 0) {
    return std::optional<std::int64_t>();
  }
  const std::int64_t key = found.GetInt(0, 0);
  const ExperimentRow& row = step.projection.experiment;
  Use revive(connection, kRevive);
  BindRow(revive, row, step.events.back().seq)
      .Unsigned(step.epoch)
      .Text(row.name_space)
      .Text(row.name)
      .Time(row.created_at)
      .Int(key);
  if (revive.Run().Changed() != 1) {
    return tl::make_unexpected(store::NameTaken(row.name_space, row.name));
  }
  Use(connection, "DELETE FROM events WHERE experiment = $1").Int(key).Run();
  return std::optional(key);
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
    Use(connection, kPutTrial)
        .Int(TrialKey(key, row.number))
        .Text(row.name)
        .Text(row.phase)
        .Int(row.attempt)
        .Text(row.parameters)
        .Text(row.metrics)
        .Text(row.objective)
        .Real(row.objective_number)
        .Text(row.ending)
        .Text(row.message)
        .Time(row.created_at)
        .Time(row.started_at)
        .Time(row.ended_at)
        .Run();
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
  if (batch.records.empty()) {
    return {};
  }
  std::vector<std::string_view> metrics;
  std::vector<std::optional<double>> steps;
  std::vector<std::optional<Timestamp>> times;
  std::vector<std::string_view> texts;
  for (const MetricRecord& record : batch.records) {
    metrics.emplace_back(record.metric);
    steps.push_back(record.step);
    times.push_back(record.at);
    texts.emplace_back(record.text);
  }
  Use(connection, kAddRecords)
      .Int(trial)
      .Int(batch.attempt)
      .Texts(metrics)
      .Reals(steps)
      .Times(times)
      .Texts(texts)
      .Reals(encoded.numbers)
      .Run();
  return {};
}

}  // namespace hone::postgres
