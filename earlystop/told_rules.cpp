// SPDX-License-Identifier: Apache-2.0
#include "earlystop/told_rules.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "earlystop/units.h"

namespace hone {
namespace {

std::optional<double> Finite(std::string_view text) {
  const auto number = ParseDouble(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

bool Holds(double value, Comparison comparison, double bar) {
  switch (comparison) {
    case Comparison::kEqual:
      return value == bar;
    case Comparison::kLess:
      return value < bar;
    case Comparison::kGreater:
      return value > bar;
  }
  return false;
}

std::string Words(Comparison comparison) {
  return comparison == Comparison::kEqual ? "equal to" : std::string(Word(comparison)) + " than";
}

}  // namespace

ToldRules::ToldRules(std::string service, const Objective& objective)
    : service_(std::move(service)),
      metrics_(objective.MetricNames()),
      least_(objective.direction == Direction::kMinimize) {}

/// One overload for each kind that says something about trials.
struct ToldRules::Observer {
  ToldRules& self;

  void operator()(const event::TrialProposed& e) const {
    if (auto rules = RulesOf(e.labels); !rules.empty()) {
      self.rules_[e.trial] = std::move(rules);
    }
  }
  void operator()(const event::TrialLaunched& e) const {
    if (const auto found = self.rules_.find(e.trial); found != self.rules_.end()) {
      Running running{.attempt = e.attempt};
      running.met.resize(found->second.size());
      self.running_.insert_or_assign(e.trial, std::move(running));
    }
  }
  void operator()(const event::TrialStopRequested& e) const {
    if (const auto found = self.running_.find(e.trial); found != self.running_.end()) {
      found->second.stopping = true;
    }
  }
  void operator()(const event::TrialRequeued& e) const { self.running_.erase(e.trial); }
  void operator()(const event::TrialPaused& e) const { self.running_.erase(e.outcome.trial); }
  void operator()(const event::TrialSucceeded& e) const { Over(e.outcome); }
  void operator()(const event::TrialFailed& e) const { Over(e.outcome); }
  void operator()(const event::TrialEarlyStopped& e) const { Over(e.outcome); }
  void operator()(const event::TrialKilled& e) const { Over(e.outcome); }
  template <class Other>
  void operator()(const Other& /*event*/) const {}

  void Over(const event::TrialOutcome& outcome) const {
    self.running_.erase(outcome.trial);
    self.rules_.erase(outcome.trial);
  }
};

void ToldRules::Observe(const Event& event) {
  std::visit(Observer{*this}, event);
}

bool ToldRules::Add(TrialNumber trial, Attempt attempt, std::size_t number,
                    const MetricReport& report) {
  const auto found = running_.find(trial);
  if (found == running_.end() || found->second.attempt != attempt ||
      number != found->second.reports + 1 || !report.of_metric || report.texts.empty()) {
    return false;
  }
  Running& running = found->second;
  ++running.reports;
  const std::string& metric = metrics_.at(*report.of_metric);
  ++running.counts[metric];
  const std::optional<double> value = Finite(report.texts.front());
  if (!value) {
    return true;
  }
  if (*report.of_metric == 0) {
    const double best = running.best.value_or(*value);
    running.best = least_ ? std::min(best, *value) : std::max(best, *value);
  }
  Check(rules_.at(trial), running, metric, *value);
  return true;
}

/// What a new value of a metric means for the rules about it.
void ToldRules::Check(const std::vector<StopRule>& rules, Running& running,
                      const std::string& metric, double latest) const {
  const double value = metric == metrics_.front() ? running.best.value_or(latest) : latest;
  const std::size_t report = running.counts[metric];
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::optional<double> bar = Finite(rules[i].value);
    if (rules[i].metric == metric && !running.met[i] && report >= rules[i].start_step && bar &&
        Holds(value, rules[i].comparison, *bar)) {
      running.met[i] = Describe(rules[i], value, report);
    }
  }
}

ToldRules::Met ToldRules::Describe(const StopRule& rule, double value, std::size_t report) const {
  std::string words = rule.metric + " = " + FormatDouble(value);
  words += rule.metric == metrics_.front() ? ", the best of " + CountOf(report, "report") + ","
                                           : " at its report " + std::to_string(report);
  words += " is " + Words(rule.comparison) + " " + rule.value;
  return {value, Finite(rule.value).value_or(0), std::move(words)};
}

std::optional<input::Verdict> ToldRules::Judge(TrialNumber trial) const {
  const auto found = running_.find(trial);
  if (found == running_.end() || found->second.stopping ||
      !std::ranges::all_of(found->second.met, [](const auto& met) { return met.has_value(); })) {
    return std::nullopt;
  }
  const Running& running = found->second;
  std::string words;
  for (const std::optional<Met>& met : running.met) {
    words += (words.empty() ? "" : ", and ") + met->words;
  }
  return input::Verdict{
      trial, running.attempt, false,
      service_ + ": " + words +
          (running.met.size() == 1 ? " (a rule of the service)" : " (rules of the service)"),
      event::Ruling{service_, running.reports, running.met.front()->value,
                    running.met.front()->bar}};
}

}  // namespace hone
