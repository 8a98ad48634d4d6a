// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hone {

struct SourceNode;

/// Where the values of a document stand in its text. Paths are written as
/// "spec.parameters[0].feasibleSpace.max". A value; copies share the same immutable tree.
class SourceMap {
 public:
  SourceMap() = default;
  explicit SourceMap(std::shared_ptr<const SourceNode> root) : root_(std::move(root)) {}

  /// Line (from 1 on) of the value, or of the nearest thing around it that exists.
  [[nodiscard]] int LineOf(std::string_view path) const;
  /// Source text of a scalar that was written without quotes.
  [[nodiscard]] std::optional<std::string> PlainText(std::string_view path) const;
  /// Null for a default-made map.
  [[nodiscard]] const SourceNode* root() const { return root_.get(); }

 private:
  std::shared_ptr<const SourceNode> root_;  // shared by copies, never changed
};

struct YamlDocument {
  std::shared_ptr<const nlohmann::json> value;  // shared so that this header needs no JSON library
  SourceMap source;
};

struct YamlError {
  int line = 1;
  std::string message;
};

/// All documents of a YAML (or JSON) text, typed as Kubernetes' own loader types them (YAML 1.1:
/// yes, no, on, off, y and n are flags; 0777 is octal; 1_000 is a number). Stricter than YAML:
/// duplicate keys, keys that are not texts, unknown tags, .nan and .inf, and control characters are
/// refused; aliases and `<<` merges are expanded within a budget of 100,000 values and 16 MiB, and
/// nesting ends at 100 levels. The text is untrusted, at most 1.5 MiB.
/// @param mistakes  takes those that leave the rest of the text readable (duplicate keys: the first
///                  one counts; values that JSON does not know: kept as texts), so that all are
///                  told at once. Null: the first of them is the error.
tl::expected<std::vector<YamlDocument>, YamlError> ParseYaml(
    std::string_view text, std::vector<YamlError>* mistakes = nullptr);

/// Block-style YAML that ParseYaml reads back as the same value; texts that would be read as
/// something else are quoted.
std::string EmitYaml(const nlohmann::json& value);

}  // namespace hone
