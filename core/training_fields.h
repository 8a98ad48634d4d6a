// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/problem.h"
#include "core/training_job.h"

/// Reading the objects of training jobs and workflows; for core/training_*.cpp and core/workflow/
/// alone.
namespace hone::training {

/// One JSON object and where it stands. Nulls count as absent, as in Kubernetes.
class Node {
 public:
  Node(const nlohmann::json& value, std::string path, Problems& problems)
      : value_(&value), path_(std::move(path)), problems_(&problems) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Problems& problems() const { return *problems_; }
  [[nodiscard]] const nlohmann::json* Find(std::string_view key) const;
  /// Empty if it is absent; a value of another type is told.
  [[nodiscard]] std::string Text(std::string_view key) const;
  /// A text, or a whole number as a text.
  [[nodiscard]] std::string Word(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> Integer(std::string_view key) const;
  [[nodiscard]] bool Flag(std::string_view key) const;
  /// An empty one stands for a missing one, and for a mistyped one, which is told.
  [[nodiscard]] Node Object(std::string_view key) const;
  /// The objects of a list, each with its own path; others are told.
  [[nodiscard]] std::vector<Node> Objects(std::string_view key) const;
  /// The texts of a list; others are told.
  [[nodiscard]] std::vector<std::string> Texts(std::string_view key) const;
  /// The members that are texts.
  [[nodiscard]] std::map<std::string, std::string> TextMap() const;
  /// A list of {"key", "value"}.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> PairList(
      std::string_view key) const;
  [[nodiscard]] std::string Dump() const;

  void Refuse(std::string_view key, std::string message) const;
  void RefuseSelf(std::string message) const;
  void CannotHere(std::string_view key, std::string message) const;
  /// Warns of all other fields.
  void Know(std::initializer_list<std::string_view> names) const;
  /// Of all other fields that have a value: a cluster would take them, this runner does not.
  void CannotOthers(std::span<const std::string_view> names, const std::string& message) const;
  /// Refuses all other fields.
  void RefuseOthers(std::span<const std::string_view> names, const std::string& message) const;

 private:
  const nlohmann::json* value_;
  std::string path_;
  Problems* problems_;
};

/// The spec of a TrainJob: the trainer's runtime is not at hand, so only those that it ships.
void DecodeTrainJob(const Node& spec, TrainingJob& job);

}  // namespace hone::training
