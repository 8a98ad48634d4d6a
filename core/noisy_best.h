// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>
#include <span>

#include "core/observation.h"
#include "core/state.h"

namespace hone {

/// A result that is not in the experiment's state yet.
struct NoisyResult {
  TrialNumber trial = 0;
  double budget = 0;
  Observation observation;  ///< without an objective: the trial has no result any more
};

/// As a budget, of a trial that was stopped early: below all others.
inline constexpr double kStoppedEarly = -std::numeric_limits<double>::infinity();

/// The best trial of an experiment whose objective is noisy. A single lucky result is not what a
/// user wants: what counts of a configuration is the mean of its trials, plus one standard error
/// while these are few, s / sqrt(n), where s is what repeated trials of one configuration differ by
/// (nothing, as long as none was repeated). Of the configuration for which that is lowest, the best
/// trial is the one nearest to the mean, so that its own value says what to expect. Trials with a
/// smaller budget than others and those that do not keep the constraints are left out of account,
/// and those that were stopped early as long as there are others.
/// @param fresh  what comes after the state
/// @returns  nothing: no trial has a number, or the objective is not noisy
/// @cost     O(trials)
std::optional<TrialNumber> BestOfNoisy(const ExperimentState& state,
                                       std::span<const NoisyResult> fresh);

}  // namespace hone
