// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/problem.h"
#include "trial-runner/local/job_fields.h"

namespace hone::local {

/// One JSON object of a run object and where it stands. What is of the wrong type is told, and
/// counts as missing; null members count as missing, as in Kubernetes.
struct Node {
  const nlohmann::json* value;
  std::string path;
  Problems* problems;
  Place place = Place::kProcess;

  [[nodiscard]] std::string Path(std::string_view key) const {
    return path + "." + std::string(key);
  }
  /// The member, or null.
  [[nodiscard]] const nlohmann::json* Find(std::string_view key) const;
  [[nodiscard]] std::string Text(std::string_view key) const;
  /// The same for all trials: a placeholder is refused.
  [[nodiscard]] std::optional<std::int64_t> Integer(std::string_view key) const;
  [[nodiscard]] bool Flag(std::string_view key) const;
  /// Empty if it is missing.
  [[nodiscard]] Node Object(std::string_view key) const;
  [[nodiscard]] const nlohmann::json& List(std::string_view key) const;
  /// The objects of a list, each with its own path.
  [[nodiscard]] std::vector<Node> Objects(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> Texts(std::string_view key) const;

  /// Who cannot do what is refused.
  [[nodiscard]] std::string Runner() const {
    return place == Place::kContainer ? "runner Container" : "the local runner";
  }
  /// Tells what becomes of each member.
  void ApplyRules(std::span<const FieldRule> rules) const;

 private:
  void TellUnknown(const std::string& key, std::span<const FieldRule> rules) const;
};

}  // namespace hone::local
