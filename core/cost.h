// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "core/state.h"

/// What an experiment with `spec.cost` has spent, and what it can still do.
namespace hone {

/// Starts of trials so far, and the time of attempts that are over or running. 0 without spec.cost.
double CostAt(const ExperimentState& state, Timestamp now);

/// How many more trials can be started, by what is known to be spent; nothing: money is no limit.
std::optional<std::uint32_t> AffordableTrials(const ExperimentState& state);

/// Whether time that is paid by the hour has used up the money.
bool MoneyIsUp(const ExperimentState& state, Timestamp now);

/// When that will be, if what runs goes on running; nothing: there is no such moment.
std::optional<Timestamp> MoneyUpAt(const ExperimentState& state);

}  // namespace hone
