// SPDX-License-Identifier: Apache-2.0
#include "core/training_environment.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace hone {
namespace {

using Variable = std::pair<std::string, std::string>;
using Variables = std::vector<Variable>;

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return out;
}

std::string Text(const Endpoint& endpoint) {
  return endpoint.host + ":" + std::to_string(endpoint.port);
}

// A job with its replicas, and where they are.
class Cluster {
 public:
  Cluster(const TrainingJob& job, std::span<const Endpoint> endpoints)
      : job_(job), replicas_(ReplicasOf(job)), endpoints_(endpoints) {}

  [[nodiscard]] std::size_t size() const { return replicas_.size(); }
  /// In the order of the roles; the first has rank 0.
  [[nodiscard]] std::size_t RankOf(const Replica& replica) const {
    return static_cast<std::size_t>(std::ranges::find(replicas_, replica.name, &Replica::name) -
                                    replicas_.begin());
  }
  /// Of all replicas of a type.
  [[nodiscard]] std::vector<Endpoint> Of(std::string_view type) const {
    std::vector<Endpoint> found;
    for (std::size_t i = 0; i < replicas_.size() && i < endpoints_.size(); ++i) {
      if (job_.roles[replicas_[i].role].type == type) {
        found.push_back(endpoints_[i]);
      }
    }
    return found;
  }
  [[nodiscard]] Endpoint First(std::string_view type) const {
    const std::vector<Endpoint> found = Of(type);
    return found.empty() ? Endpoint() : found.front();
  }

 private:
  const TrainingJob& job_;
  std::vector<Replica> replicas_;
  std::span<const Endpoint> endpoints_;
};

Variables ElasticVariables(const ElasticPolicy& elastic, const Endpoint& first_worker) {
  Variables out = {{"PET_RDZV_ENDPOINT", Text(first_worker)},
                   {"PET_RDZV_BACKEND", elastic.backend},
                   {"PET_NNODES", elastic.nodes}};
  if (elastic.restarts) {
    out.emplace_back("PET_MAX_RESTARTS", std::to_string(*elastic.restarts));
  }
  if (elastic.processes) {
    out.emplace_back("PET_NPROC_PER_NODE", std::to_string(*elastic.processes));
  }
  if (elastic.id) {
    out.emplace_back("PET_RDZV_ID", *elastic.id);
  }
  if (elastic.configuration) {
    out.emplace_back("PET_RDZV_CONF", *elastic.configuration);
  }
  if (elastic.standalone) {
    out.emplace_back("PET_STANDALONE", "");
  }
  return out;
}

Variables PyTorch(const TrainingJob& job, const Replica& replica, const Cluster& cluster) {
  Variables out = {{"PYTHONUNBUFFERED", "1"}};
  if (const auto masters = cluster.Of("Master"); !masters.empty()) {
    const std::string port = std::to_string(masters.front().port);
    const std::string rank = std::to_string(cluster.RankOf(replica));
    const std::int64_t processes = ParseInt(job.processes).value_or(1);
    const std::int64_t world = static_cast<std::int64_t>(cluster.size()) * processes;
    out.insert(out.end(), {{"MASTER_PORT", port},
                           {"PET_MASTER_PORT", port},
                           {"MASTER_ADDR", masters.front().host},
                           {"PET_MASTER_ADDR", masters.front().host},
                           {"WORLD_SIZE", std::to_string(world)},
                           {"RANK", rank},
                           {"PET_NPROC_PER_NODE", job.processes},
                           {"PET_NODE_RANK", rank}});
  }
  if (job.elastic) {
    const Variables elastic = ElasticVariables(*job.elastic, cluster.First("Worker"));
    out.insert(out.end(), elastic.begin(), elastic.end());
  } else {
    out.emplace_back("PET_NNODES", std::to_string(cluster.size()));
  }
  return out;
}

Variables TensorFlow(const TrainingJob& job, const Replica& replica, const Cluster& cluster) {
  if (cluster.size() == 1) {
    return {};  // no distributed job: TensorFlow would wait for others
  }
  nlohmann::ordered_json config;
  nlohmann::json members = nlohmann::json::object();  // sorted, as the operator writes it
  for (const ReplicaRole& role : job.roles) {
    if (role.type == "Evaluator") {
      continue;  // not part of the training cluster
    }
    for (const Endpoint& endpoint : cluster.Of(role.type)) {
      members[Lower(role.type)].push_back(Text(endpoint));
    }
  }
  config["cluster"] = members;
  config["task"]["type"] = Lower(job.roles[replica.role].type);
  config["task"]["index"] = replica.index;
  config["environment"] = "cloud";
  return {{"TF_CONFIG", DumpJson(config)}};
}

bool HasGpus(const ReplicaRole& role) {
  return role.pod.find("gpu\":") != std::string::npos;
}

Variables Mpi(const TrainingJob& job, const Replica& replica, const std::string& folder) {
  const ReplicaRole& role = job.roles[replica.role];
  if (role.type != "Launcher") {
    return {};
  }
  Variables out = {{"OMPI_MCA_plm_rsh_agent", folder + "/kubexec.sh"},
                   {"OMPI_MCA_orte_default_hostfile", folder + "/hostfile"}};
  if (!HasGpus(role)) {
    out.emplace_back("NVIDIA_VISIBLE_DEVICES", "");
    out.emplace_back("NVIDIA_DRIVER_CAPABILITIES", "");
  }
  const auto given = [&role](const char* name) {
    return role.pod.find("\"" + std::string(name) + "\"") != std::string::npos;
  };
  if (!given("I_MPI_HYDRA_BOOTSTRAP")) {
    out.emplace_back("I_MPI_HYDRA_BOOTSTRAP", "rsh");
  }
  if (!given("I_MPI_HYDRA_BOOTSTRAP_EXEC")) {
    out.emplace_back("I_MPI_HYDRA_BOOTSTRAP_EXEC", folder + "/kubexec.sh");
  }
  return out;
}

Variables XgBoost(const Replica& replica, const Cluster& cluster) {
  const Endpoint master = cluster.First("Master");
  Variables out = {{"MASTER_PORT", std::to_string(master.port)},
                   {"MASTER_ADDR", master.host},
                   {"WORLD_SIZE", std::to_string(cluster.size())},
                   {"RANK", std::to_string(cluster.RankOf(replica))},
                   {"PYTHONUNBUFFERED", "1"}};
  if (const auto workers = cluster.Of("Worker"); !workers.empty()) {
    std::vector<std::string> hosts;
    for (const Endpoint& worker : workers) {
      hosts.push_back(worker.host);
    }
    out.emplace_back("WORKER_PORT", std::to_string(workers.front().port));
    out.emplace_back("WORKER_ADDRS", Join(hosts, ","));
  }
  return out;
}

Variables Paddle(const TrainingJob& job, const Replica& replica, const Cluster& cluster) {
  const bool servers = !cluster.Of("Master").empty();
  const std::string_view leading = servers ? "Master" : "Worker";
  const std::string& type = job.roles[replica.role].type;
  const Endpoint first = cluster.First(leading);
  Variables out = {{"PYTHONUNBUFFERED", "1"},
                   {"PADDLE_JOB_ID", job.name},
                   {"PADDLE_NNODES", std::to_string(cluster.size())}};
  if (replica.index == 0 && type == leading) {
    out.emplace_back("POD_IP_DUMMY", first.host);
  }
  out.emplace_back("PADDLE_MASTER", Text(first));
  if (servers) {
    out.emplace_back(type == "Master" ? "PADDLE_SERVER_NUM" : "PADDLE_TRAINER_NUM", "1");
  }
  return out;
}

Variables Train(const TrainingJob& job, const Replica& replica, const Cluster& cluster) {
  const Endpoint first = cluster.First("Node");
  const std::string index = std::to_string(replica.index);
  if (job.runtime == TrainRuntime::kXgBoost) {
    const std::size_t workers = cluster.size() * std::max(job.gpus_per_node, 1U);
    return {{"DMLC_TRACKER_URI", first.host},
            {"DMLC_TRACKER_PORT", std::to_string(first.port)},
            {"DMLC_TASK_ID", index},
            {"DMLC_NUM_WORKER", std::to_string(workers)}};
  }
  return {{"PET_NNODES", std::to_string(cluster.size())},
          {"PET_NPROC_PER_NODE", job.processes},
          {"PET_NODE_RANK", index},
          {"PET_MASTER_ADDR", first.host},
          {"PET_MASTER_PORT", std::to_string(first.port)}};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> EnvironmentOf(const TrainingJob& job,
                                                               const Replica& replica,
                                                               std::span<const Endpoint> endpoints,
                                                               const std::string& files_folder) {
  const Cluster cluster(job, endpoints);
  switch (job.kind) {
    case TrainingKind::kPyTorch:
      return PyTorch(job, replica, cluster);
    case TrainingKind::kTensorFlow:
      return TensorFlow(job, replica, cluster);
    case TrainingKind::kMpi:
      return Mpi(job, replica, files_folder);
    case TrainingKind::kXgBoost:
      return XgBoost(replica, cluster);
    case TrainingKind::kPaddle:
      return Paddle(job, replica, cluster);
    case TrainingKind::kTrain:
      return Train(job, replica, cluster);
  }
  return {};
}

std::vector<TrainingFile> TrainingFilesOf(const TrainingJob& job) {
  if (job.kind != TrainingKind::kMpi) {
    return {};
  }
  std::uint32_t hosts = 0;
  for (const Replica& replica : ReplicasOf(job)) {
    const ReplicaRole& role = job.roles[replica.role];
    hosts += role.type == "Worker" || HasGpus(role) ? 1 : 0;
  }
  // One line: Open MPI takes a machine that is named several times with slots for a mistake.
  const std::string slots = std::to_string(hosts * job.slots);
  return {
      {.name = "hostfile", .text = "localhost slots=" + slots + "\n"},
      // What the operator's does with "kubectl exec".
      {.name = "kubexec.sh", .text = "#!/bin/sh\nshift\n/bin/sh -c \"$*\"\n", .executable = true},
      {.name = "discover_hosts.sh",
       .text = "#!/bin/sh\necho localhost:" + slots + "\n",
       .executable = true}};
}

}  // namespace hone
