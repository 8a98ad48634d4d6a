// SPDX-License-Identifier: Apache-2.0
#include "core/training_status.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "core/condition.h"

namespace hone {
namespace {

using nlohmann::json;

struct Moment {
  const char* type;
  bool holds;
  std::string reason;
  std::string message;
  Timestamp at;
};

json ConditionOf(const Moment& moment) {
  const std::string at = FormatSeconds(moment.at);
  return {{"type", moment.type},     {"status", moment.holds ? "True" : "False"},
          {"reason", moment.reason}, {"message", moment.message},
          {"lastUpdateTime", at},    {"lastTransitionTime", at}};
}

// "worker-1" to "Worker"; "ps-0" to "PS".
std::string TypeOf(const std::string& replica) {
  std::string type = replica.substr(0, replica.rfind('-'));
  if (type == "ps") {
    return "PS";
  }
  if (!type.empty() && type.front() >= 'a' && type.front() <= 'z') {
    type.front() = static_cast<char>(type.front() - 'a' + 'A');
  }
  return type;
}

json ReplicaStatuses(const TrainingEnd& end) {
  json statuses = json::object();
  for (const ReplicaOutcome& replica : end.replicas) {
    json& status = statuses[TypeOf(replica.name)];
    if (status.is_null()) {
      status = json::object();
    }
    const bool failed = replica.state == ReplicaOutcome::State::kFailed;
    // The operator counts what still ran when the job had succeeded as succeeded.
    const bool counted = replica.state == ReplicaOutcome::State::kSucceeded || end.succeeded;
    if (failed || counted) {
      const char* const key = failed ? "failed" : "succeeded";
      status[key] = status.value(key, 0) + 1;
    }
  }
  return statuses;
}

// A JobSet's, which a TrainJob takes over.
json TrainJobConditions(const TrainingEnd& end) {
  if (end.succeeded) {
    return json::array({ConditionOf(
        {"Complete", true, "AllJobsCompleted", "jobset completed successfully", end.ended_at})});
  }
  return json::array({ConditionOf({"Failed", true, "FailedJobs", end.message, end.ended_at})});
}

json OperatorConditions(const TrainingEnd& end) {
  const std::string subject = end.kind + " " + end.name;
  json list = json::array();
  list.push_back(ConditionOf(
      {"Created", true, end.kind + "Created", subject + " is created.", end.started_at}));
  list.push_back(ConditionOf(
      {"Running", false, end.kind + "Running", subject + " is running.", end.ended_at}));
  const char* const last = end.succeeded ? "Succeeded" : "Failed";
  list.push_back(ConditionOf({last, true, end.kind + last,
                              end.succeeded ? subject + " is successfully completed." : end.message,
                              end.ended_at}));
  return list;
}

}  // namespace

std::string StatusOfTraining(const TrainingEnd& end) {
  json status;
  const bool train = end.kind == "TrainJob";
  status["conditions"] = train ? TrainJobConditions(end) : OperatorConditions(end);
  if (!train) {
    status["replicaStatuses"] = ReplicaStatuses(end);
    status["startTime"] = FormatSeconds(end.started_at);
    status["completionTime"] = FormatSeconds(end.ended_at);
  }
  return DumpJson(json({{"status", status}}));
}

Result<ConditionVerdict> JudgeByConditions(const std::string& status_json,
                                           std::string_view success_condition,
                                           std::string_view failure_condition) {
  const json status = ParseJson(status_json);
  HONE_ASSIGN_OR_RETURN(const Condition failure, Condition::Parse(failure_condition));
  HONE_ASSIGN_OR_RETURN(const Condition success, Condition::Parse(success_condition));
  HONE_ASSIGN_OR_RETURN(const bool failed, failure.Holds(status));
  if (failed) {
    return ConditionVerdict::kFailed;
  }
  HONE_ASSIGN_OR_RETURN(const bool succeeded, success.Holds(status));
  return succeeded ? ConditionVerdict::kSucceeded : ConditionVerdict::kNeither;
}

}  // namespace hone
