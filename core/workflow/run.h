// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/workflow/workflow.h"

namespace hone::workflow {

/// A file or folder, wherever it lies.
struct Content {
  std::string path{};    ///< empty: `raw`, or nothing if that is empty, too
  std::string digest{};  ///< SHA-256
  std::string raw{};
  bool operator==(const Content&) const = default;
};

/// What a step has been given or has left behind.
struct Values {
  std::map<std::string, std::string, std::less<>> parameters{};
  std::map<std::string, Content, std::less<>> artifacts{};
  bool operator==(const Values&) const = default;
};

/// How a container or script ended.
struct StepEnd {
  bool succeeded = false;
  bool never_ran = false;  ///< it could not be started, or what it left could not be kept
  int exit_code = 0;
  std::string message{};  ///< why it failed
  Values outputs{};
  std::string result{};  ///< what it printed, for outputs.result
  bool reused = false;   ///< of an earlier run
};

enum class Phase { kPending, kRunning, kSucceeded, kFailed, kError, kSkipped, kOmitted };
/// Argo's word.
std::string_view PhaseWord(Phase phase);

/// A container or script that may start.
struct ReadyStep {
  std::string id{};  ///< "train", "outer.train(1:b)": unique, and the same each time
  const Template* what = nullptr;
  Values inputs{};
  std::optional<Timestamp> deadline{};
  int tries = 0;  ///< before this one
};

/// A step, for people and for the status.
struct StepState {
  std::string id{};
  std::string template_name{};
  Phase phase = Phase::kPending;
  std::string message{};
  Timestamp started_at{};
  Timestamp ended_at{};
  bool leaf = false;
  bool reused = false;
  int tries = 0;
};

/// What tags such as {{workflow.name}} say.
struct Identity {
  std::string name{};
  std::string name_space{};
  std::string uid{};
};

/// One run of a workflow: tells what may start next, and is told how it ended. Pure: the time comes
/// from outside, and the same answers in the same order give the same run.
class Run {
 public:
  /// @param workflow  checked, see DecodeWorkflow; must outlive the run
  Run(const Workflow& workflow, Identity identity);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Steps that may start now, each told once, at most `room` of them; those without room are told
  /// later.
  std::vector<ReadyStep> Advance(Timestamp now, std::size_t room);
  /// @param id  of a step that was told
  void Finish(const std::string& id, StepEnd end, Timestamp now);
  /// When Advance may have something to tell without a Finish before.
  [[nodiscard]] std::optional<Timestamp> NextTime() const;
  /// No more is started; those under way are over.
  void Stop(const std::string& why, Timestamp now);

  [[nodiscard]] bool IsOver() const;
  [[nodiscard]] Phase phase() const;
  /// Why it failed: names the step.
  [[nodiscard]] std::string Message() const;
  /// All that have been reached, in the order in which they were.
  [[nodiscard]] std::vector<StepState> Steps() const;

  /// The value of a tag in the texts of a container or script.
  /// @param paths  where it finds what its tags `....path` name: "inputs.artifacts.x"
  [[nodiscard]] Result<std::string> ValueIn(
      const ReadyStep& step, const std::map<std::string, std::string, std::less<>>& paths,
      std::string_view tag) const;

 private:
  struct Node;
  struct Look;
  class Scope;
  class Walker;
  [[nodiscard]] Result<std::string> ValueOfWorkflow(const std::vector<std::string_view>& words,
                                                    std::string_view tag) const;
  const Workflow& workflow_;
  Identity identity_;
  std::unique_ptr<Node> root_;
  std::size_t nodes_ = 0;
};

/// The status as Argo would have left it, as JSON: {"status":{"phase":"Succeeded","message":...,
/// "startedAt":...,"finishedAt":...,"progress":"3/3","nodes":{...}}}.
std::string StatusOf(const Run& run, Timestamp started_at, Timestamp ended_at);

}  // namespace hone::workflow
