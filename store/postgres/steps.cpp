// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/steps.h"

#include <utility>

#include "store/checks.h"

namespace hone::postgres {
namespace {

// The rest of the row is for the step, which finds it at version 0.
constexpr char kCreateExperiment[] =
    "INSERT INTO experiments (owner_epoch, id, namespace, name, created_at, version, phase, "
    "reason, algorithm, objective, trials, running, succeeded, failed, best_trial, best_value) "
    "VALUES ($1, $2, $3, $4, $5, 0, '', '', '', '', 0, 0, 0, 0, '', '') "
    "ON CONFLICT DO NOTHING RETURNING key";

// What was deleted lives again: the key stays, since other connections remember it.
constexpr char kRevive[] =
    "UPDATE experiments SET owner_epoch = $1, namespace = $2, name = $3, created_at = $4, "
    "version = 0, deleted = 0 WHERE key = $5 AND NOT EXISTS (SELECT 1 FROM experiments "
    "WHERE namespace = $2 AND name = $3 AND deleted = 0)";

constexpr char kAddTrials[] =
    "INSERT INTO trials (trial, name, phase, attempt, parameters, metrics, objective, "
    "objective_number, ending, message, created_at, started_at, ended_at) "
    "SELECT trial, name, phase, attempt, parameters, metrics, objective, objective_number, ending, "
    "message, created_at, started_at, ended_at FROM unnest($1::trials[])";

Status Alone(Connection& connection, const Group& group) {
  return group.Judge(group.RunInside(connection)).front();
}

Status Advance(Connection& connection, const EncodedStep& step) {
  Group group;
  Status refusal;
  return group.AddStep(connection, step, refusal) == Group::Fit::kRefused
             ? refusal
             : Alone(connection, group);
}

Status Create(Connection& connection, const EncodedStep& step) {
  const ExperimentRow& row = step.projection.experiment;
  if (connection.KeyOf(step.experiment)) {
    return tl::make_unexpected(store::Moved(step.experiment, 0, step.epoch));
  }
  const Rows created = Use(connection, kCreateExperiment)
                           .Unsigned(step.epoch)
                           .Text(step.experiment.text)
                           .Text(row.name_space)
                           .Text(row.name)
                           .Time(row.created_at)
                           .Run();
  if (created.Count() == 0) {
    return tl::make_unexpected(store::NameTaken(row.name_space, row.name));
  }
  connection.RememberKey(step.experiment, created.GetInt(0, 0));
  return Advance(connection, step);
}

/// @returns false: no deleted experiment has this UID. Its last event goes: it is deleted no more.
/// @errors kAlreadyExists
Result<bool> Revive(Connection& connection, const EncodedStep& step) {
  const Rows found =
      Use(connection, "SELECT key FROM experiments WHERE id = $1 AND deleted = 1 FOR UPDATE")
          .Text(step.experiment.text)
          .Run();
  if (found.Count() == 0) {
    return false;
  }
  const std::int64_t key = found.GetInt(0, 0);
  const ExperimentRow& row = step.projection.experiment;
  const std::int64_t revived = Use(connection, kRevive)
                                   .Unsigned(step.epoch)
                                   .Text(row.name_space)
                                   .Text(row.name)
                                   .Time(row.created_at)
                                   .Int(key)
                                   .Run()
                                   .Changed();
  if (revived != 1) {
    return tl::make_unexpected(store::NameTaken(row.name_space, row.name));
  }
  Use(connection, "DELETE FROM events WHERE experiment = $1").Int(key).Run();
  return true;
}

}  // namespace

Status ApplyStep(Connection& connection, const EncodedStep& step) {
  return step.expected == 0 ? Create(connection, step) : Advance(connection, step);
}

Status ApplyAdoption(Connection& connection, const EncodedStep& step,
                     const std::vector<EncodedBatch>& batches) {
  HONE_ASSIGN_OR_RETURN(const bool revived, Revive(connection, step));
  HONE_RETURN_IF_ERROR(revived ? Advance(connection, step) : ApplyStep(connection, step));
  for (const EncodedBatch& batch : batches) {
    HONE_RETURN_IF_ERROR(ApplyBatch(connection, batch));
  }
  return {};
}

void AddTrials(Connection& connection, std::int64_t key, const std::vector<TrialRow>& rows) {
  RowsText table;
  for (const TrialRow& row : rows) {
    AddTrial(table, key, row);
  }
  Use(connection, kAddTrials).Table(std::move(table)).Run();
}

Status ApplyBatch(Connection& connection, const EncodedBatch& batch) {
  Group group;
  Status refusal;
  return group.AddBatch(connection, batch, refusal) == Group::Fit::kRefused
             ? refusal
             : Alone(connection, group);
}

Status Apply(Connection& connection, const What& what) {
  if (const auto* function = std::get_if<std::function<Status(Connection&)>>(&what)) {
    return (*function)(connection);
  }
  Group group;
  Status refusal;
  const Group::Fit fit = group.Add(connection, what, refusal);
  if (fit == Group::Fit::kNotHere) {  // it creates its experiment, or is too large by itself
    return ApplyStep(connection, **std::get<std::shared_ptr<const Result<EncodedStep>>>(what));
  }
  return fit == Group::Fit::kRefused ? refusal : Alone(connection, group);
}

}  // namespace hone::postgres
