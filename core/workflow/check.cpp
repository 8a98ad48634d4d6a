// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "core/workflow/tags.h"
#include "core/workflow/when.h"
#include "core/workflow/workflow.h"

namespace hone::workflow {
namespace {

using nlohmann::json;
using Names = std::set<std::string_view>;

constexpr std::uint32_t kMostWidth = 64;
constexpr int kDeepest = 16;  // templates within templates

template <class Named>
const Named* FindIn(const std::vector<Named>& list, std::string_view name) {
  const auto found = std::ranges::find(list, name, &Named::name);
  return found == list.end() ? nullptr : &*found;
}

bool Is(const std::vector<std::string_view>& words, std::size_t at, std::string_view wanted) {
  return at < words.size() && words[at] == wanted;
}

/// What is over when a call of a template begins.
class Order {
 public:
  explicit Order(const Template& owner) {
    for (const Call& call : owner.calls) {
      calls_.emplace(call.name, &call);
    }
  }

  /// The call itself is among them if it waits for itself.
  const Names& Before(const Call& call) {
    const auto [found, is_new] = before_.try_emplace(call.name);
    Names& names = found->second;
    if (!is_new) {
      return names;  // perhaps under way: then there is a circle, and its first call finds itself
    }
    for (const std::string& name : call.after) {
      const auto earlier = calls_.find(name);
      if (earlier != calls_.end() && names.insert(name).second) {
        const Names& further = Before(*earlier->second);
        names.insert(further.begin(), further.end());
      }
    }
    return names;
  }

 private:
  std::map<std::string_view, const Call*> calls_;
  std::map<std::string_view, Names> before_;
};

class Checker {
 public:
  Checker(const Workflow& workflow, std::string field, Problems& problems)
      : workflow_(workflow), field_(std::move(field)), problems_(problems) {}

  void Check() {
    const std::string spec = field_ + ".spec";
    const Template* const entry = workflow_.Find(workflow_.entrypoint);
    if (entry == nullptr) {
      problems_.Refuse(spec + ".entrypoint",
                       "no template is named '" + Printable(workflow_.entrypoint, 60) + "'");
    } else {
      CheckInputs(*entry, workflow_.arguments, workflow_.artifacts, spec + ".arguments");
    }
    Names seen;
    for (const Template& item : workflow_.templates) {
      if (!seen.insert(item.name).second) {
        problems_.Refuse(item.field + ".name", "another template has this name");
      }
      item.IsLeaf() ? CheckLeaf(item) : CheckCalls(item);
    }
    if (entry != nullptr && HeightOf(*entry) >= kDeepest) {
      problems_.CannotHere(entry->field,
                           "calls itself, or templates " + std::to_string(kDeepest) + " deep");
    }
  }

 private:
  void Refuse(const std::string& field, const std::string& message) {
    problems_.Refuse(field, message);
  }

  /// Whether what a template wants is given.
  void CheckInputs(const Template& wanted, const std::vector<Parameter>& given,
                   const std::vector<Artifact>& artifacts, const std::string& field) {
    for (const Parameter& input : wanted.inputs) {
      const Parameter* const value = FindIn(given, input.name);
      if (!input.value && (value == nullptr || !value->value)) {
        Refuse(field, "parameter '" + input.name + "' of template '" + wanted.name +
                          "' is not given and has no default");
      }
    }
    for (const Artifact& input : wanted.input_artifacts) {
      const Artifact* const value = FindIn(artifacts, input.name);
      const bool has = (value != nullptr && (value->raw || !value->from.empty())) || input.raw;
      if (!has && !input.optional) {
        Refuse(field,
               "artifact '" + input.name + "' of template '" + wanted.name + "' is not given");
      }
    }
  }

  void CheckLeaf(const Template& leaf) {
    for (const Output& output : leaf.outputs) {
      if (output.path.empty()) {
        problems_.CannotHere(leaf.field + ".outputs.parameters",
                             "'" + output.name + "' needs valueFrom.path");
      }
    }
    CheckHavePaths(leaf, leaf.input_artifacts);
    CheckHavePaths(leaf, leaf.output_artifacts);
    const std::string at =
        leaf.field + (leaf.kind == TemplateKind::kScript ? ".script" : ".container");
    CheckTexts(ParseJson(leaf.container), leaf, at);
    CheckTags(leaf.source, at + ".source", [&](auto& words) { return KnowsInLeaf(leaf, words); });
  }

  void CheckHavePaths(const Template& leaf, const std::vector<Artifact>& artifacts) {
    for (const Artifact& artifact : artifacts) {
      if (artifact.path.empty()) {
        Refuse(leaf.field, "artifact '" + artifact.name + "' needs a path");
      }
    }
  }

  void CheckTexts(const json& value, const Template& leaf, const std::string& field) {
    if (value.is_string()) {
      CheckTags(value.get_ref<const std::string&>(), field,
                [&](auto& words) { return KnowsInLeaf(leaf, words); });
    }
    if (!value.is_structured()) {
      return;
    }
    std::size_t i = 0;
    for (const auto& [key, item] : value.items()) {
      const std::string below = value.is_array() ? "[" + std::to_string(i++) + "]" : "." + key;
      CheckTexts(item, leaf, field + below);
    }
  }

  template <class Knows>
  void CheckTags(std::string_view text, const std::string& field, const Knows& knows) {
    for (const std::string& tag : TagsIn(text)) {
      const auto words = WordsOf(tag);
      if (!KnowsEverywhere(words) && !knows(words)) {
        Refuse(field, "'{{" + Printable(tag, 80) + "}}' leads to nothing that is known here");
      }
    }
  }

  [[nodiscard]] bool KnowsEverywhere(const std::vector<std::string_view>& words) const {
    if (!Is(words, 0, "workflow")) {
      return false;
    }
    if (words.size() == 2) {
      return words[1] == "name" || words[1] == "namespace" || words[1] == "uid";
    }
    return words.size() == 3 && words[1] == "parameters" &&
           FindIn(workflow_.arguments, words[2]) != nullptr;
  }

  static bool KnowsInput(const Template& owner, const std::vector<std::string_view>& words) {
    return words.size() == 3 && words[0] == "inputs" && words[1] == "parameters" &&
           FindIn(owner.inputs, words[2]) != nullptr;
  }

  static bool KnowsInLeaf(const Template& leaf, const std::vector<std::string_view>& words) {
    if (KnowsInput(leaf, words)) {
      return true;
    }
    if (words.size() == 1) {
      return words[0] == "retries";
    }
    if (words.size() == 2) {
      return (words[0] == "pod" || words[0] == "node") && words[1] == "name";
    }
    if (words.size() != 4 || words[3] != "path") {
      return false;
    }
    if (words[1] == "artifacts") {
      return (words[0] == "inputs" && FindIn(leaf.input_artifacts, words[2]) != nullptr) ||
             (words[0] == "outputs" && FindIn(leaf.output_artifacts, words[2]) != nullptr);
    }
    return words[0] == "outputs" && words[1] == "parameters" &&
           FindIn(leaf.outputs, words[2]) != nullptr;
  }

  /// What an earlier step is asked for.
  [[nodiscard]] bool KnowsStep(const Template& owner, const Names& before,
                               const std::vector<std::string_view>& words, bool artifact) const {
    if (words.size() < 3 || words[0] != owner.Head() || !before.contains(words[1])) {
      return false;
    }
    const Call* const call = FindIn(owner.calls, words[1]);
    const Template* const target = call == nullptr ? nullptr : workflow_.Find(call->template_name);
    if (target == nullptr) {
      return true;  // told elsewhere
    }
    if (artifact) {
      return words.size() == 5 && words[2] == "outputs" && words[3] == "artifacts" &&
             FindIn(target->output_artifacts, words[4]) != nullptr;
    }
    if (words.size() == 3) {
      return words[2] == "status" || (words[2] == "exitCode" && target->IsLeaf());
    }
    if (words.size() == 4) {
      return words[2] == "outputs" && words[3] == "result" && target->IsLeaf();
    }
    return words.size() == 5 && words[2] == "outputs" && words[3] == "parameters" &&
           FindIn(target->outputs, words[4]) != nullptr;
  }

  void CheckCalls(const Template& owner) {
    Names seen;
    Names all;
    for (const Call& call : owner.calls) {
      if (!seen.insert(call.name).second) {
        Refuse(call.field + ".name", "another step has this name");
      }
      all.insert(call.name);
    }
    Order order(owner);
    for (const Call& call : owner.calls) {
      CheckCall(owner, call, all, order.Before(call));
    }
    if (owner.calls.empty()) {
      Refuse(owner.field, "has no steps");
    }
    for (const Output& output : owner.outputs) {
      const std::string field = owner.field + ".outputs.parameters";
      if (output.from.empty()) {
        problems_.CannotHere(field, "'" + output.name + "' needs valueFrom.parameter");
      }
      CheckTags(output.from, field, [&](auto& words) {
        return KnowsInput(owner, words) || KnowsStep(owner, all, words, false);
      });
    }
    for (const Artifact& output : owner.output_artifacts) {
      const std::string field = owner.field + ".outputs.artifacts";
      if (TagsIn(output.from).size() != 1) {
        problems_.CannotHere(field, "'" + output.name + "' needs from: \"{{" +
                                        std::string(owner.Head()) +
                                        ".NAME.outputs.artifacts.NAME}}\"");
      }
      CheckArtifactTags(owner, all, output.from, field);
    }
  }

  void CheckArtifactTags(const Template& owner, const Names& before, const std::string& from,
                         const std::string& field) {
    CheckTags(from, field, [&](auto& words) {
      const bool input = words.size() == 3 && words[0] == "inputs" && words[1] == "artifacts" &&
                         FindIn(owner.input_artifacts, words[2]) != nullptr;
      return input || KnowsStep(owner, before, words, true);
    });
  }

  void CheckCall(const Template& owner, const Call& call, const Names& all, const Names& before) {
    const Template* const target = workflow_.Find(call.template_name);
    if (target == nullptr) {
      Refuse(call.field + ".template",
             "no template is named '" + Printable(call.template_name, 60) + "'");
    } else {
      CheckInputs(*target, call.parameters, call.artifacts, call.field + ".arguments");
    }
    for (const std::string& name : call.after) {
      if (!all.contains(name)) {
        Refuse(call.field + ".dependencies", "no task is named '" + Printable(name, 60) + "'");
      }
    }
    if (before.contains(call.name)) {
      Refuse(call.field + ".dependencies", "the task waits for itself");
    }
    const auto knows = [&](auto& words) {
      const bool listed = call.items || !call.items_from.empty();
      return KnowsInput(owner, words) || KnowsStep(owner, before, words, false) ||
             (listed && words.size() <= 2 && Is(words, 0, "item"));
    };
    for (const Parameter& parameter : call.parameters) {
      CheckTags(parameter.value.value_or(""), call.field + ".arguments.parameters", knows);
    }
    for (const Artifact& artifact : call.artifacts) {
      CheckArtifactTags(owner, before, artifact.from, call.field + ".arguments.artifacts");
    }
    CheckTags(call.items.value_or(""), call.field + ".withItems", knows);
    CheckTags(call.items_from, call.field + ".withParam", knows);
    if (!call.when.empty()) {
      CheckTags(call.when, call.field + ".when", knows);
      if (const Status read = CheckWhen(call.when); !read.has_value()) {
        problems_.CannotHere(call.field + ".when", read.error().message);
      }
    }
  }

  /// How many templates deep one calls; one that is under way calls itself.
  int HeightOf(const Template& item) {
    const auto [found, is_new] = heights_.emplace(item.name, kDeepest);
    if (!is_new) {
      return found->second;
    }
    int height = 0;
    for (const Call& call : item.calls) {
      const Template* const target = workflow_.Find(call.template_name);
      height = std::max(height, target == nullptr ? 0 : HeightOf(*target) + 1);
    }
    return heights_[item.name] = std::min(height, kDeepest);
  }

  std::map<std::string, int> heights_;
  const Workflow& workflow_;
  const std::string field_;
  Problems& problems_;
};

std::uint32_t ItemsOf(const Call& call) {
  const json items = call.items ? ParseJson(*call.items) : json();
  const std::size_t count = items.is_array() ? items.size() : 1;
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(count, 1, kMostWidth));
}

std::uint32_t WidthOf(const Workflow& workflow, const Template& item,
                      std::map<std::string, std::uint32_t>& known, int depth) {
  if (item.IsLeaf() || depth >= kDeepest) {
    return 1;
  }
  if (const auto found = known.find(item.name); found != known.end()) {
    return found->second;
  }
  std::map<std::size_t, std::uint32_t> levels;
  Order order(item);
  for (const Call& call : item.calls) {
    const Template* const target = workflow.Find(call.template_name);
    const std::uint32_t each = target == nullptr ? 1 : WidthOf(workflow, *target, known, depth + 1);
    std::uint32_t& level = levels[order.Before(call).size()];
    level = std::min(kMostWidth, level + ItemsOf(call) * each);
  }
  std::uint32_t width = 1;
  for (const auto& [level, sum] : levels) {
    width = std::max(width, sum);
  }
  width = std::min(width, item.parallelism.value_or(kMostWidth));
  known.emplace(item.name, width);
  return width;
}

}  // namespace

void CheckWorkflow(const Workflow& workflow, const std::string& field, Problems& problems) {
  Problems found;
  Checker(workflow, field, found).Check();
  problems.AddNew(found);
}

std::uint32_t WidthOf(const Workflow& workflow) {
  const Template* const entry = workflow.Find(workflow.entrypoint);
  std::map<std::string, std::uint32_t> known;
  const std::uint32_t width = entry == nullptr ? 1 : WidthOf(workflow, *entry, known, 0);
  return std::clamp(width, 1U, workflow.parallelism.value_or(kMostWidth));
}

}  // namespace hone::workflow
