// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/projection.h"

/// Rows as both databases bind them: the one list of their columns outside the schemas.
namespace hone::store {

/// What an experiment's row says of its state, in the order of the table's columns from `phase` to
/// `best_value`. @param to  has Text and Int, which return it
template <class Binder>
Binder& BindState(Binder& to, const ExperimentRow& row) {
  return to.Text(row.phase)
      .Text(row.reason)
      .Text(row.algorithm)
      .Text(row.objective)
      .Int(row.trials)
      .Int(row.running)
      .Int(row.succeeded)
      .Int(row.failed)
      .Text(row.best_trial)
      .Text(row.best_value);
}

/// A trial's row, from `name` to `ended_at`. @param to  has Real and Time, too
template <class Binder>
Binder& BindTrial(Binder& to, const TrialRow& row) {
  return to.Text(row.name)
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
      .Time(row.ended_at);
}

}  // namespace hone::store
