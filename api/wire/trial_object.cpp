// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/wire/object_parts.h"
#include "api/wire/render.h"
#include "base/json.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr const char* kApiVersion = "kubeflow.org/v1beta1";

/// What Katib says when a trial is over.
struct End {
  TrialPhase phase;
  const char* type;
  const char* reason;
  const char* message;
};
constexpr std::array<End, 5> kEnds = {{
    {TrialPhase::kSucceeded, "Succeeded", "TrialSucceeded", "Trial has succeeded"},
    {TrialPhase::kFailed, "Failed", "TrialFailed", "Trial has failed"},
    {TrialPhase::kMetricsUnavailable, "MetricsUnavailable", "MetricsUnavailable",
     "Metrics are not available"},
    {TrialPhase::kEarlyStopped, "EarlyStopped", "TrialEarlyStopped", "Trial is early stopped"},
    {TrialPhase::kKilled, "Killed", "TrialKilled", "Trial is killed"},
}};

json Conditions(const TrialState& trial) {
  json list = json::array();
  list.push_back(
      ConditionObject({"Created", true, "TrialCreated", "Trial is created", trial.created_at}));
  const bool runs = trial.phase == TrialPhase::kRunning;
  if (runs || IsSet(trial.started_at)) {
    const Timestamp at = IsOver(trial.phase) ? trial.ended_at : trial.started_at;
    list.push_back(ConditionObject({"Running", runs, "TrialRunning", "Trial is running", at}));
  }
  for (const End& end : kEnds) {
    if (end.phase == trial.phase) {
      const std::string more = trial.message.empty() ? "" : ". " + trial.message;
      list.push_back(
          ConditionObject({end.type, true, end.reason, end.message + more, trial.ended_at}));
    }
  }
  return list;
}

json StatusOf(const TrialState& trial) {
  json status = {{"conditions", Conditions(trial)}};
  status["startTime"] =
      FormatSeconds(IsSet(trial.started_at) ? trial.started_at : trial.created_at);
  if (IsOver(trial.phase)) {
    status["completionTime"] = FormatSeconds(trial.ended_at);
  }
  if (!trial.observation.empty()) {
    status["observation"] = ObservationObject(trial.observation);
  }
  json own = {
      {"number", trial.number}, {"phase", PhaseWord(trial.phase)}, {"attempt", trial.attempt}};
  for (const auto& [key, text] :
       {std::pair{"message", &trial.message}, std::pair{"place", &trial.place},
        std::pair{"note", &trial.note}}) {
    if (!text->empty()) {
      own[key] = *text;
    }
  }
  if (trial.phase == TrialPhase::kFailed || trial.phase == TrialPhase::kMetricsUnavailable) {
    own["ending"] = EndingWord(trial.ending);
  }
  if (trial.exit_code != 0) {
    own["exitCode"] = trial.exit_code;
  }
  if (trial.signal != 0) {
    own["signal"] = trial.signal;
  }
  if (trial.budget) {
    own["budget"] = *trial.budget;
  }
  if (trial.start_from) {
    own["startFrom"] = *trial.start_from;
  }
  if (trial.checkpoint) {
    own["checkpoint"] = *trial.checkpoint;
  }
  status["hone"] = std::move(own);
  return status;
}

/// What Katib copies from the experiment into each trial, as the document has it.
json CopiedSpec(const json& experiment_spec) {
  json spec = json::object();
  constexpr std::array<std::pair<const char*, const char*>, 2> kTop = {
      {{"objective", "objective"}, {"metricsCollectorSpec", "metricsCollector"}}};
  for (const auto& [from, to] : kTop) {
    if (experiment_spec.contains(from)) {
      spec[to] = experiment_spec[from];
    }
  }
  constexpr std::array<std::pair<const char*, const char*>, 5> kTemplate = {
      {{"retain", "retainRun"},
       {"primaryPodLabels", "primaryPodLabels"},
       {"primaryContainerName", "primaryContainerName"},
       {"successCondition", "successCondition"},
       {"failureCondition", "failureCondition"}}};
  const json trial_template = experiment_spec.value("trialTemplate", json::object());
  for (const auto& [from, to] : kTemplate) {
    if (trial_template.contains(from)) {
      spec[to] = trial_template[from];
    }
  }
  return spec;
}

json CopiedSpecOf(const ExperimentState& state) {
  const json document = ParseJson(state.spec->document);
  return document.is_object() ? CopiedSpec(document.value("spec", json::object())) : json::object();
}

json RuleObject(const StopRule& rule) {
  json object = {{"name", rule.metric},
                 {"value", rule.value},
                 {"comparison", std::string(Word(rule.comparison))}};
  if (rule.start_step > 0) {
    object["startStep"] = rule.start_step;
  }
  return object;
}

json MakeTrial(const ExperimentState& state, const TrialState& trial, const json& copied) {
  const ExperimentSpec& spec = *state.spec;
  json object = {{"apiVersion", kApiVersion}, {"kind", "Trial"}};
  object["metadata"] = {{"name", state.NameOf(trial)},
                        {"namespace", spec.name_space},
                        {"creationTimestamp", FormatSeconds(trial.created_at)},
                        {"labels", {{"katib.kubeflow.org/experiment", spec.name}}},
                        {"ownerReferences",
                         {{{"apiVersion", kApiVersion},
                           {"kind", "Experiment"},
                           {"name", spec.name},
                           {"uid", state.id.text},
                           {"controller", true},
                           {"blockOwnerDeletion", true}}}}};
  object["spec"] = copied;
  object["spec"]["parameterAssignments"] = AssignmentList(spec, trial.values);
  for (const StopRule& rule : trial.stop_rules) {
    object["spec"]["earlyStoppingRules"].push_back(RuleObject(rule));
  }
  object["status"] = StatusOf(trial);
  if (const TrialState* const parent = state.Find(trial.parent)) {
    object["status"]["hone"]["parent"] = state.NameOf(*parent);
  }
  return object;
}

}  // namespace

json ConditionObject(const ObjectCondition& condition) {
  const std::string at = FormatSeconds(condition.at);
  return {{"type", condition.type},     {"status", condition.holds ? "True" : "False"},
          {"reason", condition.reason}, {"message", condition.message},
          {"lastUpdateTime", at},       {"lastTransitionTime", at}};
}

json AssignmentList(const ExperimentSpec& spec, const Assignment& values) {
  json list = json::array();
  for (std::size_t i = 0; i < values.size() && i < spec.space.parameters.size(); ++i) {
    if (values[i].active) {
      list.push_back({{"name", spec.space.parameters[i].name}, {"value", values[i].text}});
    }
  }
  return list;
}

json ObservationObject(const Observation& observation) {
  const auto word = [](const std::string& text) { return text.empty() ? "unavailable" : text; };
  json metrics = json::array();
  for (const MetricSummary& summary : observation) {
    metrics.push_back({{"name", summary.metric},
                       {"min", word(summary.min)},
                       {"max", word(summary.max)},
                       {"latest", word(summary.latest)}});
  }
  return {{"metrics", std::move(metrics)}};
}

json TrialObject(const ExperimentState& state, const TrialState& trial) {
  return MakeTrial(state, trial, CopiedSpecOf(state));
}

json TrialList(const ExperimentState& state) {
  const json copied = CopiedSpecOf(state);
  json items = json::array();
  for (const TrialState& trial : state.trials) {
    if (Exists(trial)) {
      items.push_back(MakeTrial(state, trial, copied));
    }
  }
  return {{"items", std::move(items)}};
}

}  // namespace hone
