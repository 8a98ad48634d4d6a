// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/spec.h"

namespace hone::test {

/// What differs between the small experiments of tests.
struct ExperimentOptions {
  std::string name = "sim";
  std::string algorithm = "random";
  std::string settings = {};  ///< JSON list of algorithmSettings; empty: none
  std::string direction = "maximize";
  std::optional<int> max_trials = 12;
  int parallel = 3;
  std::optional<int> max_failed = {};
  std::optional<double> goal = {};
  std::string resume_policy = "Never";
  int max_retries = 0;
  std::string max_duration = {};    ///< empty: none
  std::string initial_trials = {};  ///< JSON list; empty: none
  std::string further = {};         ///< JSON list of additionalObjectives; empty: none
  std::string early_stopping = {};  ///< JSON of spec.earlyStopping; empty: none
  std::string collector = {};       ///< JSON of spec.metricsCollectorSpec; empty: none
  std::uint64_t seed = 7;
  std::string command = R"(["true"])";  ///< JSON list
  std::string more = {};                ///< JSON object put into spec; empty: nothing
};

/// A Katib document with parameters lr (double, log), layers (int) and opt (categorical), objective
/// "acc".
std::string ExperimentDocument(const ExperimentOptions& options);
/// The same decoded; it is checked to be free of errors.
ExperimentSpec MakeSpec(const ExperimentOptions& options);

}  // namespace hone::test
