// SPDX-License-Identifier: Apache-2.0
#include "tests/suggestion/server/requests.h"

#include <algorithm>
#include <utility>

#include "algorithms/registry.h"
#include "base/clock.h"
#include "base/text.h"
#include "suggestion/server/request_parts.h"
#include "suggestion/server/study.h"

namespace hone::test {
namespace {

constexpr const char* kNames[] = {"x", "n", "kind"};

std::string TimeText(int second) {
  return FormatSeconds(ParseTimestamp("2026-01-31T12:00:00Z").value() +
                       std::chrono::seconds(second));
}

}  // namespace

pb::Experiment SmallExperiment(const std::string& algorithm,
                               const std::map<std::string, std::string>& settings) {
  pb::Experiment experiment;
  experiment.set_name("small");
  pb::ExperimentSpec& spec = *experiment.mutable_spec();
  spec.mutable_objective()->set_type(pb::MINIMIZE);
  spec.mutable_objective()->set_objective_metric_name("loss");
  spec.mutable_algorithm()->set_algorithm_name(algorithm);
  for (const auto& [name, value] : settings) {
    pb::AlgorithmSetting& setting = *spec.mutable_algorithm()->add_algorithm_settings();
    setting.set_name(name);
    setting.set_value(value);
  }
  if (const SearcherInfo* info = SearcherRegistry::Instance().Find(algorithm);
      info != nullptr && (info->supports & kBudgets) != 0 && settings.empty()) {
    for (const auto& [name, value] :
         {std::pair{"r_l", "8"}, {"eta", "2"}, {"resource_name", "n"}}) {
      pb::AlgorithmSetting& setting = *spec.mutable_algorithm()->add_algorithm_settings();
      setting.set_name(name);
      setting.set_value(value);
    }
  }
  spec.set_parallel_trial_count(3);
  auto& parameters = *spec.mutable_parameter_specs();
  for (const char* const name : kNames) {
    pb::ParameterSpec& parameter = *parameters.add_parameters();
    parameter.set_name(name);
    parameter.set_parameter_type(pb::CATEGORICAL);
    parameter.mutable_feasible_space()->set_distribution(pb::UNIFORM);
  }
  pb::ParameterSpec& x = *parameters.mutable_parameters(0);
  x.set_parameter_type(pb::DOUBLE);
  x.mutable_feasible_space()->set_min("-1");
  x.mutable_feasible_space()->set_max("1");
  x.mutable_feasible_space()->set_step("0.125");
  pb::ParameterSpec& n = *parameters.mutable_parameters(1);
  n.set_parameter_type(pb::INT);
  n.mutable_feasible_space()->set_min("1");
  n.mutable_feasible_space()->set_max("8");
  parameters.mutable_parameters(2)->mutable_feasible_space()->add_list("a");
  parameters.mutable_parameters(2)->mutable_feasible_space()->add_list("b");
  return experiment;
}

pb::Trial PendingTrial(const std::string& name, const std::vector<std::string>& values) {
  pb::Trial trial;
  trial.set_name(name);
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto& item = *trial.mutable_spec()->mutable_parameter_assignments()->add_assignments();
    item.set_name(kNames[i]);
    item.set_value(values[i]);
  }
  return trial;
}

pb::Trial SucceededTrial(const std::string& name, const std::vector<std::string>& values,
                         int second, const std::string& loss) {
  pb::Trial trial = PendingTrial(name, values);
  pb::TrialStatus& status = *trial.mutable_status();
  status.set_start_time(TimeText(second));
  status.set_completion_time(TimeText(second + 30));
  status.set_condition(pb::TrialStatus::SUCCEEDED);
  pb::Metric& metric = *status.mutable_observation()->add_metrics();
  metric.set_name("loss");
  metric.set_value(loss);
  return trial;
}

pb::GetSuggestionsRequest FakeController::Request(int count) const {
  pb::GetSuggestionsRequest request;
  *request.mutable_experiment() = experiment_;
  for (const pb::Trial& trial : trials_) {
    *request.add_trials() = trial;
  }
  request.set_current_request_number(count);
  request.set_total_request_number(given_ + count);
  return request;
}

/// Settings of a reply are put over those of the experiment, and new ones behind them.
void FakeController::Overlay(const pb::GetSuggestionsReply& reply) {
  auto& settings = *experiment_.mutable_spec()->mutable_algorithm()->mutable_algorithm_settings();
  for (const pb::AlgorithmSetting& setting : reply.algorithm().algorithm_settings()) {
    const auto found = std::ranges::find(settings, setting.name(), &pb::AlgorithmSetting::name);
    (found == settings.end() ? *settings.Add() : *found) = setting;
  }
}

void FakeController::Run(const pb::GetSuggestionsReply& reply) {
  Overlay(reply);
  for (const auto& given : reply.parameter_assignments()) {
    std::vector<std::string> values;
    for (const auto& item : given.assignments()) {
      values.push_back(item.value());
    }
    const double x = ParseDouble(values[0]).value();
    const double n = ParseDouble(values[1]).value();
    const double loss = x * x + 0.01 * n + (values[2] == "a" ? 0.0 : 0.5);
    const int number = ++given_;
    trials_.push_back(
        SucceededTrial("small-" + std::to_string(number), values, 60 * number, FormatDouble(loss)));
  }
}

Status Ask(Study& study, const pb::GetSuggestionsRequest& request, pb::GetSuggestionsReply& reply) {
  const std::string bytes = request.SerializeAsString();
  const auto parts = SplitRequest(bytes);
  return parts ? study.Answer(*parts, reply) : Fail(Code::kInvalidArgument, "no such message");
}

std::vector<std::string> Texts(const pb::GetSuggestionsReply& reply) {
  std::vector<std::string> texts;
  for (const auto& given : reply.parameter_assignments()) {
    std::string text;
    for (const auto& item : given.assignments()) {
      text += item.name() + "=" + item.value() + " ";
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace hone::test
