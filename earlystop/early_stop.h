// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/event.h"
#include "core/input.h"
#include "core/spec.h"
#include "earlystop/stopper.h"

namespace hone {

/// The rule of one experiment at work: follows the ledger and the reports of the trials that run,
/// and puts verdicts as inputs for Decide.
/// A verdict is a function of the ledger up to it and of the curve up to its report. Both are
/// stored, so that it can be reached again: after a restart, and by `hone replay`.
/// @threads  none of its own; like a container
class EarlyStop {
 public:
  /// @param spec  checked; with spec.earlyStopping
  /// @errors kInvalidArgument: the rule or its settings are not known to this version
  static Result<std::unique_ptr<EarlyStop>> Create(const ExperimentSpec& spec);

  /// The metric whose reports it wants.
  [[nodiscard]] const std::string& metric() const { return metric_; }

  /// The next event of the ledger.
  void Observe(const Recorded& recorded);
  /// The next report of an attempt. Those of attempts that are not under way, by what was observed,
  /// are ignored. @param number  from 1; reports that are known already are ignored
  /// @returns whether it was news
  bool Add(TrialNumber trial, Attempt attempt, std::size_t number, std::string_view text);

  /// What the latest report of a trial means: a verdict, if any, then rung results. In this order,
  /// what a verdict was based on stands in the ledger before it, and nothing else.
  [[nodiscard]] std::vector<Input> Judge(TrialNumber trial) const;

  [[nodiscard]] const Stopper& stopper() const { return *stopper_; }

 private:
  struct Running {
    Attempt attempt = 0;
    bool stopping = false;  // it was asked to end
    Curve curve;
  };

  EarlyStop(std::string rule, std::string metric, double sign, std::unique_ptr<Stopper> stopper);
  struct Observer;

  std::string rule_;
  std::string metric_;
  double sign_;  // -1: the metric is maximised
  std::unique_ptr<Stopper> stopper_;
  std::map<TrialNumber, Running> running_;
};

/// The metric that the rule of an experiment follows; empty: it has none.
std::string EarlyStopMetric(const ExperimentSpec& spec);

}  // namespace hone
