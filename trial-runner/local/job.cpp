// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/job.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "core/quantity.h"
#include "core/template.h"
#include "trial-runner/local/job_fields.h"

namespace hone::local {
namespace {

using nlohmann::json;

constexpr std::string_view kGpu = "nvidia.com/gpu";
constexpr double kMostOfAnything = 1e6;  // CPUs or GPUs of one trial; more is a slip of the pen

// One JSON object and where it stands.
struct Node {
  const json* value;
  std::string path;
  Problems* problems;

  [[nodiscard]] std::string Path(std::string_view key) const {
    return path + "." + std::string(key);
  }
  // The member, null values counting as absent, as in Kubernetes.
  [[nodiscard]] const json* Find(std::string_view key) const {
    const auto found = value->find(key);
    return found == value->end() || found->is_null() ? nullptr : &*found;
  }
  [[nodiscard]] std::string Text(std::string_view key) const {
    const json* member = Find(key);
    if (member == nullptr) {
      return "";
    }
    if (!member->is_string()) {
      problems->Refuse(Path(key), "must be a text; put it in quotes");
      return "";
    }
    return member->get<std::string>();
  }
  [[nodiscard]] std::optional<std::int64_t> Integer(std::string_view key) const {
    const json* member = Find(key);
    if (member == nullptr) {
      return std::nullopt;
    }
    if (member->is_string() && member->get_ref<const std::string&>().starts_with(kPlainMark)) {
      problems->CannotHere(Path(key), "must be the same for all trials with the local runner");
      return std::nullopt;
    }
    if (!member->is_number_integer()) {
      problems->Refuse(Path(key), "must be a whole number without quotes");
      return std::nullopt;
    }
    return member->get<std::int64_t>();
  }
  // An object; empty stands for a missing one, and for a mistyped one, which is told.
  [[nodiscard]] Node Object(std::string_view key) const {
    static const json kNothing = json::object();
    const json* member = Find(key);
    if (member != nullptr && !member->is_object()) {
      problems->Refuse(Path(key), "must be an object");
      member = nullptr;
    }
    return {member == nullptr ? &kNothing : member, Path(key), problems};
  }
  [[nodiscard]] const json& List(std::string_view key) const {
    static const json kNothing = json::array();
    const json* member = Find(key);
    if (member != nullptr && !member->is_array()) {
      problems->Refuse(Path(key), "must be a list");
      member = nullptr;
    }
    return member == nullptr ? kNothing : *member;
  }
};

bool IsEmpty(const json& value) {
  return value.is_null() || ((value.is_object() || value.is_array()) && value.empty());
}

// What a list is about: the names of its members, if they have names.
std::string NamesIn(const json& list) {
  std::string names;
  if (!list.is_array()) {
    return names;
  }
  for (const json& item : list) {
    if (item.is_object() && item.contains("name") && item["name"].is_string()) {
      names += (names.empty() ? "" : ", ") + item["name"].get<std::string>();
    }
  }
  return names;
}

void TellUnknown(const Node& node, const std::string& key, std::span<const FieldRule> rules) {
  std::vector<std::string_view> names;
  for (const FieldRule& rule : rules) {
    names.push_back(rule.name);
  }
  const std::string_view nearest = Nearest(key, names);
  node.problems->Warn(node.Path(key), nearest.empty()
                                          ? "unknown field; it has no effect"
                                          : "unknown field; did you mean '" + std::string(nearest) +
                                                "'? As it is, it has no effect");
}

void ApplyRules(const Node& node, std::span<const FieldRule> rules) {
  for (const auto& [key, value] : node.value->items()) {
    if (IsEmpty(value)) {
      continue;
    }
    const FieldRule* rule = nullptr;
    for (const FieldRule& candidate : rules) {
      rule = candidate.name == key ? &candidate : rule;
    }
    if (rule == nullptr) {
      TellUnknown(node, key, rules);
      continue;
    }
    const std::string names = NamesIn(value);
    const std::string subject = names.empty() ? "" : "'" + names + "': ";
    if (rule->treatment == Treatment::kRefused) {
      node.problems->CannotHere(node.Path(key), subject + "not possible with the local runner: " +
                                                    std::string(rule->advice));
    } else if (rule->treatment == Treatment::kWarned) {
      node.problems->Warn(node.Path(key),
                          subject + "not used by the local runner: " + std::string(rule->advice));
    }
  }
}

std::vector<std::string> Texts(const Node& node, std::string_view key) {
  std::vector<std::string> texts;
  const json& list = node.List(key);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_string()) {
      node.problems->Refuse(node.Path(key) + "[" + std::to_string(i) + "]",
                            "must be a text; put it in quotes");
      continue;
    }
    texts.push_back(list[i].get<std::string>());
  }
  return texts;
}

void DecodeEnv(const Node& container, LocalJob& job) {
  const json& list = container.List("env");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Node item{&list[i], container.Path("env") + "[" + std::to_string(i) + "]",
                    container.problems};
    if (!list[i].is_object()) {
      container.problems->Refuse(item.path, "must be an object with name and value");
      continue;
    }
    const std::string name = item.Text("name");
    if (name.empty() || name.find('=') != std::string::npos) {
      container.problems->Refuse(item.Path("name"), "must be the name of a variable, without '='");
    }
    if (item.Find("valueFrom") != nullptr) {
      container.problems->CannotHere(
          item.Path("valueFrom"),
          "variable '" + name + "': not possible with the local runner; write its value");
    }
    job.env.emplace_back(name, item.Text("value"));
  }
}

// The greater of request and limit, 0 if neither is given.
double Resource(const Node& resources, std::string_view name) {
  double most = 0;
  for (const std::string_view kind : {"requests", "limits"}) {
    const Node group = resources.Object(kind);
    const json* value = group.Find(name);
    if (value == nullptr) {
      continue;
    }
    const std::string text = value->is_string() ? value->get<std::string>() : value->dump();
    const std::optional<double> quantity = ParseQuantity(text);
    if (!quantity || *quantity > kMostOfAnything) {
      // Katib takes a placeholder here; slots are counted before a trial has its values.
      resources.problems->Add(
          {.field = group.Path(name),
           .message = "'" + Printable(text, 80) +
                      "' is no quantity; write a number such as 2 or \"500m\", "
                      "the same for all trials",
           .unsupported = text.find("${trialParameters.") != std::string::npos});
      continue;
    }
    most = std::max(most, *quantity);
  }
  return most;
}

void DecodeResources(const Node& container, LocalJob& job) {
  const Node resources = container.Object("resources");
  const double cpus = std::ceil(Resource(resources, "cpu"));
  const double gpus = Resource(resources, kGpu);
  if (gpus != std::floor(gpus)) {
    container.problems->Refuse(resources.Path("limits") + "." + std::string(kGpu),
                               "must be a whole number of GPUs");
  }
  job.demand = {.cpus = std::max(1U, static_cast<std::uint32_t>(cpus)),
                .gpus = static_cast<std::uint32_t>(gpus)};
  const Node limits = resources.Object("limits");
  if (limits.Find("memory") != nullptr) {
    job.memory =
        limits.Find("memory")->is_string() ? limits.Text("memory") : limits.Find("memory")->dump();
    container.problems->Warn(limits.Path("memory"),
                             "the local runner does not enforce memory limits");
  }
}

void DecodeContainer(const Node& container, const DefaultCommand& fallback, LocalJob& job) {
  ApplyRules(container, ContainerRules());
  job.image = container.Text("image");
  job.command = Texts(container, "command");
  if (job.command.empty() && !fallback.command.empty() && container.List("args").empty()) {
    job.command = fallback.command;
  }
  if (job.command.empty()) {
    container.problems->CannotHere(
        container.Path("command"),
        "is missing: the local runner does not start images, so the entry point of image '" +
            Printable(job.image, 200) +
            "' is not known here; add command: [\"python3\", \"train.py\"] or whatever starts the "
            "training on this machine");
  }
  for (std::string& argument : Texts(container, "args")) {
    job.command.push_back(std::move(argument));
  }
  job.working_folder = container.Text("workingDir");
  if (!job.working_folder.empty() && job.working_folder.front() != '/') {
    container.problems->Refuse(container.Path("workingDir"), "must start with '/'");
  }
  DecodeEnv(container, job);
  DecodeResources(container, job);
}

void DecodePod(const Node& pod, const std::string& primary, LocalJob& job) {
  ApplyRules(pod, PodRules());
  const json& containers = pod.List("containers");
  std::string others;
  std::optional<Node> mine;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const Node node{&containers[i], pod.Path("containers") + "[" + std::to_string(i) + "]",
                    pod.problems};
    if (!containers[i].is_object()) {
      pod.problems->Refuse(node.path, "must be an object");
      continue;
    }
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
                             "the local runner starts the primary container '" +
                                 Printable(primary, 80) + "' alone; remove " + others +
                                 " or run on a cluster");
  }
  DecodeContainer(*mine, {}, job);
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
  const json* suspend = spec.Find("suspend");
  if (suspend != nullptr && *suspend != json(false)) {
    spec.problems->CannotHere(spec.Path("suspend"), "a suspended Job never starts; remove it");
  }
}

}  // namespace

LocalJob DecodeJob(std::string_view text, const std::string& primary_container,
                   const std::string& field, Problems& problems) {
  LocalJob job;
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    problems.Refuse(field, "must be a JSON object");
    return job;
  }
  const Node root{&object, field, &problems};
  const std::string version = root.Text("apiVersion");
  const std::string kind = root.Text("kind");
  if (version != "batch/v1" || kind != "Job") {
    problems.CannotHere(root.Path("kind"),
                        "the local runner runs batch/v1 Job and Kubeflow's "
                        "training jobs, not '" +
                            Printable(version, 80) + " " + Printable(kind, 80) +
                            "'; write the training as one of them");
    return job;
  }
  const Node spec = root.Object("spec");
  ApplyRules(spec, JobRules());
  DecodeCounts(spec, job);
  DecodePod(spec.Object("template").Object("spec"), primary_container, job);
  return job;
}

LocalJob DecodePodSpec(std::string_view text, const std::string& container,
                       const std::string& field, const DefaultCommand& fallback,
                       Problems& problems) {
  LocalJob job;
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    problems.Refuse(field, "must be an object");
    return job;
  }
  const Node pod{&object, field, &problems};
  const json& containers = pod.List("containers");
  const bool single = containers.size() == 1 && containers[0].is_object();
  if (!single) {
    DecodePod(pod, container, job);
    return job;
  }
  ApplyRules(pod, PodRules());
  const bool inline_trainer = field.ends_with(".trainer");  // of a TrainJob, which has no pod
  const std::string path = inline_trainer ? field : pod.Path("containers") + "[0]";
  DecodeContainer({&containers[0], path, &problems}, fallback, job);
  return job;
}

}  // namespace hone::local
