// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/job_node.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "core/template.h"

namespace hone::local {
namespace {

using nlohmann::json;

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

}  // namespace

const json* Node::Find(std::string_view key) const {
  const auto found = value->find(key);
  return found == value->end() || found->is_null() ? nullptr : &*found;
}

std::string Node::Text(std::string_view key) const {
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

std::optional<std::int64_t> Node::Integer(std::string_view key) const {
  const json* member = Find(key);
  if (member == nullptr) {
    return std::nullopt;
  }
  if (member->is_string() && member->get_ref<const std::string&>().starts_with(kPlainMark)) {
    problems->CannotHere(Path(key), "must be the same for all trials with " + Runner());
    return std::nullopt;
  }
  if (!member->is_number_integer()) {
    problems->Refuse(Path(key), "must be a whole number without quotes");
    return std::nullopt;
  }
  return member->get<std::int64_t>();
}

bool Node::Flag(std::string_view key) const {
  const json* member = Find(key);
  if (member != nullptr && !member->is_boolean()) {
    problems->Refuse(Path(key), "must be true or false");
    return false;
  }
  return member != nullptr && member->get<bool>();
}

Node Node::Object(std::string_view key) const {
  static const json kNothing = json::object();
  const json* member = Find(key);
  if (member != nullptr && !member->is_object()) {
    problems->Refuse(Path(key), "must be an object");
    member = nullptr;
  }
  return {member == nullptr ? &kNothing : member, Path(key), problems, place};
}

const json& Node::List(std::string_view key) const {
  static const json kNothing = json::array();
  const json* member = Find(key);
  if (member != nullptr && !member->is_array()) {
    problems->Refuse(Path(key), "must be a list");
    member = nullptr;
  }
  return member == nullptr ? kNothing : *member;
}

std::vector<Node> Node::Objects(std::string_view key) const {
  std::vector<Node> nodes;
  const json& list = List(key);
  for (std::size_t i = 0; i < list.size(); ++i) {
    Node item{&list[i], Path(key) + "[" + std::to_string(i) + "]", problems, place};
    if (list[i].is_object()) {
      nodes.push_back(std::move(item));
    } else {
      problems->Refuse(item.path, "must be an object");
    }
  }
  return nodes;
}

std::vector<std::string> Node::Texts(std::string_view key) const {
  std::vector<std::string> texts;
  const json& list = List(key);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_string()) {
      problems->Refuse(Path(key) + "[" + std::to_string(i) + "]",
                       "must be a text; put it in quotes");
      continue;
    }
    texts.push_back(list[i].get<std::string>());
  }
  return texts;
}

void Node::TellUnknown(const std::string& key, std::span<const FieldRule> rules) const {
  std::vector<std::string_view> names;
  for (const FieldRule& rule : rules) {
    names.push_back(rule.name);
  }
  const std::string_view nearest = Nearest(key, names);
  problems->Warn(Path(key), nearest.empty()
                                ? "unknown field; it has no effect"
                                : "unknown field; did you mean '" + std::string(nearest) +
                                      "'? As it is, it has no effect");
}

void Node::ApplyRules(std::span<const FieldRule> rules) const {
  for (const auto& [key, member] : value->items()) {
    if (IsEmpty(member)) {
      continue;
    }
    const FieldRule* rule = nullptr;
    for (const FieldRule& candidate : rules) {
      // The first one counts.
      rule = rule == nullptr && candidate.name == key ? &candidate : rule;
    }
    if (rule == nullptr) {
      TellUnknown(key, rules);
      continue;
    }
    const std::string names = NamesIn(member);
    const auto told = [&](std::string_view verdict) {
      std::string text = names.empty() ? "" : "'" + names + "': ";
      return text.append(verdict).append(Runner()).append(": ").append(rule->advice);
    };
    if (rule->treatment == Treatment::kRefused) {
      problems->CannotHere(Path(key), told("not possible with "));
    } else if (rule->treatment == Treatment::kWarned) {
      problems->Warn(Path(key), told("not used by "));
    }
  }
}

}  // namespace hone::local
