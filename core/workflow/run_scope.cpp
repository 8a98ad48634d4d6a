// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "core/workflow/run_inside.h"

namespace hone::workflow {
namespace {

using nlohmann::json;

std::string Text(const json& value) {
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

tl::unexpected<Error> NoValue(std::string_view tag, const std::string& why = "") {
  return Fail(Code::kInvalidArgument,
              "'{{" + Printable(tag) + "}}' has no value" + (why.empty() ? "" : ": ") + why);
}

std::string WhyNot(std::string_view id, Phase phase) {
  return "step " + std::string(id) + " is " + std::string(PhaseWord(phase));
}

}  // namespace

Status TakeParameters(const Template& what, const std::vector<Parameter>& given, Values& inputs) {
  for (const Parameter& input : what.inputs) {
    const auto found = std::ranges::find(given, input.name, &Parameter::name);
    const bool has = found != given.end() && found->value;
    const std::optional<std::string>& chosen = has ? found->value : input.value;
    if (!chosen) {
      return Fail(Code::kInvalidArgument, "parameter '" + input.name + "' is not given");
    }
    const std::string& value = *chosen;
    if (!input.allowed.empty() && std::ranges::find(input.allowed, value) == input.allowed.end()) {
      return Fail(Code::kInvalidArgument,
                  "parameter '" + input.name + "': '" + Printable(value) + "' is none of its enum");
    }
    inputs.parameters[input.name] = value;
  }
  return {};
}

Result<Content> Run::Scope::ContentAt(const std::string& from) const {
  const auto tags = TagsIn(from);
  const auto words = tags.empty() ? std::vector<std::string_view>() : WordsOf(tags.front());
  if (words.size() == 3) {
    const auto found = node_.inputs.artifacts.find(words[2]);
    return found == node_.inputs.artifacts.end() ? Result<Content>(NoValue(tags.front()))
                                                 : Result<Content>(found->second);
  }
  const Node::Group* const group = words.size() == 5 ? node_.Find(words[1]) : nullptr;
  if (group == nullptr || group->listed || group->members.size() != 1) {
    return NoValue(from, "an artifact of a step that is run for a list");
  }
  const auto& artifacts = group->members.front()->outputs.artifacts;
  const auto found = artifacts.find(words[4]);
  if (found == artifacts.end()) {
    return NoValue(tags.front(), WhyNot(group->members.front()->id, group->members.front()->phase));
  }
  return found->second;
}

Result<std::string> Run::Scope::ValueOfStep(const Node& node,
                                            const std::vector<std::string_view>& words,
                                            std::string_view tag) {
  if (words[2] == "status") {
    return std::string(PhaseWord(node.phase));
  }
  if (node.phase == Phase::kSkipped || node.phase == Phase::kOmitted) {
    return NoValue(tag, WhyNot(node.id, node.phase));
  }
  if (words[2] == "exitCode") {
    return std::to_string(node.exit_code);
  }
  if (words.size() == 4) {
    return node.result;
  }
  const auto found = node.outputs.parameters.find(words.back());
  if (words.size() != 5 || found == node.outputs.parameters.end()) {
    return NoValue(tag, WhyNot(node.id, node.phase));
  }
  return found->second;
}

Result<std::string> Run::Scope::ValueAt(std::string_view tag, const json& item) const {
  const auto words = WordsOf(tag);
  if (words[0] == "workflow") {
    return run_.ValueOfWorkflow(words, tag);
  }
  if (words[0] == "inputs") {
    const auto found = node_.inputs.parameters.find(words.back());
    return found == node_.inputs.parameters.end() ? Result<std::string>(NoValue(tag))
                                                  : Result<std::string>(found->second);
  }
  if (words[0] == "item") {
    const bool inside = words.size() == 2 && item.is_object() && item.contains(words[1]);
    if (item.is_null() || (words.size() > 1 && !inside)) {
      return NoValue(tag);
    }
    return Text(inside ? item.at(std::string(words[1])) : item);
  }
  const Node::Group* const group = words.size() > 2 ? node_.Find(words[1]) : nullptr;
  if (group == nullptr) {
    return NoValue(tag);
  }
  if (!group->listed) {
    return group->members.empty() ? Result<std::string>(NoValue(tag))
                                  : ValueOfStep(*group->members.front(), words, tag);
  }
  json list = json::array();
  for (const auto& member : group->members) {
    if (member->phase == Phase::kSkipped) {
      continue;
    }
    HONE_ASSIGN_OR_RETURN(const std::string value, ValueOfStep(*member, words, tag));
    list.push_back(value);
  }
  return DumpJson(list);
}

Result<std::string> Run::ValueOfWorkflow(const std::vector<std::string_view>& words,
                                         std::string_view tag) const {
  if (words.size() == 2) {
    return words[1] == "name"        ? identity_.name
           : words[1] == "namespace" ? identity_.name_space
                                     : identity_.uid;
  }
  const auto found = std::ranges::find(workflow_.arguments, words.back(), &Parameter::name);
  if (words.size() != 3 || found == workflow_.arguments.end()) {
    return NoValue(tag);
  }
  return found->value.value_or("");
}

Result<std::string> Run::ValueIn(const ReadyStep& step,
                                 const std::map<std::string, std::string, std::less<>>& paths,
                                 std::string_view tag) const {
  const auto words = WordsOf(tag);
  if (words[0] == "workflow") {
    return ValueOfWorkflow(words, tag);
  }
  if (words[0] == "retries") {
    return std::to_string(step.tries);
  }
  if (words[0] == "pod" || words[0] == "node") {
    return identity_.name + "-" + step.id;
  }
  if (words.size() == 4) {
    const auto found = paths.find(tag.substr(0, tag.rfind('.')));
    return found == paths.end() ? Result<std::string>(NoValue(tag))
                                : Result<std::string>(found->second);
  }
  const auto found = step.inputs.parameters.find(words.back());
  return found == step.inputs.parameters.end() ? Result<std::string>(NoValue(tag))
                                               : Result<std::string>(found->second);
}

}  // namespace hone::workflow
