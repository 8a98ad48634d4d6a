// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/workflow/run.h"
#include "core/workflow/tags.h"

/// The inside of a run, for core/workflow/run*.cpp alone.
namespace hone::workflow {

inline bool IsEnd(Phase phase) {
  return phase != Phase::kPending && phase != Phase::kRunning;
}
inline bool IsFailure(Phase phase) {
  return phase == Phase::kFailed || phase == Phase::kError;
}
inline std::optional<Timestamp> Earlier(std::optional<Timestamp> a, std::optional<Timestamp> b) {
  return a && b ? std::min(*a, *b) : (a ? a : b);
}

/// A template that is run, or a call that is not.
struct Run::Node {
  std::string id{};
  const Template* what = nullptr;
  Phase phase = Phase::kPending;
  std::string message{};
  Values inputs{};
  Values outputs{};
  std::string result{};
  int exit_code = 0;
  int tries = 0;
  bool reused = false;
  std::optional<Timestamp> deadline{};
  std::optional<Timestamp> not_before{};
  Timestamp started_at{};
  Timestamp ended_at{};

  /// What became of one call of `what`.
  struct Group {
    std::vector<std::unique_ptr<Node>> members{};
    bool expanded = false;
    bool listed = false;  ///< withItems, withParam: its outputs are lists
  };
  std::vector<Group> groups;  ///< as what->calls

  [[nodiscard]] const Group* Find(std::string_view call) const;
  void End(Phase how, std::string why, Timestamp now);
};

/// What tags say in the texts of one template's calls.
class Run::Scope {
 public:
  Scope(const Run& run, const Node& node) : run_(run), node_(node) {}

  /// @param item  of a list, or null
  [[nodiscard]] Result<std::string> ValueAt(std::string_view tag, const nlohmann::json& item) const;
  /// @param from  "{{steps.a.outputs.artifacts.x}}"
  [[nodiscard]] Result<Content> ContentAt(const std::string& from) const;

 private:
  static Result<std::string> ValueOfStep(const Node& node,
                                         const std::vector<std::string_view>& words,
                                         std::string_view tag);

  const Run& run_;
  const Node& node_;
};

/// The parameters that a template wants, from what is given and its defaults.
Status TakeParameters(const Template& what, const std::vector<Parameter>& given, Values& inputs);

/// Walks over the nodes once.
class Run::Walker {
 public:
  Walker(Run& run, Timestamp now, std::size_t room) : run_(run), now_(now), room_(room) {}

  std::vector<ReadyStep> ready;

  /// @param room  how many more may run at once below this node
  void Advance(Node& node, std::size_t& room);

 private:
  void Bound(Node& node) const;
  void AdvanceLeaf(Node& node, std::size_t& room);
  bool AdvanceCalls(Node& node, std::size_t& room);
  void Omit(Node::Group& group) const;
  void EndIfOver(Node& node) const;
  [[nodiscard]] Status TakeOutputs(Node& node) const;
  void Expand(Node& node, const Call& call, Node::Group& group);
  [[nodiscard]] Result<nlohmann::json> ItemsOf(const Node& node, const Call& call) const;
  std::unique_ptr<Node> Mark(const Node& parent, const std::string& name, Phase phase,
                             std::string why);
  std::unique_ptr<Node> Make(const Node& parent, const Call& call, const std::string& name,
                             const nlohmann::json& item);
  static Status GiveInputs(const Scope& parent, const Call& call, const TagValue& value,
                           Node& node);

  Run& run_;
  const Timestamp now_;
  const std::size_t room_;
};

}  // namespace hone::workflow
