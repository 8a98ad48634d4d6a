// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "core/problem.h"

/// Training jobs of Kubeflow's operators: which replicas a job has, when it is over. Pure, and the
/// same for every place where the replicas may run; see training_environment.h and
/// training_status.h for the rest.
namespace hone {

enum class TrainingKind { kPyTorch, kTensorFlow, kMpi, kXgBoost, kPaddle, kTrain };

/// When a replica that has ended is started again.
enum class RestartPolicy {
  kNever,
  kOnFailure,
  kAlways,    ///< after success, too
  kExitCode,  ///< when the exit code tells of something that may pass: IsPassingFailure
};

/// "Never", "OnFailure", "Always", "ExitCode".
std::string_view RestartWord(RestartPolicy policy);

/// Replicas of one type.
struct ReplicaRole {
  std::string type;  ///< as the operator writes it: "Master", "PS"
  std::uint32_t replicas = 1;
  RestartPolicy restart = RestartPolicy::kNever;
  std::string pod;                            ///< JSON text of the pod's spec
  std::string pod_field;                      ///< its path in the template, for problems
  std::map<std::string, std::string> labels;  ///< of the pod's template
};

/// elasticPolicy of a PyTorchJob, in the words of torchrun's variables.
struct ElasticPolicy {
  std::string nodes;  ///< "MIN:MAX"
  std::string backend = "c10d";
  std::optional<std::string> id;
  std::optional<std::string> configuration;  ///< "key=value,key=value"
  std::optional<std::int64_t> restarts;
  std::optional<std::int64_t> processes;
  bool standalone = false;
};

/// Which plugin of Kubeflow's trainer prepares a TrainJob.
enum class TrainRuntime { kTorch, kXgBoost };

struct TrainingJob {
  TrainingKind kind = TrainingKind::kPyTorch;
  std::string name;                 ///< metadata.name; empty in a template
  std::vector<ReplicaRole> roles;   ///< in the order of their ranks
  std::uint32_t backoff_limit = 0;  ///< restarts of all replicas together
  std::optional<Duration> deadline;
  bool all_workers = false;         ///< successPolicy AllWorkers
  std::string processes = "auto";   ///< per replica: a number, or a word of torchrun's
  std::uint32_t slots = 1;          ///< slotsPerWorker of an MPIJob
  std::uint32_t gpus_per_node = 0;  ///< of a TrainJob
  std::optional<ElasticPolicy> elastic;
  TrainRuntime runtime = TrainRuntime::kTorch;
};

/// One process to be.
struct Replica {
  std::size_t role = 0;
  std::uint32_t index = 0;  ///< among those of its role
  std::string name;         ///< "worker-1"
  bool decides = false;     ///< the job has succeeded when all that decide have
  bool master = false;      ///< has the label training.kubeflow.org/job-role=master
};

/// The kind of an object, if it is a training job of an apiVersion that hone knows.
std::optional<TrainingKind> TrainingKindOf(std::string_view api_version, std::string_view kind);
/// "PyTorchJob"
std::string_view TrainingKindWord(TrainingKind kind);

/// Decodes a template (placeholders still in its texts) or a job. What would make it another job
/// than the operator's is told as a problem.
/// @param field  path of the object, which starts the field of each problem
/// @returns      what could be decoded; use it only if `problems` has no errors
TrainingJob DecodeTrainingJob(std::string_view object, TrainingKind kind, const std::string& field,
                              Problems& problems);

/// All replicas, in the order of the roles.
std::vector<Replica> ReplicasOf(const TrainingJob& job);

/// The replica whose pod has these labels, the first if there are several. @returns an index into
/// ReplicasOf, nothing if none has them
std::optional<std::size_t> PrimaryOf(const TrainingJob& job,
                                     const std::map<std::string, std::string>& labels);

/// The container of a role's pod that a job of this kind is about, unless the user names another.
std::string_view DefaultContainer(TrainingKind kind);

}  // namespace hone
