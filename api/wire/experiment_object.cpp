// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/wire/object_parts.h"
#include "api/wire/render.h"
#include "base/json.h"
#include "core/event_words.h"

namespace hone {
namespace {

using nlohmann::json;
using Reason = event::ExperimentEnded::Reason;

const char* EndMessage(const ExperimentState& state) {
  switch (*state.end_reason) {
    case Reason::kGoalReached:
      return "Experiment has succeeded because Objective goal has reached";
    case Reason::kMaxTrialsReached:
      return "Experiment has succeeded because max trial count has reached";
    case Reason::kSuggestionEndReached:
      return "Experiment has succeeded because suggestion service has reached the end";
    case Reason::kMaxFailedReached:
      return "Experiment has failed because max failed count has reached";
    case Reason::kSuggestionFailed:
      return state.message.starts_with("spec.earlyStopping")  // the field that failed
                 ? "Experiment has failed because the early-stopping service failed"
                 : "Experiment has failed because the search algorithm failed";
    case Reason::kMaxDurationReached:
      return "Experiment has succeeded because max duration has reached";
    case Reason::kNoImprovement:
      return "Experiment has succeeded because the best trial has not improved any more";
    case Reason::kMaxCostReached:
      return "Experiment has succeeded because max cost has reached";
    case Reason::kNoGainExpected:
      return "Experiment has succeeded because hardly any gain is expected";
    case Reason::kSearchStalled:
      return "Experiment has failed because the search algorithm waits for trials that do not run";
  }
  return "";
}

ObjectCondition RunningCondition(const ExperimentState& state) {
  ObjectCondition running{"Running", true, "ExperimentRunning", "Experiment is running",
                          IsSet(state.restarted_at) ? state.restarted_at : state.created_at};
  if (state.phase == ExperimentPhase::kSuspended) {
    running.holds = false;
    running.reason = state.parked ? "ExperimentParked" : "ExperimentSuspended";
    running.message = state.message.empty() ? "Experiment is suspended" : state.message;
    running.at = state.changed_at;
  } else if (state.Ended()) {
    running.holds = false;
    running.at = state.ended_at;
  } else if (state.phase == ExperimentPhase::kRestarting) {
    running.holds = false;
  }
  return running;
}

json Conditions(const ExperimentState& state) {
  json list = json::array();
  list.push_back(ConditionObject(
      {"Created", true, "ExperimentCreated", "Experiment is created", state.created_at}));
  const ObjectCondition running = RunningCondition(state);
  if (state.phase == ExperimentPhase::kRestarting) {
    list.push_back(ConditionObject(running));
  }
  if (IsSet(state.restarted_at)) {
    list.push_back(
        ConditionObject({"Restarting", state.phase == ExperimentPhase::kRestarting,
                         "ExperimentRestarting", "Experiment is restarted", state.restarted_at}));
  }
  if (state.phase != ExperimentPhase::kRestarting) {
    list.push_back(ConditionObject(running));
  }
  if (state.Ended() && state.end_reason) {
    const bool succeeded = state.phase == ExperimentPhase::kSucceeded;
    // Katib has one reason for all failures; hone's own stands under status.hone.
    const std::string reason =
        succeeded ? std::string(Word(*state.end_reason)) : "ExperimentFailed";
    list.push_back(ConditionObject(
        {succeeded ? "Succeeded" : "Failed", true, reason, EndMessage(state), state.ended_at}));
  }
  return list;
}

struct PhaseList {
  TrialPhase phase;
  const char* list;
  const char* count;
};
constexpr std::array<PhaseList, 8> kLists = {{
    {TrialPhase::kPending, "pendingTrialList", "trialsPending"},
    {TrialPhase::kPaused, "pendingTrialList", "trialsPending"},
    {TrialPhase::kRunning, "runningTrialList", "trialsRunning"},
    {TrialPhase::kSucceeded, "succeededTrialList", "trialsSucceeded"},
    {TrialPhase::kFailed, "failedTrialList", "trialsFailed"},
    {TrialPhase::kKilled, "killedTrialList", "trialsKilled"},
    {TrialPhase::kEarlyStopped, "earlyStoppedTrialList", "trialsEarlyStopped"},
    {TrialPhase::kMetricsUnavailable, "metricsUnavailableTrialList", "trialMetricsUnavailable"},
}};

void AddLists(const ExperimentState& state, json& status) {
  std::size_t trials = 0;
  for (const TrialState& trial : state.trials) {
    trials += Exists(trial) ? 1 : 0;
    const auto entry = std::ranges::find(kLists, trial.phase, &PhaseList::phase);
    if (entry != kLists.end()) {
      status[entry->list].push_back(state.NameOf(trial));
    }
  }
  for (const PhaseList& entry : kLists) {
    if (status.contains(entry.list)) {
      status[entry.count] = status[entry.list].size();
    }
  }
  if (trials > 0) {
    status["trials"] = trials;
  }
}

json StatusOf(const ExperimentState& state) {
  json status = {{"startTime", FormatSeconds(state.created_at)}, {"conditions", Conditions(state)}};
  if (state.Ended()) {
    status["completionTime"] = FormatSeconds(state.ended_at);
  }
  AddLists(state, status);
  if (const TrialState* best = state.best ? state.Find(*state.best) : nullptr) {
    status["currentOptimalTrial"] = {
        {"bestTrialName", state.NameOf(*best)},
        {"parameterAssignments", AssignmentList(*state.spec, best->values)},
        {"observation", ObservationObject(best->observation)}};
  }
  json own = {{"phase", PhaseWord(state.phase)}, {"seed", state.seed}, {"version", state.version}};
  if (!state.message.empty()) {
    own["message"] = state.message;
  }
  if (state.Ended() && state.end_reason) {
    own["reason"] = Word(*state.end_reason);
  }
  status["hone"] = std::move(own);
  return status;
}

/// The spec as the user wrote it, with the counts as they are now.
json Spec(const ExperimentState& state, json spec) {
  spec["parallelTrialCount"] = state.parallel_trial_count;
  for (const auto& [key, count] :
       {std::pair{"maxTrialCount", &state.max_trial_count},
        std::pair{"maxFailedTrialCount", &state.max_failed_trial_count}}) {
    if (*count) {
      spec[key] = **count;
    }
  }
  return spec;
}

}  // namespace

json ExperimentObject(const ExperimentState& state) {
  json object = ParseJson(state.spec->document);
  if (!object.is_object()) {
    object = json::object();
  }
  json& metadata = object["metadata"];
  metadata["name"] = state.spec->name;
  metadata["namespace"] = state.spec->name_space;
  metadata["uid"] = state.id.text;
  metadata["creationTimestamp"] = FormatSeconds(state.created_at);
  object["spec"] = Spec(state, object.value("spec", json::object()));
  object["status"] = StatusOf(state);
  return object;
}

}  // namespace hone
