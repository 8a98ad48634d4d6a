// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/objective.h"
#include "earlystop/stopper.h"

namespace api::v1::beta1 {
class EarlyStoppingSpec;
class GetEarlyStoppingRulesReply;
class GetEarlyStoppingRulesRequest;
class ObjectiveSpec;
}  // namespace api::v1::beta1

namespace hone {

/// What a trial reported for a metric, as texts, oldest first.
using TrialLog = std::function<Result<std::vector<std::string>>(const std::string& trial_name,
                                                                const std::string& metric)>;

/// A rule of early stopping as Katib's service tells it: a bar that new trials take with them.
/// What it knows is a cache: a function of the requests' trials and their logs.
/// @threads  one at a time
class StandingRules {
 public:
  /// @errors kInvalidArgument: all that is wrong with the rule and its settings; also of rules of
  ///         hone's that judge trials against each other while they run, which no bar can say
  static Status Check(const api::v1::beta1::EarlyStoppingSpec& spec);
  /// @errors as Check, and the objective
  static Result<std::unique_ptr<StandingRules>> Create(
      const api::v1::beta1::EarlyStoppingSpec& spec,
      const api::v1::beta1::ObjectiveSpec& objective);

  /// Reads the logs of trials that succeeded since the last request. @param reply  gets one rule,
  /// or none while too few trials have succeeded
  /// @errors the log's; what was learnt until then is kept
  Status Answer(const api::v1::beta1::GetEarlyStoppingRulesRequest& request, const TrialLog& log,
                api::v1::beta1::GetEarlyStoppingRulesReply& reply);

 private:
  StandingRules(Objective objective, std::unique_ptr<Stopper> stopper);

  Status Learn(const std::string& trial_name, const TrialLog& log);

  Objective objective_;
  std::unique_ptr<Stopper> stopper_;
  std::set<std::string> learnt_;  // names of trials
};

}  // namespace hone
