// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/event.h"
#include "core/input.h"
#include "core/spec.h"
#include "earlystop/front_rule.h"
#include "earlystop/report.h"
#include "earlystop/stopper.h"
#include "earlystop/told_rules.h"

namespace hone {

/// The rule of one experiment at work, or those that a service gave its trials: follows the ledger
/// and the reports of the trials that run, and puts verdicts as inputs for Decide. A verdict is a
/// function of the ledger up to it and of the curve up to its report. Both are stored, so that it
/// can be reached again: after a restart, and by `hone replay`.
/// @threads  none of its own; like a container
class EarlyStop {
 public:
  /// @param spec  checked; with spec.earlyStopping
  /// @errors kInvalidArgument: the rule or its settings are not known to this version
  static Result<std::unique_ptr<EarlyStop>> Create(const ExperimentSpec& spec);

  /// The next event of the ledger.
  void Observe(const Recorded& recorded);
  /// The next report of an attempt. Those of attempts that are not under way, by what was observed,
  /// are ignored. @param number  from 1; reports that are known already are ignored
  /// @param report  one text for each of EarlyStopMetrics
  /// @returns whether it was news
  bool Add(TrialNumber trial, Attempt attempt, std::size_t number, const MetricReport& report);

  /// What the latest report of a trial means: a verdict, if any, then rung results. In this order,
  /// what a verdict was based on stands in the ledger before it, and nothing else.
  [[nodiscard]] std::vector<Input> Judge(TrialNumber trial) const;

 private:
  struct Running {
    Attempt attempt = 0;
    bool stopping = false;        // it was asked to end
    std::size_t reports = 0;      // that were told
    bool from_zero = false;       // by steps: the first one was 0
    std::vector<Curve> curves{};  // one for each metric, of equal length
  };

  EarlyStop(std::string rule, std::vector<double> signs);
  struct Observer;
  static std::optional<std::size_t> TakePlace(Running& trial, const std::optional<double>& step);
  [[nodiscard]] std::vector<Input> JudgeFronts(TrialNumber trial, const Running& running) const;
  [[nodiscard]] Losses Own(Losses losses) const;

  std::string rule_;
  std::vector<double> signs_;          // of each metric; -1: it is maximised
  bool by_steps_ = false;              // count_by
  std::unique_ptr<Stopper> stopper_;   // of one objective
  std::unique_ptr<FrontRule> fronts_;  // of several
  std::unique_ptr<ToldRules> told_;    // of a service; one of the three is there
  std::map<TrialNumber, Running> running_;
};

/// The metrics that the rule of an experiment follows: one, or all objectives if there are several,
/// or all that is collected, each by itself, if the rules are a service's.
FollowedMetrics EarlyStopMetrics(const ExperimentSpec& spec);

}  // namespace hone
