// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace hone {

/// What became of one replica of a training job.
struct ReplicaOutcome {
  enum class State { kSucceeded, kFailed, kEnded };  ///< kEnded: by us, when the job was over
  std::string name;                                  ///< "worker-1"
  State state = State::kEnded;
  int exit_code = 0;  ///< 128 + the number of the signal that killed it
  std::uint32_t restarts = 0;
  bool operator==(const ReplicaOutcome&) const = default;
};

/// A training job that is over.
struct TrainingEnd {
  std::string kind;  ///< "PyTorchJob"
  std::string name;
  bool succeeded = false;
  std::string message;  ///< why it failed
  Timestamp started_at;
  Timestamp ended_at;
  std::vector<ReplicaOutcome> replicas;
};

/// The job's status as its operator would have left it, as JSON: {"status":{"conditions":[...],
/// "replicaStatuses":{...},"startTime":...,"completionTime":...}}.
std::string StatusOfTraining(const TrainingEnd& end);

/// What the conditions of the trial template say about a job's status.
enum class ConditionVerdict { kSucceeded, kFailed, kNeither };

/// Failure is looked at first, as Katib does.
/// @errors kInvalidArgument: a condition cannot be read
Result<ConditionVerdict> JudgeByConditions(const std::string& status_json,
                                           std::string_view success_condition,
                                           std::string_view failure_condition);

}  // namespace hone
