// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/state.h"

namespace hone {

/// An experiment as an object of Katib's shape: apiVersion, kind, metadata, spec (the user's
/// document with defaults and the present budget) and status (Katib's conditions, lists and counts;
/// empty ones are left out). hone's own words stand under status.hone.
/// Differs from Katib: a restarted experiment's Restarting condition turns False when it runs
/// again; a suspended one has Running False with the reason ExperimentSuspended or
/// ExperimentParked.
/// @param state  of an experiment that was created; @cost O(trials)
nlohmann::json ExperimentObject(const ExperimentState& state);

/// A trial as an object of Katib's shape, without its runSpec (RenderTrial makes that).
/// Differs from Katib: a trial that was stopped early has ended, so its Running condition is False
/// and it has a completionTime.
/// @param trial  of this state, neither reserved nor withdrawn
nlohmann::json TrialObject(const ExperimentState& state, const TrialState& trial);

/// {"items": [...]} of all trials that exist, in the order of their numbers.
nlohmann::json TrialList(const ExperimentState& state);

}  // namespace hone
