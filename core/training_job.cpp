// SPDX-License-Identifier: Apache-2.0
#include "core/training_job.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "base/json.h"
#include "base/text.h"
#include "core/training_fields.h"

namespace hone {
namespace {

using nlohmann::json;
using training::Node;

constexpr std::uint32_t kMostReplicas = 256;
// Of a batch/v1 Job. The operators have none, so that a broken program is started for ever.
constexpr std::uint32_t kBackoffLimit = 6;
constexpr std::array<std::string_view, 4> kRestarts = {"Never", "OnFailure", "Always", "ExitCode"};
constexpr std::string_view kRoleLabel = "training.kubeflow.org/job-role";

struct KindFacts {
  TrainingKind kind;
  std::string_view word;
  std::string_view replica_specs;
  std::array<std::string_view, 5> types;  ///< in the order of their ranks
  RestartPolicy restart;                  ///< the operator's default
  std::string_view container;
};

constexpr std::array<KindFacts, 6> kKinds = {{
    {TrainingKind::kPyTorch,
     "PyTorchJob",
     "pytorchReplicaSpecs",
     {"Master", "Worker"},
     RestartPolicy::kOnFailure,
     "pytorch"},
    {TrainingKind::kTensorFlow,
     "TFJob",
     "tfReplicaSpecs",
     {"Chief", "Master", "PS", "Worker", "Evaluator"},
     RestartPolicy::kNever,
     "tensorflow"},
    {TrainingKind::kMpi,
     "MPIJob",
     "mpiReplicaSpecs",
     {"Launcher", "Worker"},
     RestartPolicy::kNever,
     "mpi"},
    {TrainingKind::kXgBoost,
     "XGBoostJob",
     "xgbReplicaSpecs",
     {"Master", "Worker"},
     RestartPolicy::kNever,
     "xgboost"},
    {TrainingKind::kPaddle,
     "PaddleJob",
     "paddleReplicaSpecs",
     {"Master", "Worker"},
     RestartPolicy::kOnFailure,
     "paddle"},
    {TrainingKind::kTrain, "TrainJob", "", {"Node"}, RestartPolicy::kOnFailure, "node"},
}};

const KindFacts& FactsOf(TrainingKind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

std::optional<RestartPolicy> ParseRestart(std::string_view word) {
  const auto* const found = std::ranges::find(kRestarts, word);
  if (found == kRestarts.end()) {
    return std::nullopt;
  }
  return static_cast<RestartPolicy>(found - kRestarts.begin());
}

void DecodeReplicas(const Node& node, std::string_view key, std::uint32_t& replicas) {
  const auto count = node.Integer(key);
  if (!count) {
    return;
  }
  if (*count < 1 || *count > kMostReplicas) {
    node.Refuse(key, "must be between 1 and " + std::to_string(kMostReplicas) +
                         "; remove a role that shall have no replica");
    return;
  }
  replicas = static_cast<std::uint32_t>(*count);
}

void DecodeRole(const Node& node, const KindFacts& facts, ReplicaRole& role) {
  node.Know({"replicas", "restartPolicy", "template"});
  DecodeReplicas(node, "replicas", role.replicas);
  role.restart = facts.restart;
  if (const std::string word = node.Text("restartPolicy"); !word.empty()) {
    if (const auto policy = ParseRestart(word)) {
      role.restart = *policy;
    } else {
      node.Refuse("restartPolicy", "must be Never, OnFailure, Always or ExitCode");
    }
  }
  const Node pod_template = node.Object("template");
  const Node pod = pod_template.Object("spec");
  role.pod = pod.Dump();
  role.pod_field = pod.path();
  role.labels = pod_template.Object("metadata").Object("labels").TextMap();
}

// The roles that a template must have.
void CheckRoles(const Node& specs, TrainingJob& job) {
  const auto has = [&job](std::string_view type) {
    return std::ranges::any_of(job.roles, [type](const ReplicaRole& r) { return r.type == type; });
  };
  const auto single = [&](std::string_view type) {
    for (const ReplicaRole& role : job.roles) {
      if (role.type == type && role.replicas != 1) {
        specs.Refuse(std::string(type) + ".replicas", "must be 1");
      }
    }
  };
  if (job.kind == TrainingKind::kMpi && !has("Launcher")) {
    specs.RefuseSelf("needs a Launcher, which runs mpirun");
  }
  if (job.kind == TrainingKind::kXgBoost && !has("Master")) {
    specs.RefuseSelf("needs a Master");
  }
  if (job.kind == TrainingKind::kTensorFlow && has("Chief") && has("Master")) {
    specs.RefuseSelf("cannot have a Chief and a Master; Master is the old word for Chief");
  }
  if (job.kind == TrainingKind::kTensorFlow && !has("Chief") && !has("Master") && !has("Worker")) {
    specs.RefuseSelf("needs a Chief or a Worker");
  }
  if (job.kind != TrainingKind::kPaddle) {
    single("Master");
  }
  single("Chief");
  single("Launcher");
}

void DecodeRoles(const Node& spec, const KindFacts& facts, TrainingJob& job) {
  const Node specs = spec.Object(facts.replica_specs);
  std::vector<std::string_view> known;
  for (const std::string_view type : facts.types) {
    if (type.empty()) {
      continue;
    }
    known.push_back(type);
    if (specs.Find(type) != nullptr) {
      ReplicaRole role;
      role.type = type;
      DecodeRole(specs.Object(type), facts, role);
      job.roles.push_back(std::move(role));
    }
  }
  specs.RefuseOthers(known, "is no role of a " + std::string(facts.word));
  CheckRoles(specs, job);
}

void DecodeRunPolicy(const Node& policy, TrainingJob& job) {
  policy.Know({"cleanPodPolicy", "ttlSecondsAfterFinished", "activeDeadlineSeconds", "backoffLimit",
               "schedulingPolicy", "suspend", "managedBy"});
  constexpr std::int64_t kCentury = 3'155'760'000;
  if (const auto seconds = policy.Integer("activeDeadlineSeconds")) {
    if (*seconds < 1 || *seconds > kCentury) {
      policy.Refuse("activeDeadlineSeconds", "must be at least 1 second");
    } else {
      job.deadline = std::chrono::seconds(*seconds);
    }
  }
  if (const auto limit = policy.Integer("backoffLimit")) {
    if (*limit < 0 || *limit > 1'000'000) {
      policy.Refuse("backoffLimit", "must be between 0 and 1000000");
    } else {
      job.backoff_limit = static_cast<std::uint32_t>(*limit);
    }
  }
  const std::string clean = policy.Text("cleanPodPolicy");
  if (!clean.empty() && clean != "All" && clean != "Running" && clean != "None") {
    policy.Refuse("cleanPodPolicy", "must be All, Running or None");
  }
  if (policy.Flag("suspend")) {
    policy.CannotHere("suspend", "a suspended job never starts; remove it");
  }
}

std::string PairsOf(const Node& elastic) {
  std::string text;
  for (const auto& [key, value] : elastic.PairList("rdzvConf")) {
    text += (text.empty() ? "" : ",") + key + "=" + value;
  }
  return text;
}

ElasticPolicy DecodeElastic(const Node& node, const TrainingJob& job) {
  node.Know({"minReplicas", "maxReplicas", "rdzvBackend", "rdzvPort", "rdzvHost", "rdzvId",
             "rdzvConf", "standalone", "nProcPerNode", "maxRestarts", "metrics"});
  ElasticPolicy elastic;
  const auto role = std::ranges::find(job.roles, "Worker", &ReplicaRole::type);
  if (role == job.roles.end()) {
    node.RefuseSelf("needs a Worker");
    return elastic;
  }
  const auto least = node.Integer("minReplicas");
  const auto most = node.Integer("maxReplicas");
  const std::int64_t workers = role->replicas;
  elastic.nodes = std::to_string(least.value_or(most.value_or(workers))) + ":" +
                  std::to_string(most.value_or(least.value_or(workers)));
  if (const std::string backend = node.Text("rdzvBackend"); !backend.empty()) {
    elastic.backend = backend;
  }
  if (const std::string id = node.Text("rdzvId"); !id.empty()) {
    elastic.id = id;
  }
  if (std::string pairs = PairsOf(node); !pairs.empty()) {
    elastic.configuration = std::move(pairs);
  }
  if (node.Find("rdzvHost") != nullptr || node.Find("rdzvPort") != nullptr) {
    node.CannotHere("rdzvHost", "the rendezvous is at worker 0; remove rdzvHost and rdzvPort");
  }
  elastic.restarts = node.Integer("maxRestarts");
  elastic.processes = node.Integer("nProcPerNode");
  elastic.standalone = node.Flag("standalone");
  return elastic;
}

void DecodeOwnFields(const Node& spec, const KindFacts& facts, TrainingJob& job) {
  switch (job.kind) {
    case TrainingKind::kPyTorch:
      spec.Know({facts.replica_specs, "runPolicy", "nprocPerNode", "elasticPolicy"});
      job.processes = spec.Find("nprocPerNode") != nullptr ? spec.Word("nprocPerNode") : "auto";
      if (spec.Find("elasticPolicy") != nullptr) {
        job.elastic = DecodeElastic(spec.Object("elasticPolicy"), job);
      }
      return;
    case TrainingKind::kTensorFlow: {
      spec.Know({facts.replica_specs, "runPolicy", "successPolicy", "enableDynamicWorker"});
      const std::string policy = spec.Text("successPolicy");
      job.all_workers = policy == "AllWorkers";
      if (!policy.empty() && !job.all_workers && policy != "Default") {
        spec.Refuse("successPolicy", "must be AllWorkers, or absent");
      }
      if (spec.Flag("enableDynamicWorker")) {
        spec.CannotHere("enableDynamicWorker", "all replicas start together; remove it");
      }
      return;
    }
    case TrainingKind::kMpi: {
      spec.Know(
          {facts.replica_specs, "runPolicy", "slotsPerWorker", "cleanPodPolicy", "mainContainer"});
      DecodeReplicas(spec, "slotsPerWorker", job.slots);
      return;
    }
    case TrainingKind::kXgBoost:
    case TrainingKind::kPaddle:
    case TrainingKind::kTrain:
      spec.Know({facts.replica_specs, "runPolicy", "elasticPolicy"});
      if (spec.Find("elasticPolicy") != nullptr) {
        spec.CannotHere("elasticPolicy", "the number of replicas does not change here; remove it");
      }
      return;
  }
}

}  // namespace

std::string_view RestartWord(RestartPolicy policy) {
  return kRestarts.at(static_cast<std::size_t>(policy));
}

std::optional<TrainingKind> TrainingKindOf(std::string_view api_version, std::string_view kind) {
  for (const KindFacts& facts : kKinds) {
    const bool train = facts.kind == TrainingKind::kTrain;
    const bool version =
        train ? api_version.starts_with("trainer.kubeflow.org/") : api_version == "kubeflow.org/v1";
    if (facts.word == kind && version) {
      return facts.kind;
    }
  }
  return std::nullopt;
}

std::string_view TrainingKindWord(TrainingKind kind) {
  return FactsOf(kind).word;
}

std::string_view DefaultContainer(TrainingKind kind) {
  return FactsOf(kind).container;
}

TrainingJob DecodeTrainingJob(std::string_view object, TrainingKind kind, const std::string& field,
                              Problems& problems) {
  TrainingJob job;
  job.kind = kind;
  job.backoff_limit = kBackoffLimit;
  const json parsed = ParseJson(object);
  if (!parsed.is_object()) {
    problems.Refuse(field, "must be a JSON object");
    return job;
  }
  const Node root(parsed, field, problems);
  job.name = root.Object("metadata").Text("name");
  const Node spec = root.Object("spec");
  if (kind == TrainingKind::kTrain) {
    training::DecodeTrainJob(spec, job);
    return job;
  }
  const KindFacts& facts = FactsOf(kind);
  if (const json* const specs = spec.Find(facts.replica_specs);
      specs == nullptr || specs->empty()) {
    spec.CannotHere(facts.replica_specs, "is missing: it says which processes the job has");
    return job;
  }
  DecodeRoles(spec, facts, job);
  DecodeOwnFields(spec, facts, job);
  DecodeRunPolicy(spec.Object("runPolicy"), job);
  std::uint32_t total = 0;
  for (const ReplicaRole& role : job.roles) {
    total += role.replicas;
  }
  if (total > kMostReplicas) {
    spec.Refuse(facts.replica_specs, "has " + std::to_string(total) + " replicas; at most " +
                                         std::to_string(kMostReplicas) + " are possible");
  }
  return job;
}

std::vector<Replica> ReplicasOf(const TrainingJob& job) {
  const auto has = [&job](std::string_view type) {
    return std::ranges::any_of(job.roles, [type](const ReplicaRole& r) { return r.type == type; });
  };
  const bool led = has("Master") || has("Chief") || has("Launcher");
  const bool all = job.all_workers || job.kind != TrainingKind::kTensorFlow;
  std::vector<Replica> replicas;
  for (std::size_t role = 0; role < job.roles.size(); ++role) {
    const std::string& type = job.roles[role].type;
    const bool leads = type == "Master" || type == "Chief" || type == "Launcher";
    const bool works = type == "Worker" || type == "Node";
    for (std::uint32_t index = 0; index < job.roles[role].replicas; ++index) {
      const bool first = job.kind == TrainingKind::kTensorFlow && index == 0;
      replicas.push_back({.role = role,
                          .index = index,
                          .name = Lower(type) + "-" + std::to_string(index),
                          .decides = led ? leads : works && (all || index == 0),
                          .master = led ? leads : works && first});
    }
  }
  return replicas;
}

std::optional<std::size_t> PrimaryOf(const TrainingJob& job,
                                     const std::map<std::string, std::string>& labels) {
  const std::vector<Replica> replicas = ReplicasOf(job);
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    const ReplicaRole& role = job.roles[replicas[i].role];
    const std::string type = Lower(role.type);
    const auto matches = [&](const auto& label) {
      const auto& [key, value] = label;
      if (key == kRoleLabel) {
        return value == type || (value == "master" && replicas[i].master);
      }
      if (key == "training.kubeflow.org/replica-type") {
        return value == type;
      }
      if (key == "training.kubeflow.org/replica-index" ||
          key == "batch.kubernetes.io/job-completion-index") {
        return value == std::to_string(replicas[i].index);
      }
      if (key == "jobset.sigs.k8s.io/replicatedjob-name") {
        return value == type;
      }
      const auto own = role.labels.find(key);
      return own != role.labels.end() && own->second == value;
    };
    if (std::ranges::all_of(labels, matches)) {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace hone
