// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/state.h"

namespace hone {

/// The row of an experiment that lists show and people read in the database.
struct ExperimentRow {
  ExperimentId id;
  std::string name_space;
  std::string name;
  Version version = 0;
  std::string phase;   ///< PhaseWord
  std::string reason;  ///< Katib's condition reason
  std::string algorithm;
  std::string objective;  ///< metric name
  std::int64_t trials = 0;
  std::int64_t running = 0;
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;  ///< failed and metrics unavailable
  std::string best_trial;   ///< name; empty if none
  std::string best_value;   ///< text
  Timestamp created_at;
  Timestamp ended_at;  ///< default value: not ended
  bool operator==(const ExperimentRow&) const = default;
};

/// The row of a trial, for the same readers. `parameters` and `metrics` are JSON.
struct TrialRow {
  TrialNumber number = 0;
  std::string name;
  std::string phase;
  Attempt attempt = 0;
  std::string parameters;  ///< {"lr":"0.01"}; inactive ones left out
  std::string metrics;     ///< EncodeObservation
  std::string objective;   ///< text of the objective's value; empty if none
  std::optional<double> objective_number;
  std::string ending;  ///< EndingWord if it ended badly, else empty
  std::string message;
  Timestamp created_at;
  Timestamp started_at;
  Timestamp ended_at;
  bool operator==(const TrialRow&) const = default;
};

struct Projection {
  ExperimentRow experiment;
  std::vector<TrialRow> trials;  ///< those that changed; a withdrawn or reserved number has no row
};

ExperimentRow ProjectExperiment(const ExperimentState& state);
TrialRow ProjectTrial(const ExperimentState& state, const TrialState& trial);
/// All rows of an experiment.
Projection ProjectAll(const ExperimentState& state);
/// The trial an event is about, if its row changes by it.
std::vector<TrialNumber> TouchedTrials(const Event& event);

}  // namespace hone
