// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/training.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "core/training_status.h"
#include "trial-runner/local/attempt_files.h"
#include "trial-runner/local/pipeline_order.h"
#include "trial-runner/local/podman.h"
#include "trial-runner/local/verdict.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// What the operator's configuration map is called here.
fs::path TrainingFolder(const fs::path& attempt) {
  return attempt / "mpi";
}

// The operator's: the ranks run in what mpirun starts, and a worker only has to be there. The first
// process of a container would ignore TERM and take all of the grace to end.
DefaultCommand FallbackOf(const TrainingJob& job, const ReplicaRole& role, Place place) {
  if (job.kind != TrainingKind::kMpi || role.type != "Worker") {
    return {};
  }
  if (place == Place::kContainer) {
    return {{"sh", "-c", "trap 'exit 0' TERM; sleep 365d & wait"}};
  }
  return {{"sleep", "365d"}};
}

void CheckRestart(const TrainingJob& job, const Replica& replica, Problems& problems) {
  const ReplicaRole& role = job.roles[replica.role];
  if (replica.index == 0 && replica.decides && role.restart == RestartPolicy::kAlways) {
    problems.Warn(role.pod_field, "with restartPolicy Always a " + role.type +
                                      " never completes on a cluster, nor does the job; here its "
                                      "success counts");
  }
}

void AddDemand(const LocalJob& container, std::uint32_t replicas, Demand& demand) {
  demand.cpus += container.demand.cpus * replicas;
  demand.gpus += container.demand.gpus * replicas;
  demand.memory_bytes += container.demand.memory_bytes * replicas;
}

// The launcher's mpirun starts all ranks here, so that it needs what the workers were given.
std::vector<std::string> GpusFor(const TrainingJob& job, const Replica& replica, std::size_t count,
                                 const std::vector<std::string>& all, std::size_t& given) {
  if (job.kind == TrainingKind::kMpi && job.roles[replica.role].type == "Launcher") {
    given += count;
    return all;
  }
  const auto begin = static_cast<std::ptrdiff_t>(std::min(given, all.size()));
  const auto end = static_cast<std::ptrdiff_t>(std::min(given + count, all.size()));
  given += count;
  return {all.begin() + begin, all.begin() + end};
}

// The operator's configuration map at the path that the environment names.
LocalJob WithTrainingFiles(LocalJob container, const TrainingJob& job, const fs::path& attempt) {
  if (!TrainingFilesOf(job).empty()) {
    Mount files;
    files.kind = Mount::Kind::kHost;
    files.volume = "mpi";
    files.host_path = TrainingFolder(attempt);
    files.target = files.host_path;
    files.read_only = true;
    container.image.mounts.push_back(std::move(files));
  }
  return container;
}

// One call removes the containers of all replicas: their names are what follows the options.
void MergeCleanup(const std::vector<std::string>& one, std::vector<std::string>& all) {
  if (all.empty() || one.empty()) {
    all.insert(all.end(), one.begin(), one.end());
  } else {
    all.push_back(one.back());
  }
}

// Puts the plan of one replica into that of the job.
void AddReplica(const TrainingJob& job, const Replica& replica, bool primary, LaunchPlan single,
                LaunchPlan& plan) {
  plan.own_network = single.own_network;
  MergeCleanup(single.cleanup, plan.cleanup);
  if (primary) {
    plan.metrics_from = single.metrics_from;
    plan.metrics_to = single.metrics_to;
    plan.deadline = single.deadline;
  }
  plan.oom_counter = single.oom_counter;
  plan.replicas.push_back({.name = replica.name,
                           .restart = std::string(RestartWord(job.roles[replica.role].restart)),
                           .decides = replica.decides,
                           .primary = primary,
                           .argv = std::move(single.argv),
                           .env = std::move(single.env),
                           .folder = std::move(single.folder)});
}

// "replica worker-1", "replicas master-0, worker-1".
std::string NamesOf(const std::string& culprits) {
  const auto names = Split(culprits, ' ');
  std::string text;
  for (const std::string_view name : names) {
    text += (text.empty() ? "" : ", ") + Printable(name, 80);
  }
  return (names.size() == 1 ? "replica " : "replicas ") + text;
}

}  // namespace

LocalWork DecodeWork(std::string_view text, const PrimaryPod& primary, const std::string& field,
                     Problems& problems) {
  LocalWork work;
  const json object = ParseJson(text);
  const auto word = [&object](const char* key) {
    const bool given = object.is_object() && object.contains(key) && object[key].is_string();
    return given ? object[key].get<std::string>() : "";
  };
  if (workflow::IsWorkflow(word("apiVersion"), word("kind"))) {
    return DecodePipeline(text, primary, field, problems);
  }
  const auto kind = TrainingKindOf(word("apiVersion"), word("kind"));
  if (!kind) {
    work.containers.push_back(DecodeJob(text, primary.container, field, problems, primary.place));
    work.demand = work.containers.front().demand;
    return work;
  }
  work.training = DecodeTrainingJob(text, *kind, field, problems);
  const TrainingJob& job = *work.training;
  work.demand = {.cpus = 0, .gpus = 0};
  for (const ReplicaRole& role : job.roles) {
    work.containers.push_back(DecodePodSpec(role.pod, primary.container, role.pod_field,
                                            FallbackOf(job, role, primary.place), problems,
                                            primary.place));
    AddDemand(work.containers.back(), role.replicas, work.demand);
  }
  work.demand.cpus = std::max(work.demand.cpus, 1U);
  for (const Replica& replica : ReplicasOf(job)) {
    CheckRestart(job, replica, problems);
  }
  if (const auto found = PrimaryOf(job, primary.labels)) {
    work.primary = *found;
  } else if (!job.roles.empty()) {
    problems.CannotHere("spec.trialTemplate.primaryPodLabels",
                        "no replica of the " + std::string(TrainingKindWord(job.kind)) +
                            " has these labels, so that no metrics would be read; give "
                            "training.kubeflow.org/replica-type and replica-index");
  }
  return work;
}

Status WriteTrainingFiles(const fs::path& attempt, const TrainingJob& job) {
  for (const Replica& replica : ReplicasOf(job)) {
    HONE_RETURN_IF_ERROR(MakeFolders(attempt / "metrics" / replica.name));
  }
  for (const TrainingFile& file : TrainingFilesOf(job)) {
    const fs::path path = TrainingFolder(attempt) / file.name;
    HONE_RETURN_IF_ERROR(MakeFolders(path.parent_path()));
    HONE_RETURN_IF_ERROR(WriteFile(path, file.text));
    if (file.executable && ::chmod(path.c_str(), 0755) != 0) {
      return tl::make_unexpected(ErrnoError(errno, "make " + path.string() + " executable"));
    }
  }
  return {};
}

Status PrepareReplicas(const LaunchSpec& spec, const LocalWork& work, const Layout& layout,
                       const LaunchPlan& plan) {
  if (!work.training) {
    return PrepareContainer(spec, work.containers.front(), layout, plan);
  }
  const std::vector<Replica> replicas = ReplicasOf(*work.training);
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    HONE_RETURN_IF_ERROR(PrepareContainer(spec, work.containers[replicas[i].role], layout, plan,
                                          i == work.primary ? "" : replicas[i].name));
  }
  return {};
}

LaunchPlan MakeTrainingPlan(const LaunchSpec& spec, const LocalWork& work, const Layout& layout,
                            const Surroundings& surroundings, const std::vector<std::string>& gpus,
                            const std::vector<Endpoint>& endpoints) {
  if (!work.training) {
    return {};
  }
  const TrainingJob& job = *work.training;
  const fs::path attempt = layout.Attempt({spec.id, spec.attempt});
  const std::vector<Replica> replicas = ReplicasOf(job);
  LaunchPlan plan;
  std::size_t given = 0;
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    const Replica& replica = replicas[i];
    const bool primary = i == work.primary;
    LocalJob container = work.containers[replica.role];
    container.deadline = job.deadline;
    const std::vector<std::string> own_gpus =
        GpusFor(job, replica, container.demand.gpus, gpus, given);
    if (!spec.container && !gpus.empty() && own_gpus.empty()) {
      container.env.emplace(container.env.begin(), "CUDA_VISIBLE_DEVICES", "");
    }
    for (auto& variable :
         EnvironmentOf(job, replica, endpoints, TrainingFolder(attempt).string())) {
      container.env.push_back(std::move(variable));
    }
    container.env.emplace_back("HONE_REPLICA", replica.name);
    const std::string part = primary ? "" : replica.name;
    LaunchPlan single =
        spec.container
            ? MakeContainerPlan({.spec = spec,
                                 .job = WithTrainingFiles(std::move(container), job, attempt),
                                 .layout = layout,
                                 .surroundings = surroundings,
                                 .gpus = own_gpus,
                                 .podman = surroundings.podman,
                                 .part = part,
                                 .own_network = NeedsOwnNetwork(spec, replicas.size() > 1)})
            : MakePlan(spec, container, layout, surroundings, own_gpus, part);
    AddReplica(job, replica, primary, std::move(single), plan);
  }
  plan.grace = surroundings.grace;
  plan.log_quota = surroundings.log_quota;
  plan.gpus = gpus;
  plan.backoff_limit = job.backoff_limit;
  plan.job = {.kind = std::string(TrainingKindWord(job.kind)),
              .name = job.name,
              .success_condition = spec.success_condition,
              .failure_condition = spec.failure_condition};
  return plan;
}

Ending JudgeTraining(const LaunchPlan& plan, const ExitRecord& record, Ending ending) {
  if (ending.kind == EndingKind::kStopped) {
    return ending;
  }
  const bool timeout = ending.kind == EndingKind::kTimeout;
  if (!record.culprits.empty()) {
    const std::string names = NamesOf(record.culprits);
    ending.message = names + (timeout ? " still ran: the job " : ": ") + ending.message;
  }
  const bool succeeded = ending.kind == EndingKind::kSucceeded;
  const std::string status = StatusOfTraining({.kind = plan.job.kind,
                                               .name = plan.job.name,
                                               .succeeded = succeeded,
                                               .message = ending.message,
                                               .started_at = record.started_at,
                                               .ended_at = record.ended_at,
                                               .replicas = record.replicas});
  return ByConditions(std::move(ending), "job", status, plan.job.success_condition,
                      plan.job.failure_condition);
}

}  // namespace hone::local
