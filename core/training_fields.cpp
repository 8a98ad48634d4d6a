// SPDX-License-Identifier: Apache-2.0
#include "core/training_fields.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "core/template.h"

namespace hone::training {

using nlohmann::json;

const json* Node::Find(std::string_view key) const {
  const auto found = value_->find(key);
  return found == value_->end() || found->is_null() ? nullptr : &*found;
}

std::string Node::Text(std::string_view key) const {
  const json* const member = Find(key);
  if (member == nullptr) {
    return "";
  }
  if (!member->is_string()) {
    Refuse(key, "must be a text; put it in quotes");
    return "";
  }
  return member->get<std::string>();
}

std::string Node::Word(std::string_view key) const {
  const json* const member = Find(key);
  return member != nullptr && member->is_number_integer() ? member->dump() : Text(key);
}

std::optional<std::int64_t> Node::Integer(std::string_view key) const {
  const json* const member = Find(key);
  if (member == nullptr) {
    return std::nullopt;
  }
  if (member->is_string() && member->get_ref<const std::string&>().starts_with(kPlainMark)) {
    CannotHere(key, "must be the same for all trials with the local runner");
    return std::nullopt;
  }
  if (!member->is_number_integer()) {
    Refuse(key, "must be a whole number without quotes");
    return std::nullopt;
  }
  return member->get<std::int64_t>();
}

bool Node::Flag(std::string_view key) const {
  const json* const member = Find(key);
  if (member != nullptr && !member->is_boolean()) {
    Refuse(key, "must be true or false");
    return false;
  }
  return member != nullptr && member->get<bool>();
}

Node Node::Object(std::string_view key) const {
  static const json kNothing = json::object();
  const json* member = Find(key);
  if (member != nullptr && !member->is_object()) {
    Refuse(key, "must be an object");
    member = nullptr;
  }
  return {member == nullptr ? kNothing : *member, path_ + "." + std::string(key), *problems_};
}

std::map<std::string, std::string> Node::TextMap() const {
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : value_->items()) {
    if (value.is_string()) {
      texts.emplace(key, value.get<std::string>());
    }
  }
  return texts;
}

std::vector<std::pair<std::string, std::string>> Node::PairList(std::string_view key) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  const json* const list = Find(key);
  if (list == nullptr || !list->is_array()) {
    return pairs;
  }
  for (const json& item : *list) {
    const Node pair(item, path_ + "." + std::string(key), *problems_);
    if (item.is_object()) {
      pairs.emplace_back(pair.Text("key"), pair.Text("value"));
    }
  }
  return pairs;
}

std::string Node::Dump() const {
  return value_->dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<Node> Node::Objects(std::string_view key) const {
  std::vector<Node> nodes;
  const json* const list = Find(key);
  if (list == nullptr || !list->is_array()) {
    if (list != nullptr) {
      Refuse(key, "must be a list");
    }
    return nodes;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    Node item((*list)[i], path_ + "." + std::string(key) + "[" + std::to_string(i) + "]",
              *problems_);
    if ((*list)[i].is_object()) {
      nodes.push_back(std::move(item));
    } else {
      item.RefuseSelf("must be an object");
    }
  }
  return nodes;
}

std::vector<std::string> Node::Texts(std::string_view key) const {
  std::vector<std::string> texts;
  const json* const list = Find(key);
  if (list == nullptr) {
    return texts;
  }
  const bool all = list->is_array() &&
                   std::ranges::all_of(*list, [](const json& item) { return item.is_string(); });
  if (!all) {
    Refuse(key, "must be a list of texts");
    return texts;
  }
  for (const json& item : *list) {
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

void Node::CannotOthers(std::span<const std::string_view> names, const std::string& message) const {
  for (const auto& [key, value] : value_->items()) {
    const bool empty = value.is_null() || (value.is_structured() && value.empty());
    if (empty || std::ranges::find(names, key) != names.end()) {
      continue;
    }
    const std::string_view near =
        Nearest(key, std::vector<std::string_view>(names.begin(), names.end()));
    problems_->CannotHere(
        path_ + "." + Printable(key, 60),
        message + (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
  }
}

void Node::Refuse(std::string_view key, std::string message) const {
  problems_->Refuse(path_ + "." + std::string(key), std::move(message));
}

void Node::RefuseSelf(std::string message) const {
  problems_->Refuse(path_, std::move(message));
}

void Node::CannotHere(std::string_view key, std::string message) const {
  problems_->CannotHere(path_ + "." + std::string(key), std::move(message));
}

void Node::Know(std::initializer_list<std::string_view> names) const {
  for (const auto& [key, value] : value_->items()) {
    if (std::ranges::find(names, key) != names.end()) {
      continue;
    }
    const std::string_view near = Nearest(key, std::vector<std::string_view>(names));
    problems_->Warn(path_ + "." + Printable(key, 60),
                    near.empty() ? "unknown field; it has no effect"
                                 : "unknown field; did you mean '" + std::string(near) +
                                       "'? As it is, it has no effect");
  }
}

void Node::RefuseOthers(std::span<const std::string_view> names, const std::string& message) const {
  for (const auto& [key, value] : value_->items()) {
    if (std::ranges::find(names, key) == names.end()) {
      problems_->Refuse(path_ + "." + Printable(key, 60), message);
    }
  }
}

namespace {

// The greater of request and limit, as far as it is a plain number; the pod is checked later.
std::uint32_t GpusOf(const Node& resources) {
  std::uint32_t most = 0;
  for (const std::string_view kind : {"requests", "limits"}) {
    const auto number = ParseInt(resources.Object(kind).Word("nvidia.com/gpu"));
    most = std::max(most, static_cast<std::uint32_t>(std::clamp<std::int64_t>(
                              number.value_or(0), 0, std::int64_t{1} << 20)));
  }
  return most;
}

// The trainer's rule, numProcPerNode "auto" or "cpu": with resources without GPUs, a process per
// CPU.
std::string ProcessesOf(const Node& trainer, const TrainingJob& job) {
  const std::string word =
      trainer.Find("numProcPerNode") != nullptr ? trainer.Word("numProcPerNode") : "auto";
  const bool counted = ParseInt(word).value_or(0) >= 1;
  if (!counted && word != "auto" && word != "cpu" && word != "gpu") {
    trainer.Refuse("numProcPerNode", "must be a whole number, auto, cpu or gpu");
  }
  const Node resources = trainer.Object("resourcesPerNode");
  const bool by_cpu = word == "cpu" || (word == "auto" && job.gpus_per_node == 0);
  if (!by_cpu || trainer.Find("resourcesPerNode") == nullptr) {
    return word;
  }
  for (const std::string_view kind : {"limits", "requests"}) {
    if (const auto cpus = ParseInt(resources.Object(kind).Word("cpu"))) {
      return std::to_string(std::max<std::int64_t>(1, *cpus));
    }
  }
  return "1";
}

void DecodeRuntime(const Node& spec, TrainingJob& job) {
  const Node runtime = spec.Object("runtimeRef");
  const std::string name = runtime.Text("name");
  if (name.starts_with("torch") && !name.starts_with("torchtune")) {
    job.runtime = TrainRuntime::kTorch;
  } else if (name.starts_with("xgboost")) {
    job.runtime = TrainRuntime::kXgBoost;
  } else {
    runtime.CannotHere("name", "'" + Printable(name, 60) +
                                   "' is not known here; torch-distributed and xgboost-distributed "
                                   "are, and what a runtime adds to them is not");
  }
}

}  // namespace

void DecodeTrainJob(const Node& spec, TrainingJob& job) {
  if (spec.Find("trainer") == nullptr) {
    spec.CannotHere("trainer",
                    "is missing: the command of a runtime of the cluster is not known here");
    return;
  }
  spec.Know({"runtimeRef", "trainer", "suspend", "managedBy", "labels", "annotations",
             "initializer", "podTemplateOverrides", "podSpecOverrides", "activeDeadlineSeconds"});
  DecodeRuntime(spec, job);
  for (const std::string_view key : {"initializer", "podTemplateOverrides", "podSpecOverrides"}) {
    if (spec.Find(key) != nullptr) {
      spec.CannotHere(key, "not possible with the local runner; remove it");
    }
  }
  if (spec.Flag("suspend")) {
    spec.CannotHere("suspend", "a suspended job never starts; remove it");
  }
  if (const auto seconds = spec.Integer("activeDeadlineSeconds")) {
    if (*seconds < 1) {
      spec.Refuse("activeDeadlineSeconds", "must be at least 1 second");
    }
    job.deadline = std::chrono::seconds(*seconds);
  }
  const Node trainer = spec.Object("trainer");
  trainer.Know(
      {"numNodes", "numProcPerNode", "image", "command", "args", "env", "resourcesPerNode"});
  ReplicaRole role;
  role.type = "Node";
  role.restart = RestartPolicy::kOnFailure;
  constexpr std::int64_t kMostNodes = 256;
  const std::int64_t nodes = trainer.Integer("numNodes").value_or(1);
  if (nodes < 1 || nodes > kMostNodes) {
    trainer.Refuse("numNodes", "must be between 1 and " + std::to_string(kMostNodes));
  } else {
    role.replicas = static_cast<std::uint32_t>(nodes);
  }
  job.gpus_per_node = GpusOf(trainer.Object("resourcesPerNode"));
  job.processes = ProcessesOf(trainer, job);
  json container = json::object();
  container["name"] = "node";
  for (const auto& [from, to] :
       {std::pair{"image", "image"}, std::pair{"command", "command"}, std::pair{"args", "args"},
        std::pair{"env", "env"}, std::pair{"resourcesPerNode", "resources"}}) {
    if (const json* const value = trainer.Find(from)) {
      container[to] = *value;
    }
  }
  role.pod = DumpJson(json({{"containers", json::array({container})}}));
  role.pod_field = trainer.path();
  job.roles.push_back(std::move(role));
}

}  // namespace hone::training
