// SPDX-License-Identifier: Apache-2.0
#include "suggestion/remote/remote_study.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "core/objective.h"
#include "core/remote_service.h"
#include "suggestion/remote/reply.h"
#include "suggestion/remote/tag.h"

namespace hone {
namespace {

using nlohmann::json;

/// Katib's enums by the words of an experiment's file.
std::string EnumWord(std::string_view word) {
  std::string text;
  for (const char c : word) {
    const bool upper = c >= 'A' && c <= 'Z';
    text += upper ? "_" : "";
    text += upper || c == '_' ? c : static_cast<char>(c - 'a' + 'A');
  }
  return text;  // "logUniform": LOG_UNIFORM
}

json SettingList(const std::vector<Setting>& settings) {
  json list = json::array();
  for (const Setting& setting : settings) {
    list.push_back({{"name", setting.name}, {"value", setting.value}});
  }
  return list;
}

/// Empty for times that are not known.
std::string TimeText(Timestamp started, Duration ran) {
  return IsSet(started) ? FormatSeconds(started + ran) : "";
}

/// Of a parameter in an experiment's document.
json ParameterObject(const json& parameter) {
  const json& from = parameter.at("feasibleSpace");
  json space = json::object();
  for (const char* key : {"min", "max", "step", "list"}) {
    if (from.contains(key)) {
      space[key] = from.at(key);
    }
  }
  if (const std::string distribution = from.value("distribution", ""); !distribution.empty()) {
    space["distribution"] = EnumWord(distribution);
  }
  return {{"name", parameter.at("name")},
          {"parameterType", EnumWord(parameter.value("parameterType", ""))},
          {"feasibleSpace", std::move(space)}};
}

}  // namespace

/// Keeps the trials as Katib's controller would see them.
struct RemoteStudy::Teller {
  RemoteStudy& study;
  Timestamp at;  // when it was recorded, if that is known

  void operator()(const history::Proposed& e) {
    const remote::Tag tag = study.tags_are_ours_ ? remote::ReadTag(e.tag) : remote::Tag();
    std::string name =
        tag.name.empty() ? TrialName(study.spec_.name, {study.id_, e.trial}) : tag.name;
    study.names_.insert(name);
    study.places_[e.trial] = study.trials_.size();
    study.trials_.push_back({std::move(name), e.values, IsSet(tag.started) ? tag.started : at});
    study.overlay_ = remote::Merged(std::move(study.overlay_), tag.settings);
  }
  void operator()(const history::Completed& e) { End(e.trial, "SUCCEEDED", e.values, e.duration); }
  void operator()(const history::StoppedEarly& e) {
    End(e.trial, "EARLYSTOPPED", e.values);
    if (Trial* trial = Find(e.trial)) {
      trial->completed.clear();  // as with Katib
      trial->hidden = e.values.empty();
    }
  }
  void operator()(const history::Infeasible& e) { End(e.trial, "FAILED", {}); }
  void operator()(const history::Lost& e) { End(e.trial, "KILLED", {}); }
  template <class Other>
  void operator()(const Other& /*item*/) {}  // rungs and pauses: this wire has none

  Trial* Find(TrialNumber number) {
    const auto place = study.places_.find(number);
    return place == study.places_.end() ? nullptr : &study.trials_[place->second];
  }
  /// @param ran  says when, if `at` does not; not told of all
  void End(TrialNumber number, const char* condition, const std::vector<double>& values,
           Duration ran = {}) {
    Trial* const trial = Find(number);
    if (trial == nullptr) {
      return;
    }
    trial->condition = condition;
    trial->completed = IsSet(at) ? FormatSeconds(at) : TimeText(trial->started, ran);
    if (!values.empty()) {
      const bool least = study.spec_.objective.direction == Direction::kMinimize;
      trial->value = least ? values.front() : -values.front();
    }
  }
};

RemoteStudy::RemoteStudy(ExperimentId id, const ExperimentSpec& spec)
    : id_(std::move(id)), spec_(spec), tags_are_ours_(RemoteSearch(spec).has_value()) {}

RemoteStudy::~RemoteStudy() = default;

void RemoteStudy::Tell(History items, std::span<const Timestamp> recorded_at) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].seq > told_) {
      const Timestamp at = i < recorded_at.size() ? recorded_at[i] : Timestamp();
      std::visit(Teller{*this, at}, items[i].what);
      told_ = items[i].seq;
    }
  }
}

json RemoteStudy::Objective() const {
  const struct Objective& from = spec_.objective;
  json objective = {{"type", from.direction == Direction::kMinimize ? "MINIMIZE" : "MAXIMIZE"},
                    {"objectiveMetricName", from.metric},
                    {"additionalMetricNames", from.additional_metrics}};
  if (from.goal) {
    objective["goal"] = *from.goal;
  }
  return objective;
}

json RemoteStudy::Experiment(const Overlay& overlay) const {
  const json document = ParseJsonOrThrow(spec_.document);
  json parameters = json::array();
  for (const json& parameter : document.at("spec").value("parameters", json::array())) {
    parameters.push_back(ParameterObject(parameter));
  }
  json spec = {
      {"parameterSpecs", {{"parameters", std::move(parameters)}}},
      {"objective", Objective()},
      {"algorithm",
       {{"algorithmName", spec_.algorithm.name},
        {"algorithmSettings", SettingList(remote::Merged(spec_.algorithm.settings, overlay))}}},
      {"parallelTrialCount", spec_.parallel_trial_count}};
  if (spec_.max_trial_count) {
    spec["maxTrialCount"] = *spec_.max_trial_count;
  }
  if (spec_.early_stopping) {
    spec["earlyStopping"] = EarlyStopping();
  }
  return {{"name", spec_.name}, {"spec", std::move(spec)}};
}

json RemoteStudy::EarlyStopping() const {
  const AlgorithmSpec rule = spec_.early_stopping.value_or(AlgorithmSpec());
  return {{"algorithmName", rule.name}, {"algorithmSettings", SettingList(rule.settings)}};
}

json RemoteStudy::TrialObject(const Trial& trial) const {
  json assignments = json::array();
  for (std::size_t i = 0; i < std::min(trial.values.size(), spec_.space.parameters.size()); ++i) {
    if (trial.values[i].active) {
      assignments.push_back(
          {{"name", spec_.space.parameters[i].name}, {"value", trial.values[i].text}});
    }
  }
  json metrics = json::array();
  if (trial.value) {
    metrics.push_back({{"name", spec_.objective.metric}, {"value", FormatDouble(*trial.value)}});
  }
  return {{"name", trial.name},
          {"spec",
           {{"objective", Objective()},
            {"parameterAssignments", {{"assignments", std::move(assignments)}}}}},
          {"status",
           {{"startTime", TimeText(trial.started, {})},
            {"completionTime", trial.completed},
            {"condition", trial.condition},
            {"observation", {{"metrics", std::move(metrics)}}}}}};
}

std::string RemoteStudy::ValidateRequest() const {
  return DumpJson(json({{"experiment", Experiment({})}}));
}

json RemoteStudy::Trials() const {
  json trials = json::array();
  for (const Trial& trial : trials_) {
    if (!trial.hidden) {
      trials.push_back(TrialObject(trial));
    }
  }
  return trials;
}

std::string RemoteStudy::ValidateRulesRequest() const {
  return DumpJson(json({{"earlyStopping", EarlyStopping()}}));
}

std::string RemoteStudy::RulesRequest(const std::string& log_address) const {
  return DumpJson(json({{"experiment", Experiment(overlay_)},
                        {"trials", Trials()},
                        {"dbManagerAddress", log_address}}));
}

std::string RemoteStudy::SuggestRequest(std::size_t count, std::size_t before) const {
  return DumpJson(json({{"experiment", Experiment(overlay_)},
                        {"trials", Trials()},
                        {"currentRequestNumber", count},
                        {"totalRequestNumber", trials_.size() + before + count}}));
}

Result<std::vector<Proposal>> RemoteStudy::Read(std::string_view reply, std::size_t count,
                                                Timestamp now) const {
  return remote::ReadReply(
      reply,
      {.space = spec_.space, .count = count, .names = names_, .settings = overlay_, .now = now});
}

}  // namespace hone
