// SPDX-License-Identifier: Apache-2.0
#include "earlystop/early_stop.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "earlystop/registry.h"

namespace hone {
namespace {

constexpr std::string_view kMetricSetting = "metric";

std::optional<double> FiniteNumber(std::string_view text) {
  const auto number = ParseDouble(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

}  // namespace

std::string EarlyStopMetric(const ExperimentSpec& spec) {
  if (!spec.early_stopping) {
    return {};
  }
  const std::vector<Setting>& settings = spec.early_stopping->settings;
  const auto found = std::ranges::find(settings, kMetricSetting, &Setting::name);
  return found == settings.end() ? spec.objective.metric : found->value;
}

EarlyStop::EarlyStop(std::string rule, std::string metric, double sign,
                     std::unique_ptr<Stopper> stopper)
    : rule_(std::move(rule)),
      metric_(std::move(metric)),
      sign_(sign),
      stopper_(std::move(stopper)) {}

Result<std::unique_ptr<EarlyStop>> EarlyStop::Create(const ExperimentSpec& spec) {
  const AlgorithmSpec chosen = spec.early_stopping.value_or(AlgorithmSpec{});
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
  HONE_ASSIGN_OR_RETURN(auto stopper, info->create({settings, spec.objective}));
  const double sign = spec.objective.direction == Direction::kMinimize ? 1.0 : -1.0;
  return std::unique_ptr<EarlyStop>(
      new EarlyStop(chosen.name, EarlyStopMetric(spec), sign, std::move(stopper)));
}

/// One overload for each kind that says something about attempts.
struct EarlyStop::Observer {
  EarlyStop& self;

  void operator()(const event::TrialLaunched& e) const {
    self.running_.insert_or_assign(e.trial, Running{e.attempt, false, {}});
  }
  void operator()(const event::TrialReported& e) const {
    self.stopper_->Reached(e.trial, {e.budget, self.sign_ * e.value});
  }
  void operator()(const event::TrialStopRequested& e) const {
    if (const auto found = self.running_.find(e.trial); found != self.running_.end()) {
      found->second.stopping = true;
    }
  }
  void operator()(const event::TrialRequeued& e) const {
    self.stopper_->Again(e.trial);
    self.running_.erase(e.trial);
  }
  void operator()(const event::TrialSucceeded& e) const {
    if (const auto found = self.running_.find(e.outcome.trial); found != self.running_.end()) {
      self.stopper_->Finished(e.outcome.trial, found->second.curve);
      self.running_.erase(found);
    }
  }
  void operator()(const event::TrialPaused& e) const { self.running_.erase(e.trial); }
  void operator()(const event::TrialFailed& e) const { self.running_.erase(e.outcome.trial); }
  void operator()(const event::TrialEarlyStopped& e) const { self.running_.erase(e.outcome.trial); }
  void operator()(const event::TrialKilled& e) const { self.running_.erase(e.outcome.trial); }
  template <class Other>
  void operator()(const Other& /*event*/) const {}
};

void EarlyStop::Observe(const Recorded& recorded) {
  std::visit(Observer{*this}, recorded.event);
}

bool EarlyStop::Add(TrialNumber trial, Attempt attempt, std::size_t number, std::string_view text) {
  const auto found = running_.find(trial);
  if (found == running_.end() || found->second.attempt != attempt ||
      number != found->second.curve.count() + 1) {
    return false;
  }
  const auto value = FiniteNumber(text);
  found->second.curve.Add(value ? std::optional(sign_ * *value) : std::nullopt);
  return true;
}

std::vector<Input> EarlyStop::Judge(TrialNumber trial) const {
  const auto found = running_.find(trial);
  if (found == running_.end() || found->second.stopping || found->second.curve.count() == 0 ||
      found->second.curve.IsBeyond()) {
    return {};
  }
  const auto& [attempt, stopping, curve] = found->second;
  const Judgement judgement = stopper_->Judge(trial, curve);
  std::vector<Input> inputs;
  if (judgement.stop) {
    const StopVerdict& stop = *judgement.stop;
    inputs.emplace_back(input::Verdict{trial, attempt, false, rule_ + ": " + stop.reason,
                                       event::Ruling{rule_, curve.count(), stop.value, stop.bar}});
  }
  for (const Rung& rung : judgement.rungs) {
    inputs.emplace_back(input::RungResult{trial, attempt, rung.level, sign_ * rung.value});
  }
  return inputs;
}

}  // namespace hone
