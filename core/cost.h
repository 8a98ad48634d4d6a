// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "core/state.h"

/// What an experiment with `spec.cost` has spent, and what it can still do.
namespace hone {

/// What a start of a trial is to train: its budget, less what the checkpoint that it starts from
/// has behind it, its own or its parent's. A trial that starts from zero pays for all of it. 0
/// without a budget.
double BudgetToTrain(const ExperimentState& state, const TrialState& trial);

/// Starts of trials so far, what they were to train, and the time of attempts that are over or
/// running. 0 without spec.cost.
double CostAt(const ExperimentState& state, Timestamp now);

/// How many more trials can be started, by what is known to be spent; nothing: money is no limit.
std::optional<std::uint32_t> AffordableTrials(const ExperimentState& state);

/// Whether time that is paid by the hour has used up the money.
bool MoneyIsUp(const ExperimentState& state, Timestamp now);

/// When that will be, if what runs goes on running; nothing: there is no such moment.
std::optional<Timestamp> MoneyUpAt(const ExperimentState& state);

}  // namespace hone
