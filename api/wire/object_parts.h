// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "core/observation.h"
#include "core/state.h"

/// Pieces that experiment and trial objects share. Internal to api/wire.
namespace hone {

/// One of `status.conditions`.
struct ObjectCondition {
  std::string_view type;
  bool holds = true;
  std::string reason;
  std::string message;
  Timestamp at;  ///< of its last transition
};

nlohmann::json ConditionObject(const ObjectCondition& condition);
/// [{name, value}] of the active parameters, in the order of the space.
nlohmann::json AssignmentList(const ExperimentSpec& spec, const Assignment& values);
/// {metrics: [{name, min, max, latest}]}; the word "unavailable" for what is not known.
nlohmann::json ObservationObject(const Observation& observation);
/// Whether a number stands for a trial that people see.
inline bool Exists(const TrialState& trial) {
  return trial.phase != TrialPhase::kReserved && trial.phase != TrialPhase::kWithdrawn;
}

}  // namespace hone
