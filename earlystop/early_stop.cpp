// SPDX-License-Identifier: Apache-2.0
#include "earlystop/early_stop.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "core/remote_service.h"
#include "earlystop/registry.h"
#include "earlystop/units.h"

namespace hone {
namespace {

constexpr std::string_view kMetricSetting = "metric";

double SignOf(Direction direction) {
  return direction == Direction::kMinimize ? 1.0 : -1.0;
}

std::optional<double> FiniteNumber(std::string_view text) {
  const auto number = ParseDouble(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

}  // namespace

FollowedMetrics EarlyStopMetrics(const ExperimentSpec& spec) {
  if (!spec.early_stopping) {
    return {};
  }
  if (RemoteEarlyStopping(spec)) {
    return {.names = spec.objective.MetricNames(), .one_by_one = true};
  }
  std::vector<std::string> metrics{spec.objective.metric};
  if (spec.objective.Count() > 1) {
    for (const FurtherObjective& further : spec.objective.further) {
      metrics.push_back(further.metric);
    }
    return {.names = std::move(metrics)};
  }
  const std::vector<Setting>& settings = spec.early_stopping->settings;
  if (const auto found = std::ranges::find(settings, kMetricSetting, &Setting::name);
      found != settings.end()) {
    metrics.front() = found->value;
  }
  return {.names = std::move(metrics)};
}

EarlyStop::EarlyStop(std::string rule, std::vector<double> signs)
    : rule_(std::move(rule)), signs_(std::move(signs)) {}

Result<std::unique_ptr<EarlyStop>> EarlyStop::Create(const ExperimentSpec& spec) {
  const AlgorithmSpec chosen = spec.early_stopping.value_or(AlgorithmSpec{});
  if (RemoteEarlyStopping(spec)) {
    std::unique_ptr<EarlyStop> told(new EarlyStop(chosen.name, {}));
    told->told_ = std::make_unique<ToldRules>(chosen.name, spec.objective);
    return told;
  }
  const StopperInfo* info = StopperRegistry::Instance().Find(chosen.name);
  if (info == nullptr) {
    return Fail(Code::kInvalidArgument, "there is no early stopping \"" + chosen.name + "\"",
                "spec.earlyStopping.algorithmName");
  }
  Problems problems;
  const Settings settings = CheckSettings(info->settings, chosen.settings,
                                          "spec.earlyStopping.algorithmSettings", problems);
  if (problems.HasErrors()) {
    const Problem& first = problems.list().front();
    return Fail(Code::kInvalidArgument, first.message, first.field);
  }
  const Objective& objective = spec.objective;
  if (objective.Count() > 1 && info->create_for_several == nullptr) {
    return Fail(Code::kInvalidArgument, "the rule judges one objective",
                "spec.earlyStopping.algorithmName");
  }
  std::vector<double> signs{SignOf(objective.direction)};
  for (const FurtherObjective& further : objective.further) {
    signs.push_back(SignOf(further.direction));
  }
  std::unique_ptr<EarlyStop> rule(new EarlyStop(chosen.name, std::move(signs)));
  rule->by_steps_ = settings.Has(kCountBy) && settings.Text(kCountBy) == kBySteps;
  if (objective.Count() > 1) {
    HONE_ASSIGN_OR_RETURN(rule->fronts_, info->create_for_several({settings, objective}));
  } else {
    HONE_ASSIGN_OR_RETURN(rule->stopper_, info->create({settings, objective}));
  }
  return rule;
}

/// One overload for each kind that says something about attempts.
struct EarlyStop::Observer {
  EarlyStop& self;

  void operator()(const event::TrialLaunched& e) const {
    Running running{.attempt = e.attempt};
    running.curves.resize(self.signs_.size());
    self.running_.insert_or_assign(e.trial, std::move(running));
  }
  void operator()(const event::TrialReported& e) const {
    if (self.fronts_ == nullptr) {
      return self.stopper_->Reached(e.trial, {e.budget, self.signs_.front() * e.value});
    }
    Losses losses{e.value};
    losses.insert(losses.end(), e.further.begin(), e.further.end());
    if (losses.size() == self.signs_.size()) {
      self.fronts_->Reached(e.trial, {e.budget, self.Own(std::move(losses))});
    }
  }
  void operator()(const event::TrialStopRequested& e) const {
    if (const auto found = self.running_.find(e.trial); found != self.running_.end()) {
      found->second.stopping = true;
    }
  }
  void operator()(const event::TrialRequeued& e) const {
    self.fronts_ == nullptr ? self.stopper_->Again(e.trial) : self.fronts_->Again(e.trial);
    self.running_.erase(e.trial);
  }
  void operator()(const event::TrialSucceeded& e) const {
    if (const auto found = self.running_.find(e.outcome.trial); found != self.running_.end()) {
      const std::vector<Curve>& curves = found->second.curves;
      self.fronts_ == nullptr ? self.stopper_->Finished(e.outcome.trial, curves.front())
                              : self.fronts_->Finished(e.outcome.trial, curves);
      self.running_.erase(found);
    }
  }
  void operator()(const event::TrialPaused& e) const { self.running_.erase(e.outcome.trial); }
  void operator()(const event::TrialFailed& e) const { self.running_.erase(e.outcome.trial); }
  void operator()(const event::TrialEarlyStopped& e) const { self.running_.erase(e.outcome.trial); }
  void operator()(const event::TrialKilled& e) const { self.running_.erase(e.outcome.trial); }
  template <class Other>
  void operator()(const Other& /*event*/) const {}
};

void EarlyStop::Observe(const Recorded& recorded) {
  if (told_ != nullptr) {
    return told_->Observe(recorded.event);
  }
  std::visit(Observer{*this}, recorded.event);
}

/// By steps: where a report stands, from 1; one that told no step follows the last one. What was
/// not told in between is filled in. Nothing: its step is not beyond the last one, so that it is
/// told once more, or too late.
std::optional<std::size_t> EarlyStop::TakePlace(Running& trial, const std::optional<double>& step) {
  const std::size_t last = trial.curves.front().count();
  trial.from_zero = trial.from_zero || (last == 0 && step && *step < 1);
  const double wanted = step ? *step + (trial.from_zero ? 1 : 0) : static_cast<double>(last + 1);
  const auto place =
      static_cast<std::size_t>(std::clamp(wanted, 0.0, static_cast<double>(Curve::kMost + 1)));
  if (place <= last) {
    return std::nullopt;
  }
  for (std::size_t i = last + 1; i < place; ++i) {
    for (Curve& curve : trial.curves) {
      curve.Add(std::nullopt);
    }
  }
  return place;
}

bool EarlyStop::Add(TrialNumber trial, Attempt attempt, std::size_t number,
                    const MetricReport& report) {
  if (told_ != nullptr) {
    return told_->Add(trial, attempt, number, report);
  }
  const auto found = running_.find(trial);
  if (found == running_.end() || found->second.attempt != attempt ||
      number != found->second.reports + 1 || report.texts.size() != signs_.size()) {
    return false;
  }
  Running& running = found->second;
  ++running.reports;
  if (by_steps_ && !TakePlace(running, report.step)) {
    return true;
  }
  for (std::size_t i = 0; i < signs_.size(); ++i) {
    const auto value = FiniteNumber(report.texts[i]);
    running.curves[i].Add(value ? std::optional(signs_[i] * *value) : std::nullopt);
  }
  return true;
}

/// Between the signs of the rules, which minimise, and those of the user.
Losses EarlyStop::Own(Losses losses) const {
  for (std::size_t i = 0; i < losses.size(); ++i) {
    losses[i] *= signs_[i];
  }
  return losses;
}

std::vector<Input> EarlyStop::JudgeFronts(TrialNumber trial, const Running& running) const {
  const FrontJudgement judgement = fronts_->Judge(trial, running.curves);
  std::vector<Input> inputs;
  if (judgement.stop) {
    const FrontVerdict& stop = *judgement.stop;
    inputs.emplace_back(
        input::Verdict{trial, running.attempt, false, rule_ + ": " + stop.reason,
                       event::Ruling{rule_, running.reports, static_cast<double>(stop.front),
                                     static_cast<double>(stop.bar)}});
  }
  for (const FrontRung& rung : judgement.rungs) {
    Losses own = Own(rung.losses);
    inputs.emplace_back(input::RungResult{
        trial, running.attempt, rung.level, own.front(), {own.begin() + 1, own.end()}});
  }
  return inputs;
}

std::vector<Input> EarlyStop::Judge(TrialNumber trial) const {
  if (told_ != nullptr) {
    const auto verdict = told_->Judge(trial);
    return verdict ? std::vector<Input>{*verdict} : std::vector<Input>();
  }
  const auto found = running_.find(trial);
  if (found == running_.end() || found->second.stopping) {
    return {};
  }
  const Running& running = found->second;
  const Curve& curve = running.curves.front();
  if (curve.count() == 0 || curve.IsBeyond()) {
    return {};
  }
  if (fronts_ != nullptr) {
    return JudgeFronts(trial, running);
  }
  const Judgement judgement = stopper_->Judge(trial, curve);
  std::vector<Input> inputs;
  if (judgement.stop) {
    const StopVerdict& stop = *judgement.stop;
    inputs.emplace_back(
        input::Verdict{trial, running.attempt, false, rule_ + ": " + stop.reason,
                       event::Ruling{rule_, running.reports, stop.value, stop.bar}});
  }
  for (const Rung& rung : judgement.rungs) {
    inputs.emplace_back(
        input::RungResult{trial, running.attempt, rung.level, signs_.front() * rung.value, {}});
  }
  return inputs;
}

}  // namespace hone
