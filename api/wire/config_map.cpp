// SPDX-License-Identifier: Apache-2.0
#include "api/wire/config_map.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "api/wire/source_node.h"
#include "core/template.h"

namespace hone {
namespace {

using nlohmann::json;

/// Words that stand for the placeholders while the text is read as YAML: braces would end a flow
/// list.
class StandIns {
 public:
  explicit StandIns(std::string_view text) {
    while (text.find(stem_) != std::string_view::npos) {
      stem_ += 'x';
    }
  }

  std::string Hide(std::string_view text) {
    std::string out;
    while (const auto found = FindPlaceholder(text)) {
      out += text.substr(0, found->begin);
      const std::string placeholder(text.substr(found->begin, found->end - found->begin));
      const auto [word, is_new] = words_.emplace(placeholder, words_.size());
      if (is_new) {
        placeholders_.push_back(placeholder);
      }
      out += stem_ + std::to_string(word->second) + "z";
      text.remove_prefix(found->end);
    }
    out += text;
    return out;
  }

  /// Nothing if the text has no stand-in.
  [[nodiscard]] std::optional<std::string> Restore(std::string_view text) const {
    std::size_t at = text.find(stem_);
    if (at == std::string_view::npos) {
      return std::nullopt;
    }
    std::string out;
    for (; at != std::string_view::npos; at = text.find(stem_)) {
      out += text.substr(0, at);
      text.remove_prefix(at + stem_.size());
      std::size_t index = 0;
      while (text.front() != 'z') {
        index = index * 10 + static_cast<std::size_t>(text.front() - '0');
        text.remove_prefix(1);
      }
      text.remove_prefix(1);
      out += placeholders_.at(index);
    }
    out += text;
    return out;
  }

 private:
  std::string stem_ = "honePlaceholder";
  std::map<std::string, std::size_t> words_;
  std::vector<std::string> placeholders_;
};

void RestoreIn(json& value, const SourceNode& node, const StandIns& words);

void RestoreInObject(json& value, const SourceNode& node, const StandIns& words) {
  json restored = json::object();
  for (const auto& [key, member] : node.members) {
    RestoreIn(value[key], member, words);
    restored[words.Restore(key).value_or(key)] = std::move(value[key]);
  }
  value = std::move(restored);
}

void RestoreIn(json& value, const SourceNode& node, const StandIns& words) {
  if (node.kind == SourceNode::Kind::kMap) {
    RestoreInObject(value, node, words);
    return;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    RestoreIn(value[i], node.items[i], words);
  }
  if (node.kind == SourceNode::Kind::kScalar && value.is_string()) {
    if (const auto text = words.Restore(value.get_ref<const std::string&>())) {
      value = node.plain ? std::string(kPlainMark) + *text : *text;
    }
  }
}

}  // namespace

TemplateText ReadTemplate(std::string_view text, int lines_before) {
  TemplateText out;
  StandIns words(text);
  const std::string padding(static_cast<std::size_t>(std::max(lines_before, 0)), '\n');
  const auto documents = ParseYaml(padding + words.Hide(text), &out.mistakes);
  if (!documents) {
    out.mistakes.push_back(documents.error());
    return out;
  }
  if (documents->size() != 1) {
    out.mistakes.push_back(
        {lines_before + 1, "the template must be one document, a Kubernetes object"});
    return out;
  }
  json value = *documents->front().value;
  RestoreIn(value, *documents->front().source.root(), words);
  out.value = std::make_shared<const json>(std::move(value));
  out.source = documents->front().source;
  return out;
}

}  // namespace hone
