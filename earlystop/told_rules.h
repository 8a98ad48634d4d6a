// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/input.h"
#include "core/objective.h"
#include "core/stop_rule.h"
#include "earlystop/report.h"

namespace hone {

/// The rules that an early-stopping service gave each trial, at work as in Katib's collector: a
/// rule is met for good once its metric's value stands to the rule's as it says, and a trial whose
/// rules are all met is stopped. Of the objective the best value so far counts, of other metrics
/// the latest. A verdict is a function of the ledger up to it and of the attempt's reports up to
/// its own.
/// @source  Katib v1beta1's file collector; differs in that a rule is judged from its start step
///          on, and not at exactly that report
/// @threads  none of its own; like a container
class ToldRules {
 public:
  /// @param service  the rule's name for people: what the experiment asks the service for
  ToldRules(std::string service, const Objective& objective);

  void Observe(const Event& event);
  /// As EarlyStop::Add, of one metric. @returns whether it was news
  bool Add(TrialNumber trial, Attempt attempt, std::size_t number, const MetricReport& report);
  [[nodiscard]] std::optional<input::Verdict> Judge(TrialNumber trial) const;

 private:
  /// A rule that is met, and what met it.
  struct Met {
    double value = 0;
    double bar = 0;
    std::string words;
  };
  struct Running {
    Attempt attempt = 0;
    bool stopping = false;
    std::size_t reports = 0;
    std::map<std::string, std::size_t> counts{};  // of reports, by metric
    std::optional<double> best{};                 // of the objective
    std::vector<std::optional<Met>> met{};        // by rule
  };
  struct Observer;

  void Check(const std::vector<StopRule>& rules, Running& running, const std::string& metric,
             double latest) const;
  [[nodiscard]] Met Describe(const StopRule& rule, double value, std::size_t report) const;

  std::string service_;
  std::vector<std::string> metrics_;                    // the objective first
  bool least_;                                          // the objective is minimised
  std::map<TrialNumber, std::vector<StopRule>> rules_;  // of trials that are not over
  std::map<TrialNumber, Running> running_;
};

}  // namespace hone
