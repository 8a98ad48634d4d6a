// SPDX-License-Identifier: Apache-2.0
#include "earlystop/server/standing_rules.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "api/proto/katib_v1beta1.pb.h"
#include "base/text.h"
#include "core/problem.h"
#include "core/settings.h"
#include "earlystop/registry.h"

namespace hone {
namespace {

namespace pb = ::api::v1::beta1;

constexpr char kNameField[] = "spec.earlyStopping.algorithmName";
constexpr char kSettingsField[] = "spec.earlyStopping.algorithmSettings";

std::vector<std::string> NamesThatStand() {
  std::vector<std::string> names;
  for (const StopperInfo* info : StopperRegistry::Instance().All()) {
    if (info->stands) {
      names.push_back(info->name);
    }
  }
  return names;
}

Result<const StopperInfo*> FindRule(const std::string& name) {
  const StopperInfo* const info = StopperRegistry::Instance().Find(name);
  if (info == nullptr) {
    return Fail(Code::kInvalidArgument,
                NoSuch("early stopping", name, StopperRegistry::Instance().Names()), kNameField);
  }
  if (!info->stands) {
    const std::vector<std::string> names = NamesThatStand();
    return Fail(Code::kInvalidArgument,
                info->name +
                    " judges trials against each other while they run, which Katib's rules cannot "
                    "say; use " +
                    Join(names, ", "),
                kNameField);
  }
  return info;
}

Result<Settings> ReadSettings(const StopperInfo& info, const pb::EarlyStoppingSpec& spec) {
  std::vector<Setting> given;
  for (const pb::EarlyStoppingSetting& setting : spec.algorithm_settings()) {
    given.push_back({setting.name(), setting.value()});
  }
  Problems problems;
  Settings settings = CheckSettings(info.settings, given, kSettingsField, problems);
  std::optional<Error> error;
  for (const Problem& problem : problems.list()) {
    if (problem.severity != Problem::Severity::kError) {
      continue;
    }
    if (!error) {
      error = Error{Code::kInvalidArgument, problem.message, problem.field};
    } else {
      error->message += "; " + problem.field + ": " + problem.message;
    }
  }
  if (error) {
    return tl::make_unexpected(*std::move(error));
  }
  return settings;
}

Result<Objective> ReadObjective(const pb::ObjectiveSpec& from) {
  if (from.type() != pb::MINIMIZE && from.type() != pb::MAXIMIZE) {
    return Fail(Code::kInvalidArgument, "must be minimize or maximize", "spec.objective.type");
  }
  if (from.objective_metric_name().empty()) {
    return Fail(Code::kInvalidArgument, "is required", "spec.objective.objectiveMetricName");
  }
  Objective objective;
  objective.direction = from.type() == pb::MINIMIZE ? Direction::kMinimize : Direction::kMaximize;
  objective.metric = from.objective_metric_name();
  return objective;
}

}  // namespace

Status StandingRules::Check(const pb::EarlyStoppingSpec& spec) {
  HONE_ASSIGN_OR_RETURN(const StopperInfo* const info, FindRule(spec.algorithm_name()));
  HONE_RETURN_IF_ERROR(ReadSettings(*info, spec));
  return {};
}

Result<std::unique_ptr<StandingRules>> StandingRules::Create(const pb::EarlyStoppingSpec& spec,
                                                             const pb::ObjectiveSpec& from) {
  HONE_ASSIGN_OR_RETURN(const StopperInfo* const info, FindRule(spec.algorithm_name()));
  HONE_ASSIGN_OR_RETURN(const Settings settings, ReadSettings(*info, spec));
  HONE_ASSIGN_OR_RETURN(Objective objective, ReadObjective(from));
  HONE_ASSIGN_OR_RETURN(auto stopper, info->create({settings, objective}));
  return std::unique_ptr<StandingRules>(
      new StandingRules(std::move(objective), std::move(stopper)));
}

StandingRules::StandingRules(Objective objective, std::unique_ptr<Stopper> stopper)
    : objective_(std::move(objective)), stopper_(std::move(stopper)) {}

Status StandingRules::Learn(const std::string& trial_name, const TrialLog& log) {
  HONE_ASSIGN_OR_RETURN(const std::vector<std::string> texts, log(trial_name, objective_.metric));
  if (texts.empty()) {
    return {};  // not reported yet: asked for again with the next request
  }
  const double sign = objective_.direction == Direction::kMinimize ? 1.0 : -1.0;
  Curve curve;
  for (std::size_t i = 0; i < std::min(texts.size(), Curve::kMost); ++i) {
    const std::optional<double> value = ParseDouble(Trim(texts[i]));
    curve.Add(value && std::isfinite(*value) ? std::optional(sign * *value) : std::nullopt);
  }
  learnt_.insert(trial_name);
  stopper_->Finished(static_cast<TrialNumber>(learnt_.size()), curve);
  return {};
}

Status StandingRules::Answer(const pb::GetEarlyStoppingRulesRequest& request, const TrialLog& log,
                             pb::GetEarlyStoppingRulesReply& reply) {
  for (const pb::Trial& trial : request.trials()) {
    if (trial.status().condition() == pb::TrialStatus::SUCCEEDED && !trial.name().empty() &&
        !learnt_.contains(trial.name())) {
      HONE_RETURN_IF_ERROR(Learn(trial.name(), log));
    }
  }
  const std::optional<StandingBar> bar = stopper_->Standing();
  if (!bar) {
    return {};
  }
  pb::EarlyStoppingRule& rule = *reply.add_early_stopping_rules();
  rule.set_name(objective_.metric);
  rule.set_value(FormatDouble(bar->value));
  rule.set_comparison(objective_.direction == Direction::kMinimize ? pb::GREATER : pb::LESS);
  rule.set_start_step(static_cast<std::int32_t>(bar->start_step));
  return {};
}

}  // namespace hone
