// SPDX-License-Identifier: Apache-2.0
#include "core/workflow/run.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "core/workflow/run_inside.h"

namespace hone::workflow {
namespace {

using nlohmann::json;

template <class Node, class Visit>
void ForEach(Node& node, const Visit& visit) {
  visit(node);
  for (auto& group : node.groups) {
    for (auto& member : group.members) {
      ForEach(*member, visit);
    }
  }
}

}  // namespace

std::string_view PhaseWord(Phase phase) {
  constexpr std::string_view kWords[] = {"Pending", "Running", "Succeeded", "Failed",
                                         "Error",   "Skipped", "Omitted"};
  return kWords[static_cast<std::size_t>(phase)];
}

const Run::Node::Group* Run::Node::Find(std::string_view call) const {
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (what->calls[i].name == call) {
      return &groups[i];
    }
  }
  return nullptr;
}

void Run::Node::End(Phase how, std::string why, Timestamp now) {
  phase = how;
  message = std::move(why);
  ended_at = now;
  started_at = IsSet(started_at) ? started_at : now;
}

Run::Run(const Workflow& workflow, Identity identity)
    : workflow_(workflow), identity_(std::move(identity)), root_(std::make_unique<Node>()) {
  root_->what = workflow.Find(workflow.entrypoint);
  if (root_->what == nullptr) {
    root_->End(Phase::kError, "there is no entrypoint", {});
    return;
  }
  root_->id = root_->what->IsLeaf() ? root_->what->name : "";
  std::vector<Parameter> arguments = workflow.arguments;
  for (Parameter& argument : arguments) {
    argument.value = argument.value.value_or("");
  }
  const Status given = TakeParameters(*root_->what, arguments, root_->inputs);
  if (!given.has_value()) {
    root_->End(Phase::kError, given.error().message, {});
  }
  for (const Artifact& input : root_->what->input_artifacts) {
    const auto found = std::ranges::find(workflow.artifacts, input.name, &Artifact::name);
    const Artifact& source = found == workflow.artifacts.end() ? input : *found;
    if (source.raw) {
      root_->inputs.artifacts[input.name] = {.path = "", .digest = "", .raw = *source.raw};
    }
  }
}

Run::~Run() = default;

std::vector<ReadyStep> Run::Advance(Timestamp now, std::size_t room) {
  if (workflow_.deadline && !root_->deadline) {
    root_->deadline = now + *workflow_.deadline;
  }
  Walker walker(*this, now, room);
  walker.Advance(*root_, room);
  return std::move(walker.ready);
}

void Run::Finish(const std::string& id, StepEnd end, Timestamp now) {
  Node* found = nullptr;
  ForEach(*root_, [&](Node& node) {
    found = node.id == id && node.phase == Phase::kRunning && node.what->IsLeaf() ? &node : found;
  });
  if (found == nullptr) {
    return;
  }
  Node& node = *found;
  const Retry& retry = node.what->retry;
  const bool counts = end.never_ran ? retry.also_errors || retry.only_errors : !retry.only_errors;
  if (!end.succeeded && counts && node.tries < static_cast<int>(retry.limit)) {
    const double wait =
        static_cast<double>(retry.first_wait.count()) * std::pow(retry.factor, node.tries);
    node.not_before = now + Duration(static_cast<Duration::rep>(std::min(wait, 1e12)));
    node.phase = Phase::kPending;
    ++node.tries;
    return;
  }
  node.outputs = std::move(end.outputs);
  node.result = std::move(end.result);
  node.exit_code = end.exit_code;
  node.reused = end.reused;
  const Phase failed = end.never_ran ? Phase::kError : Phase::kFailed;
  node.End(end.succeeded ? Phase::kSucceeded : failed, std::move(end.message), now);
}

std::optional<Timestamp> Run::NextTime() const {
  std::optional<Timestamp> next;
  ForEach(*root_, [&](const Node& node) {
    if (node.phase == Phase::kPending && node.not_before) {
      next = Earlier(next, node.not_before);
    }
  });
  return next;
}

void Run::Stop(const std::string& why, Timestamp now) {
  if (IsEnd(root_->phase)) {
    return;
  }
  std::string named;
  ForEach(*root_, [&](Node& node) {
    const bool leaf = node.what != nullptr && node.what->IsLeaf();
    if (leaf && node.phase == Phase::kRunning) {
      named += (named.empty() ? "step " : ", ") + node.id;
    }
    if (!IsEnd(node.phase)) {
      node.End(Phase::kFailed, why, now);
    }
  });
  root_->message = named.empty() ? why : named + ": " + why;
}

bool Run::IsOver() const {
  return IsEnd(root_->phase);
}

Phase Run::phase() const {
  return root_->phase;
}

std::string Run::Message() const {
  const bool alone = root_->what != nullptr && root_->what->IsLeaf() && IsFailure(root_->phase);
  return alone && !root_->message.starts_with("step ") ? "step " + root_->id + ": " + root_->message
                                                       : root_->message;
}

std::vector<StepState> Run::Steps() const {
  std::vector<StepState> steps;
  ForEach(*root_, [&](const Node& node) {
    if (node.id.empty()) {
      return;
    }
    steps.push_back({.id = node.id,
                     .template_name = node.what == nullptr ? "" : node.what->name,
                     .phase = node.phase,
                     .message = node.message,
                     .started_at = node.started_at,
                     .ended_at = node.ended_at,
                     .leaf = node.what == nullptr || node.what->IsLeaf(),
                     .reused = node.reused,
                     .tries = node.tries});
  });
  return steps;
}

std::string StatusOf(const Run& run, Timestamp started_at, Timestamp ended_at) {
  json nodes = json::object();
  std::size_t leaves = 0;
  std::size_t done = 0;
  for (const StepState& step : run.Steps()) {
    json node = {{"displayName", step.id},
                 {"templateName", step.template_name},
                 {"type", step.leaf ? "Pod" : "Steps"},
                 {"phase", PhaseWord(step.phase)},
                 {"startedAt", FormatSeconds(step.started_at)},
                 {"finishedAt", FormatSeconds(step.ended_at)}};
    if (!step.message.empty()) {
      node["message"] = step.message;
    }
    if (step.reused) {
      node["reused"] = true;
    }
    leaves += step.leaf ? 1 : 0;
    done += step.leaf && (step.phase == Phase::kSucceeded || step.phase == Phase::kSkipped) ? 1 : 0;
    nodes[step.id] = std::move(node);
  }
  json status = {{"phase", PhaseWord(run.phase())},
                 {"startedAt", FormatSeconds(started_at)},
                 {"finishedAt", FormatSeconds(ended_at)},
                 {"progress", std::to_string(done) + "/" + std::to_string(leaves)},
                 {"nodes", std::move(nodes)}};
  if (const std::string message = run.Message(); !message.empty()) {
    status["message"] = message;
  }
  return DumpJson(json({{"status", std::move(status)}}));
}

}  // namespace hone::workflow
