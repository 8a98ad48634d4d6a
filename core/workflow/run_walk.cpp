// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "core/workflow/run_inside.h"
#include "core/workflow/when.h"

namespace hone::workflow {
namespace {

using nlohmann::json;

constexpr std::size_t kMostNodes = 10'000;
constexpr std::size_t kMostItems = 1'000;

std::string Text(const json& value) {
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

Result<std::vector<Parameter>> FillParameters(const Call& call, const TagValue& value) {
  std::vector<Parameter> filled = call.parameters;
  for (Parameter& parameter : filled) {
    HONE_ASSIGN_OR_RETURN(std::string text, FillTags(parameter.value.value_or(""), value));
    parameter.value = parameter.value ? std::optional(std::move(text)) : std::nullopt;
  }
  return filled;
}

}  // namespace

struct Run::Look {
  static std::size_t RunningBelow(const Node& node) {
    if (node.what == nullptr) {
      return 0;
    }
    if (node.what->IsLeaf()) {
      return node.phase == Phase::kRunning ? 1 : 0;
    }
    std::size_t count = 0;
    for (const Node::Group& group : node.groups) {
      for (const auto& member : group.members) {
        count += RunningBelow(*member);
      }
    }
    return count;
  }

  static bool IsOver(const Node::Group& group) {
    return group.expanded && std::ranges::all_of(group.members, [](const auto& member) {
             return IsEnd(member->phase);
           });
  }

  static bool HasFailed(const Node::Group& group) {
    return std::ranges::any_of(group.members,
                               [](const auto& member) { return IsFailure(member->phase); });
  }

  /// The first call that has failed for good; null if none has.
  static const Node::Group* Failure(const Node& node) {
    for (std::size_t i = 0; i < node.groups.size(); ++i) {
      if (!node.what->calls[i].goes_on && HasFailed(node.groups[i])) {
        return &node.groups[i];
      }
    }
    return nullptr;
  }

  static bool MayBegin(const Node& node, const Call& call) {
    if (Failure(node) != nullptr) {
      return false;
    }
    return std::ranges::all_of(call.after, [&node](const std::string& name) {
      const Node::Group* const earlier = node.Find(name);
      return earlier != nullptr && IsOver(*earlier);
    });
  }
};

void Run::Walker::Advance(Node& node, std::size_t& room) {
  if (IsEnd(node.phase)) {
    return;
  }
  if (node.what->IsLeaf()) {
    AdvanceLeaf(node, room);
    return;
  }
  if (node.phase == Phase::kPending) {
    node.phase = Phase::kRunning;
    node.started_at = now_;
    Bound(node);
    node.groups.resize(node.what->calls.size());
  }
  std::size_t own = node.what->parallelism.value_or(kMostNodes);
  own -= std::min(own, Look::RunningBelow(node));
  std::size_t& least = own < room ? own : room;
  const std::size_t before = least;
  for (bool again = true; again;) {
    again = AdvanceCalls(node, least);
  }
  std::size_t& other = &least == &own ? room : own;
  other -= std::min(other, before - least);
  EndIfOver(node);
}

void Run::Walker::Bound(Node& node) const {
  if (node.what->deadline) {
    node.deadline = Earlier(node.deadline, now_ + *node.what->deadline);
  }
}

void Run::Walker::AdvanceLeaf(Node& node, std::size_t& room) {
  const bool due = !node.not_before || *node.not_before <= now_;
  if (node.phase != Phase::kPending || !due) {
    return;
  }
  if (node.deadline && *node.deadline <= now_) {
    node.End(Phase::kFailed, "ran longer than its activeDeadlineSeconds", now_);
    return;
  }
  if (room == 0 || ready.size() >= room_) {
    return;
  }
  if (!IsSet(node.started_at)) {
    Bound(node);  // from the first try on
    node.started_at = now_;
  }
  --room;
  node.phase = Phase::kRunning;
  ready.push_back({.id = node.id,
                   .what = node.what,
                   .inputs = node.inputs,
                   .deadline = node.deadline,
                   .tries = node.tries});
}

/// What has not begun does not any more: another step has failed.
void Run::Walker::Omit(Node::Group& group) const {
  for (const auto& member : group.members) {
    if (member->phase == Phase::kPending && member->tries == 0) {
      member->End(Phase::kOmitted, "another step has failed", now_);
    }
  }
}

/// @returns whether something ended at once, so that more may have become possible
bool Run::Walker::AdvanceCalls(Node& node, std::size_t& room) {
  bool changed = false;
  for (std::size_t i = 0; i < node.groups.size(); ++i) {
    const Call& call = node.what->calls[i];
    Node::Group& group = node.groups[i];
    if (!group.expanded && Look::MayBegin(node, call)) {
      Expand(node, call, group);
      changed = true;
    }
    const bool over_before = Look::IsOver(group);
    if (Look::Failure(node) != nullptr) {
      Omit(group);
    }
    for (const auto& member : group.members) {
      Advance(*member, room);
    }
    changed = changed || (!over_before && Look::IsOver(group));
  }
  return changed;
}

void Run::Walker::EndIfOver(Node& node) const {
  const Node::Group* const failure = Look::Failure(node);
  for (const Node::Group& group : node.groups) {
    const bool runs = group.expanded ? !Look::IsOver(group) : failure == nullptr;
    if (runs) {
      return;
    }
  }
  if (failure != nullptr) {
    const auto failed = std::ranges::find_if(
        failure->members, [](const auto& member) { return IsFailure(member->phase); });
    const bool named = !(*failed)->what || (*failed)->what->IsLeaf();
    node.End(Phase::kFailed,
             named ? "step " + (*failed)->id + ": " + (*failed)->message : (*failed)->message,
             now_);
    return;
  }
  if (const Status taken = TakeOutputs(node); !taken.has_value()) {
    node.End(Phase::kError, taken.error().message, now_);
    return;
  }
  node.End(Phase::kSucceeded, "", now_);
}

Status Run::Walker::TakeOutputs(Node& node) const {
  const Scope scope(run_, node);
  for (const Output& output : node.what->outputs) {
    const auto value =
        FillTags(output.from, [&](std::string_view tag) { return scope.ValueAt(tag, json()); });
    if (!value.has_value() && !output.fallback) {
      return tl::make_unexpected(value.error());
    }
    node.outputs.parameters[output.name] = value.value_or(output.fallback.value_or(""));
  }
  for (const Artifact& output : node.what->output_artifacts) {
    auto content = scope.ContentAt(output.from);
    if (!content.has_value() && !output.optional) {
      return tl::make_unexpected(content.error());
    }
    if (content.has_value()) {
      node.outputs.artifacts[output.name] = std::move(*content);
    }
  }
  return {};
}

/// Makes the nodes of a call.
void Run::Walker::Expand(Node& node, const Call& call, Node::Group& group) {
  group.expanded = true;
  group.listed = call.items || !call.items_from.empty();
  if (!group.listed) {
    group.members.push_back(Make(node, call, call.name, json()));
    return;
  }
  const auto items = ItemsOf(node, call);
  if (!items.has_value()) {
    group.members.push_back(Mark(node, call.name, Phase::kError, items.error().message));
    return;
  }
  for (std::size_t i = 0; i < items->size(); ++i) {
    const json& item = (*items)[i];
    const std::string shown = item.is_structured() ? "" : ":" + Printable(Text(item));
    group.members.push_back(
        Make(node, call, call.name + "(" + std::to_string(i) + shown + ")", item));
  }
  if (group.members.empty()) {
    group.members.push_back(Mark(node, call.name, Phase::kSkipped, "the list is empty"));
  }
}

Result<json> Run::Walker::ItemsOf(const Node& node, const Call& call) const {
  const std::string& source = call.items ? *call.items : call.items_from;
  const Scope scope(run_, node);
  const TagValue plain = [&](std::string_view tag) { return scope.ValueAt(tag, json()); };
  const TagValue inside = [&](std::string_view tag) -> Result<std::string> {
    HONE_ASSIGN_OR_RETURN(const std::string value, plain(tag));
    const std::string quoted = DumpJson(json(value));
    return quoted.substr(1, quoted.size() - 2);  // it stands within a text
  };
  HONE_ASSIGN_OR_RETURN(const std::string text, FillTags(source, call.items ? inside : plain));
  json items = ParseJson(text);
  if (!items.is_array() || items.size() > kMostItems) {
    return Fail(Code::kInvalidArgument, std::string(call.items ? "withItems" : "withParam") +
                                            " must be a JSON list of at most " +
                                            std::to_string(kMostItems) + " items, not '" +
                                            Printable(text) + "'");
  }
  return items;
}

std::unique_ptr<Run::Node> Run::Walker::Mark(const Node& parent, const std::string& name,
                                             Phase phase, std::string why) {
  auto node = std::make_unique<Node>();
  node->id = parent.id.empty() ? name : parent.id + "." + name;
  node->End(phase, std::move(why), now_);
  ++run_.nodes_;
  return node;
}

std::unique_ptr<Run::Node> Run::Walker::Make(const Node& parent, const Call& call,
                                             const std::string& name, const json& item) {
  if (run_.nodes_ >= kMostNodes) {
    return Mark(parent, name, Phase::kError,
                "the workflow has more than " + std::to_string(kMostNodes) + " steps");
  }
  const Scope scope(run_, parent);
  const TagValue value = [&](std::string_view tag) { return scope.ValueAt(tag, item); };
  if (!call.when.empty()) {
    const auto holds = Holds(call.when, value);
    if (!holds.has_value()) {
      return Mark(parent, name, Phase::kError, "when: " + holds.error().message);
    }
    if (!*holds) {
      return Mark(parent, name, Phase::kSkipped, "when '" + call.when + "' does not hold");
    }
  }
  auto node = Mark(parent, name, Phase::kPending, "");
  node->started_at = node->ended_at = {};
  node->what = run_.workflow_.Find(call.template_name);
  node->deadline = parent.deadline;
  if (const Status given = GiveInputs(scope, call, value, *node); !given.has_value()) {
    node->End(Phase::kError, given.error().message, now_);
  }
  return node;
}

Status Run::Walker::GiveInputs(const Scope& parent, const Call& call, const TagValue& value,
                               Node& node) {
  HONE_ASSIGN_OR_RETURN(const std::vector<Parameter> given, FillParameters(call, value));
  HONE_RETURN_IF_ERROR(TakeParameters(*node.what, given, node.inputs));
  for (const Artifact& input : node.what->input_artifacts) {
    const auto found = std::ranges::find(call.artifacts, input.name, &Artifact::name);
    const Artifact& source = found == call.artifacts.end() ? input : *found;
    if (source.raw) {
      node.inputs.artifacts[input.name] = {.path = "", .digest = "", .raw = *source.raw};
      continue;
    }
    auto content = source.from.empty()
                       ? Result<Content>(Fail(Code::kInvalidArgument,
                                              "artifact '" + input.name + "' is not given"))
                       : parent.ContentAt(source.from);
    if (!content.has_value() && !input.optional && !source.optional) {
      return tl::make_unexpected(content.error());
    }
    if (content.has_value()) {
      node.inputs.artifacts[input.name] = std::move(*content);
    }
  }
  return {};
}

}  // namespace hone::workflow
