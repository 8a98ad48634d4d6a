// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/job.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "core/quantity.h"
#include "trial-runner/local/job_fields.h"
#include "trial-runner/local/job_node.h"
#include "trial-runner/local/volumes.h"

namespace hone::local {
namespace {

using nlohmann::json;

constexpr std::string_view kGpu = "nvidia.com/gpu";
constexpr double kMostBytes = 1e18;
constexpr double kMostOfAnything = 1e6;  // CPUs or GPUs of one trial; more is a slip of the pen

void DecodeEnv(const Node& container, LocalJob& job) {
  for (const Node& item : container.Objects("env")) {
    const std::string name = item.Text("name");
    if (name.empty() || name.find('=') != std::string::npos) {
      container.problems->Refuse(item.Path("name"), "must be the name of a variable, without '='");
    }
    if (item.Find("valueFrom") != nullptr) {
      container.problems->CannotHere(
          item.Path("valueFrom"),
          "variable '" + name + "': not possible with " + container.Runner() + "; write its value");
    }
    job.env.emplace_back(name, item.Text("value"));
  }
}

// A quantity of limits or requests; nothing if it is not there, or is none, which is told.
std::optional<double> Resource(const Node& group, std::string_view name, double most) {
  const json* value = group.Find(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  const std::string text = value->is_string() ? value->get<std::string>() : value->dump();
  const std::optional<double> quantity = ParseQuantity(text);
  if (!quantity || *quantity < 0 || *quantity > most) {
    // Katib takes a placeholder here; slots are counted before a trial has its values.
    group.problems->Add({.field = group.Path(name),
                         .message = "'" + Printable(text, 80) +
                                    "' is no quantity; write a number such as 2 or \"500m\", "
                                    "the same for all trials",
                         .unsupported = text.find("${trialParameters.") != std::string::npos});
    return std::nullopt;
  }
  return quantity;
}

void DecodeResources(const Node& container, LocalJob& job) {
  const Node resources = container.Object("resources");
  const Node requests = resources.Object("requests");
  const Node limits = resources.Object("limits");
  const auto of = [](const Node& group, std::string_view name) {
    return Resource(group, name, kMostOfAnything).value_or(0);
  };
  job.image.cpu_limit = of(limits, "cpu");
  const double cpus = std::ceil(std::max(of(requests, "cpu"), job.image.cpu_limit));
  const double gpus = std::max(of(requests, kGpu), of(limits, kGpu));
  if (gpus != std::floor(gpus)) {
    container.problems->Refuse(resources.Path("limits") + "." + std::string(kGpu),
                               "must be a whole number of GPUs");
  }
  job.demand = {.cpus = std::max(1U, static_cast<std::uint32_t>(cpus)),
                .gpus = static_cast<std::uint32_t>(gpus)};
  const auto requested = Resource(requests, "memory", kMostBytes);
  const auto limit = Resource(limits, "memory", kMostBytes);
  job.demand.memory_bytes =
      static_cast<std::uint64_t>(std::ceil(requested.value_or(limit.value_or(0))));
  job.image.memory_limit = static_cast<std::uint64_t>(std::ceil(limit.value_or(0)));
  if (container.place == Place::kProcess && limit) {
    container.problems->Warn(limits.Path("memory"),
                             "the local runner does not enforce memory limits; it counts them");
  }
}

// What a process is started by: there is no image that would say.
void DecodeCommand(const Node& container, const DefaultCommand& fallback, LocalJob& job) {
  job.command = container.Texts("command");
  if (job.command.empty() && !fallback.command.empty() && container.List("args").empty()) {
    job.command = fallback.command;
  }
  if (job.command.empty()) {
    container.problems->CannotHere(
        container.Path("command"),
        "is missing: the local runner does not start images, so the entry point of image '" +
            Printable(job.image.name, 200) +
            "' is not known here; add command: [\"python3\", \"train.py\"] or whatever starts the "
            "training on this machine");
  }
  for (std::string& argument : container.Texts("args")) {
    job.command.push_back(std::move(argument));
  }
}

void DecodeImage(const Node& container, const DefaultCommand& fallback, LocalJob& job) {
  job.command = container.Texts("command");
  job.image.args = container.Texts("args");
  if (job.command.empty() && job.image.args.empty()) {
    job.command = fallback.command;  // none: the image's own
  }
  job.image.pull = container.Text("imagePullPolicy");
  if (job.image.name.empty() || job.image.name.front() == '-') {
    container.problems->Refuse(container.Path("image"), "must name an image");
  }
  const std::string& pull = job.image.pull;
  if (!pull.empty() && pull != "Never" && pull != "IfNotPresent" && pull != "Always") {
    container.problems->Refuse(container.Path("imagePullPolicy"),
                               "must be Never, IfNotPresent or Always");
  }
}

void DecodeContainer(const Node& container, const DefaultCommand& fallback, LocalJob& job) {
  container.ApplyRules(ContainerRules(container.place));
  job.image.name = container.Text("image");
  if (container.place == Place::kContainer) {
    DecodeImage(container, fallback, job);
  } else {
    DecodeCommand(container, fallback, job);
  }
  job.working_folder = container.Text("workingDir");
  if (!job.working_folder.empty() && job.working_folder.front() != '/') {
    container.problems->Refuse(container.Path("workingDir"), "must start with '/'");
  }
  DecodeEnv(container, job);
  DecodeResources(container, job);
}

void DecodePod(const Node& pod, const std::string& primary, LocalJob& job) {
  pod.ApplyRules(PodRules(pod.place));
  std::string others;
  std::optional<Node> mine;
  for (const Node& node : pod.Objects("containers")) {
    const std::string name = node.Text("name");
    if (name == primary && !mine) {
      mine = node;
    } else {
      others += (others.empty() ? "'" : ", '") + Printable(name, 80) + "'";
    }
  }
  if (!mine) {
    pod.problems->Refuse(pod.Path("containers"), "no container is named '" +
                                                     Printable(primary, 80) +
                                                     "' as primaryContainerName says; there is " +
                                                     (others.empty() ? "none" : others));
    return;
  }
  if (!others.empty()) {
    pod.problems->CannotHere(pod.Path("containers"),
                             pod.Runner() + " starts the primary container '" +
                                 Printable(primary, 80) + "' alone; remove " + others +
                                 " or run on a cluster");
  }
  DecodeContainer(*mine, {}, job);
  if (pod.place == Place::kContainer) {
    job.image.mounts = DecodeMounts(pod, *mine);
  }
}

void DecodeCounts(const Node& spec, LocalJob& job) {
  for (const std::string_view key : {"parallelism", "completions"}) {
    if (const auto count = spec.Integer(key); count && *count != 1) {
      spec.problems->CannotHere(spec.Path(key), "must be 1: a local trial is one process");
    }
  }
  if (const auto limit = spec.Integer("backoffLimit")) {
    job.backoff_limit = static_cast<int>(*limit);  // honoured by the engine, attempt by attempt
  }
  if (const auto seconds = spec.Integer("activeDeadlineSeconds")) {
    constexpr std::int64_t kCentury = 3'155'760'000;
    if (*seconds < 1 || *seconds > kCentury) {
      spec.problems->Refuse(spec.Path("activeDeadlineSeconds"), "must be at least 1 second");
    } else {
      job.deadline = std::chrono::seconds(*seconds);
    }
  }
  const json* const suspend = spec.Find("suspend");
  if (suspend != nullptr && *suspend != json(false)) {
    spec.problems->CannotHere(spec.Path("suspend"), "a suspended Job never starts; remove it");
  }
}

}  // namespace

LocalJob DecodeJob(std::string_view text, const std::string& primary_container,
                   const std::string& field, Problems& problems, Place place) {
  LocalJob job;
  const json object = ParseJson(text);
  if (!object.is_object()) {
    problems.Refuse(field, "must be a JSON object");
    return job;
  }
  const Node root{&object, field, &problems, place};
  const std::string version = root.Text("apiVersion");
  const std::string kind = root.Text("kind");
  if (version != "batch/v1" || kind != "Job") {
    problems.CannotHere(root.Path("kind"),
                        "the local runner runs batch/v1 Job, Kubeflow's training jobs and Argo's "
                        "Workflow, not '" +
                            Printable(version, 80) + " " + Printable(kind, 80) +
                            "'; write the training as one of them");
    return job;
  }
  const Node spec = root.Object("spec");
  spec.ApplyRules(JobRules());
  DecodeCounts(spec, job);
  DecodePod(spec.Object("template").Object("spec"), primary_container, job);
  return job;
}

LocalJob DecodePodSpec(std::string_view text, const std::string& container,
                       const std::string& field, const DefaultCommand& fallback, Problems& problems,
                       Place place) {
  LocalJob job;
  const json object = ParseJson(text);
  if (!object.is_object()) {
    problems.Refuse(field, "must be an object");
    return job;
  }
  const Node pod{&object, field, &problems, place};
  const json& containers = pod.List("containers");
  const bool single = containers.size() == 1 && containers[0].is_object();
  if (!single) {
    DecodePod(pod, container, job);
    return job;
  }
  pod.ApplyRules(PodRules(pod.place));
  const bool inline_trainer = field.ends_with(".trainer");  // of a TrainJob, which has no pod
  const std::string path = inline_trainer ? field : pod.Path("containers") + "[0]";
  const Node only{&containers[0], path, &problems, place};
  DecodeContainer(only, fallback, job);
  if (place == Place::kContainer) {
    job.image.mounts = DecodeMounts(pod, only);
  }
  return job;
}

LocalJob DecodeStepContainer(std::string_view text, const std::string& field, Problems& problems,
                             Place place) {
  LocalJob job;
  const json object = ParseJson(text);
  if (!object.is_object()) {
    problems.Refuse(field, "must be an object");
    return job;
  }
  const Node container{&object, field, &problems, place};
  DecodeContainer(container, {}, job);
  if (place == Place::kContainer && !container.List("volumeMounts").empty()) {
    problems.CannotHere(container.Path("volumeMounts"),
                        "steps of a workflow share files by artifacts; volumes are not mounted");
  }
  return job;
}

}  // namespace hone::local
