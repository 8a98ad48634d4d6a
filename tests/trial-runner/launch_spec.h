// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "trial-runner/trial_runner.h"

namespace hone::testing {

/// A launch of the first attempt of a trial.
inline LaunchSpec SpecOf(const TrialId& id, std::string run_object) {
  LaunchSpec spec;
  spec.id = id;
  spec.experiment_name = "bench";
  spec.name_space = "default";
  spec.trial_name = "bench-" + std::to_string(id.number);
  spec.run_object = std::move(run_object);
  spec.primary_container = "main";
  spec.parameters = R"({"lr":0.01})";
  return spec;
}

}  // namespace hone::testing
