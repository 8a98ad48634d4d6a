// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "store/observation_logs.h"
#include "store/store.h"

namespace hone {

/// What trials of hone's own experiments reported, as Katib's DBManager tells it: of the last
/// attempt, and at Katib's year 1 if a line had no time. All else is of another store of logs.
/// @threads  safe, as the stores behind it
class TrialLogs final : public ObservationLogs {
 public:
  /// Whether trials of an experiment may be told of. Empty: those of all.
  using Admits = std::function<bool(const ExperimentId&)>;

  /// @param store   of the experiments; outlives this
  /// @param others  for trials that are not hone's; outlives this. Null: there are none, and
  /// nothing is taken
  explicit TrialLogs(Store& store, ObservationLogs* others, Admits admits = {})
      : store_(store), others_(others), admits_(std::move(admits)) {}

  void Report(std::string trial, std::vector<LoggedMetric> metrics, Done done) override;
  Result<std::vector<LoggedMetric>> Get(const LogQuery& query) override;
  void Delete(std::string trial, Done done) override;
  Status Check() override;

 private:
  Store& store_;
  ObservationLogs* others_;
  Admits admits_;
};

}  // namespace hone
