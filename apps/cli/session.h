// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/cli/config.h"
#include "base/result.h"
#include "core/projection.h"
#include "core/state.h"
#include "store/store.h"

namespace hone::cli {

/// A trial with the state of its experiment.
struct LocatedTrial {
  ExperimentState experiment;
  TrialNumber number = 0;

  [[nodiscard]] const TrialState& trial() const { return *experiment.Find(number); }
  [[nodiscard]] TrialId id() const { return {experiment.id, number}; }
};

/// A data folder opened for reading; works beside an engine. A folder where nothing was run yet is
/// an empty one.
class Session {
 public:
  /// @errors those of the store
  static Result<Session> Open(const Config& config);

  /// Newest first.
  [[nodiscard]] Result<std::vector<ExperimentRow>> List() const;
  /// @errors kNotFound, with the nearest name there is
  [[nodiscard]] Result<ExperimentRow> Find(const std::string& name) const;
  [[nodiscard]] Result<ExperimentState> Load(const std::string& name) const;
  [[nodiscard]] Result<ExperimentState> Load(const ExperimentId& id) const;
  [[nodiscard]] Result<std::vector<Recorded>> ReadLedger(const ExperimentId& id) const;
  /// By the trial's name. @errors kNotFound, with the nearest name of the latest experiments
  [[nodiscard]] Result<LocatedTrial> FindTrial(const std::string& trial_name) const;
  [[nodiscard]] bool HasTrial(const std::string& trial_name) const;

  /// Only after something was found: there is a store then.
  [[nodiscard]] Store& store() const { return *store_; }
  /// Whether anything was ever run here.
  [[nodiscard]] bool HasStore() const { return store_ != nullptr; }

 private:
  /// The error for a name that no trial has.
  [[nodiscard]] Result<LocatedTrial> NoTrial(const std::string& trial_name) const;
  Session(Config config, std::unique_ptr<Store> store);

  Config config_;
  std::unique_ptr<Store> store_;  // null: there is no data file
};

}  // namespace hone::cli
