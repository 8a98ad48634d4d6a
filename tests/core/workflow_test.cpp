// SPDX-License-Identifier: Apache-2.0
#include "core/workflow/workflow.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "core/training_status.h"
#include "core/workflow/run.h"
#include "core/workflow/tags.h"
#include "core/workflow/when.h"
#include "tests/catch.h"

namespace hone::workflow {
namespace {

using nlohmann::json;

constexpr char kTwoSteps[] = R"({
  "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
  "spec": {
    "entrypoint": "main",
    "arguments": {"parameters": [{"name": "lr", "value": "0.1"}]},
    "templates": [
      {"name": "main", "steps": [
        [{"name": "prepare", "template": "prepare"}],
        [{"name": "train", "template": "train",
          "arguments": {
            "parameters": [{"name": "rows", "value": "{{steps.prepare.outputs.parameters.rows}}"}],
            "artifacts": [{"name": "data", "from": "{{steps.prepare.outputs.artifacts.data}}"}]}}]]},
      {"name": "prepare",
       "container": {"command": ["prepare", "/tmp/data", "/tmp/rows"]},
       "outputs": {"parameters": [{"name": "rows", "valueFrom": {"path": "/tmp/rows"}}],
                   "artifacts": [{"name": "data", "path": "/tmp/data"}]}},
      {"name": "train",
       "inputs": {"parameters": [{"name": "rows"}], "artifacts": [{"name": "data", "path": "/in"}]},
       "container": {"command": ["train", "{{inputs.parameters.rows}}",
                                 "{{workflow.parameters.lr}}", "{{inputs.artifacts.data.path}}"]}}
    ]}})";

json Change(const char* pointer, const json& value) {
  json object = ParseJsonOrThrow(kTwoSteps);
  object[json::json_pointer(pointer)] = value;
  return object;
}

Workflow Decoded(const json& object) {
  Problems problems;
  Workflow workflow = DecodeWorkflow(DumpJson(object), "x", problems);
  for (const Problem& problem : problems.list()) {
    FAIL_CHECK(problem.field << ": " << problem.message);
  }
  return workflow;
}

const Timestamp kStart{std::chrono::seconds(1'000'000)};

/// Runs to the end; each step is answered by `answer`. @returns the ids in the order of their start
std::vector<std::string> RunAll(Run& run, const std::function<StepEnd(const ReadyStep&)>& answer,
                                std::size_t room = 8) {
  std::vector<std::string> order;
  for (int round = 0; round < 1000 && !run.IsOver(); ++round) {
    const Timestamp now = kStart + std::chrono::seconds(round);
    for (const ReadyStep& step : run.Advance(now, room)) {
      order.push_back(step.id);
      run.Finish(step.id, answer(step), now);
    }
  }
  return order;
}

StepEnd Well(const ReadyStep& /*step*/) {
  StepEnd end;
  end.succeeded = true;
  end.outputs.parameters["rows"] = "17";
  end.outputs.artifacts["data"] = {.path = "/kept/data", .digest = "abc", .raw = ""};
  end.result = "[1,2]";
  return end;
}

TEST_CASE("workflow: tags are found and filled", "[core]") {
  CHECK(TagsIn("a {{ x.y }} {{z}} {{ open") == std::vector<std::string>{"x.y", "z"});
  const TagValue value = [](std::string_view tag) -> Result<std::string> {
    return tag == "bad" ? Result<std::string>(Fail(Code::kInvalidArgument, "no"))
                        : "<" + std::string(tag) + ">";
  };
  CHECK(FillTags("a {{ x.y }}{{z}} {{ open", value).value() == "a <x.y><z> {{ open");
  CHECK_FALSE(FillTags("{{bad}}", value).has_value());
}

TEST_CASE("workflow: when is read as Argo reads it", "[core]") {
  const TagValue value = [](std::string_view tag) -> Result<std::string> {
    return tag == "word" ? "two words && more" : "10";
  };
  struct Case {
    const char* name;
    const char* when;
    std::optional<bool> holds;
  };
  const Case cases[] = {
      {"equal words", "heads == heads", true},
      {"different words", "heads != tails", true},
      {"numbers as numbers", "{{n}} > 9", true},
      {"numbers of other digits", "1e1 == {{n}}", true},
      {"words as words", "b < a", false},
      {"quoted", "\"{{n}}\" == '10'", true},
      {"a value with blanks and operators is one word", "{{word}} == \"two words && more\"", true},
      {"and binds more than or", "true || false && false", true},
      {"not and brackets", "!(1 == 1 || false)", false},
      {"at most", "10 <= {{n}} && {{n}} >= 10", true},
      {"a word alone", "maybe", std::nullopt},
      {"empty", "", std::nullopt},
      {"open bracket", "(1 == 1", std::nullopt},
      {"half a comparison", "1 ==", std::nullopt},
      {"something behind", "1 == 1 1", std::nullopt},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const auto holds = Holds(c.when, value);
      REQUIRE(holds.has_value() == c.holds.has_value());
      if (c.holds) {
        CHECK(*holds == *c.holds);
      }
      CHECK(CheckWhen(c.when).has_value() == c.holds.has_value());
    }
  }
  CHECK_FALSE(Holds(std::string(10'000, '('), value).has_value());
  CHECK_FALSE(Holds(std::string(10'000, '!') + "true", value).has_value());
}

TEST_CASE("workflow: what is not run here is named with its path", "[core]") {
  struct Case {
    const char* name;
    const char* pointer;
    json value;
    const char* field;
    const char* says;
  };
  const Case cases[] = {
      {"exit handler", "/spec/onExit", "main", "x.spec.onExit", "not run by hone"},
      {"volumes", "/spec/volumeClaimTemplates", json::array({1}), "x.spec.volumeClaimTemplates",
       "not run by hone"},
      {"no entrypoint", "/spec/entrypoint", "man", "x.spec.entrypoint", "no template is named"},
      {"a slip of the pen", "/spec/templates/1/output", json{{"a", 1}},
       "x.spec.templates[1].output", "did you mean 'outputs'"},
      {"sidecars", "/spec/templates/1/sidecars", json::array({1}), "x.spec.templates[1].sidecars",
       "not run by hone"},
      {"memoize", "/spec/templates/1/memoize", json{{"key", "a"}}, "x.spec.templates[1].memoize",
       "not run by hone"},
      {"git artifact", "/spec/templates/2/inputs/artifacts/0/git", json{{"repo", "a"}},
       "x.spec.templates[2].inputs.artifacts[0].git", "not run by hone"},
      {"two bodies", "/spec/templates/1/script", json{{"source", "a"}},
       "x.spec.templates[1].container", "one of"},
      {"unknown template", "/spec/templates/0/steps/0/0/template", "none",
       "x.spec.templates[0].steps[0][0].template", "no template is named 'none'"},
      {"sequence", "/spec/templates/0/steps/0/0/withSequence", json{{"count", "3"}},
       "x.spec.templates[0].steps[0][0].withSequence", "not run by hone"},
      {"tag without target", "/spec/templates/1/container/command/0", "{{inputs.parameters.no}}",
       "x.spec.templates[1].container.command[0]", "leads to nothing"},
      {"expression tag", "/spec/templates/1/container/command/0", "{{=1+1}}",
       "x.spec.templates[1].container.command[0]", "leads to nothing"},
      {"a later step", "/spec/templates/0/steps/0/0/when", "{{steps.train.status}} == Succeeded",
       "x.spec.templates[0].steps[0][0].when", "leads to nothing"},
      {"condition", "/spec/templates/0/steps/1/0/when", "1 =~ 2",
       "x.spec.templates[0].steps[1][0].when", "cannot be read"},
      {"missing argument", "/spec/templates/0/steps/1/0/arguments/parameters", json::array(),
       "x.spec.templates[0].steps[1][0].arguments", "parameter 'rows'"},
      {"calls itself", "/spec/templates/0/steps/0/0/template", "main", "x.spec.templates[0]",
       "calls itself"},
      {"relative path", "/spec/templates/1/outputs/artifacts/0/path", "data",
       "x.spec.templates[1].outputs.artifacts[0].path", "must start with '/'"},
      {"deadline by parameter", "/spec/templates/1/activeDeadlineSeconds", "{{inputs.x}}",
       "x.spec.templates[1].activeDeadlineSeconds", "whole number"},
      {"retry without limit", "/spec/templates/1/retryStrategy", json{{"retryPolicy", "Always"}},
       "x.spec.templates[1].retryStrategy.limit", "is missing"},
      {"own annotation", "/spec/templates/1/metadata",
       json{{"annotations", {{"hone/cash", "false"}}}}, "x.spec.templates[1].metadata.annotations",
       "knows no annotation"},
      {"steps are lists of lists", "/spec/templates/0/steps/0", json{{"name", "a"}},
       "x.spec.templates[0].steps[0]", "list"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Problems problems;
      DecodeWorkflow(DumpJson(Change(c.pointer, c.value)), "x", problems);
      const auto told = std::ranges::find_if(problems.list(), [&c](const Problem& problem) {
        return problem.field == c.field && problem.message.find(c.says) != std::string::npos;
      });
      if (told == problems.list().end()) {
        for (const Problem& problem : problems.list()) {
          UNSCOPED_INFO(problem.field << ": " << problem.message);
        }
        FAIL("not told: " << c.field << ": " << c.says);
      }
    }
  }
}

TEST_CASE("workflow: steps follow one another, with what was left for them", "[core]") {
  const Workflow workflow = Decoded(ParseJsonOrThrow(kTwoSteps));
  CHECK(WidthOf(workflow) == 1);
  Run run(workflow, {.name = "trial", .name_space = "ns", .uid = "u"});
  std::string command;
  const auto order = RunAll(run, [&](const ReadyStep& step) {
    if (step.id == "train") {
      CHECK(step.inputs.parameters.at("rows") == "17");
      CHECK(step.inputs.artifacts.at("data").path == "/kept/data");
      command = FillTags(step.what->container, [&](std::string_view tag) {
                  return run.ValueIn(step, {{"inputs.artifacts.data", "/in"}}, tag);
                }).value();
    }
    return Well(step);
  });
  CHECK(order == std::vector<std::string>{"prepare", "train"});
  CHECK(ParseJsonOrThrow(command).at("command") == json({"train", "17", "0.1", "/in"}));
  CHECK(run.phase() == Phase::kSucceeded);
  const std::string status = StatusOf(run, kStart, kStart);
  CHECK(ParseJsonOrThrow(status).at("/status/progress"_json_pointer) == "2/2");
  CHECK(JudgeByConditions(status, R"(status.[@this].#(phase=="Succeeded")#)",
                          R"(status.[@this].#(phase=="Failed")#)")
            .value() == ConditionVerdict::kSucceeded);
}

TEST_CASE("workflow: a step that fails ends it, and is named", "[core]") {
  const Workflow workflow = Decoded(ParseJsonOrThrow(kTwoSteps));
  Run run(workflow, {});
  const auto order = RunAll(run, [](const ReadyStep&) {
    StepEnd end;
    end.exit_code = 3;
    end.message = "exit code 3";
    return end;
  });
  CHECK(order == std::vector<std::string>{"prepare"});
  CHECK(run.phase() == Phase::kFailed);
  CHECK(run.Message() == "step prepare: exit code 3");
  CHECK(JudgeByConditions(StatusOf(run, kStart, kStart), R"(status.[@this].#(phase=="Succeeded")#)",
                          R"(status.[@this].#(phase=="Failed")#)")
            .value() == ConditionVerdict::kFailed);
}

TEST_CASE("workflow: a step is tried again as often as it may be", "[core]") {
  const json object =
      Change("/spec/templates/1/retryStrategy", {{"limit", 2}, {"backoff", {{"duration", "5"}}}});
  const Workflow workflow = Decoded(object);
  Run run(workflow, {});
  int failures = 2;
  std::vector<int> tries;
  const auto order = RunAll(run, [&](const ReadyStep& step) {
    tries.push_back(step.tries);
    StepEnd end = Well(step);
    end.succeeded = step.id != "prepare" || failures-- == 0;
    return end;
  });
  CHECK(order == std::vector<std::string>{"prepare", "prepare", "prepare", "train"});
  CHECK(tries == std::vector<int>{0, 1, 2, 0});
  CHECK(run.phase() == Phase::kSucceeded);
}

TEST_CASE("workflow: deadlines end what has not begun, and bound what begins", "[core]") {
  const Workflow workflow = Decoded(Change("/spec/activeDeadlineSeconds", 7));
  Run run(workflow, {});
  const auto first = run.Advance(kStart, 1);
  REQUIRE(first.size() == 1);
  CHECK(first[0].deadline == kStart + std::chrono::seconds(7));
  run.Finish("prepare", Well(first[0]), kStart + std::chrono::seconds(8));
  CHECK(run.Advance(kStart + std::chrono::seconds(8), 1).empty());
  CHECK(run.Message() == "step train: ran longer than its activeDeadlineSeconds");
}

constexpr char kDag[] = R"({
  "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
  "spec": {
    "entrypoint": "main",
    "templates": [
      {"name": "main",
       "outputs": {"parameters": [{"name": "all", "valueFrom": {"parameter":
                                   "{{tasks.each.outputs.parameters.rows}}"}}]},
       "dag": {"tasks": [
        {"name": "list", "template": "work", "arguments": {"parameters": [{"name": "w", "value": "0"}]}},
        {"name": "each", "template": "work", "depends": "list",
         "withParam": "{{tasks.list.outputs.result}}",
         "arguments": {"parameters": [{"name": "w", "value": "{{item}}"}]}},
        {"name": "fixed", "template": "work", "withItems": ["a", {"k": "b"}],
         "arguments": {"parameters": [{"name": "w", "value": "{{item}}"}]}},
        {"name": "never", "template": "work", "dependencies": ["list"],
         "when": "{{tasks.list.outputs.result}} == no",
         "arguments": {"parameters": [{"name": "w", "value": "n"}]}},
        {"name": "last", "template": "work", "dependencies": ["each", "never", "fixed"],
         "arguments": {"parameters": [{"name": "w", "value": "{{tasks.each.outputs.parameters.rows}}"}]}}]}},
      {"name": "work", "inputs": {"parameters": [{"name": "w"}]},
       "outputs": {"parameters": [{"name": "rows", "valueFrom": {"path": "/rows"}}]},
       "container": {"command": ["work", "{{inputs.parameters.w}}"]}}
    ]}})";

TEST_CASE("workflow: a dag with lists, conditions and bounded width", "[core]") {
  const Workflow workflow = Decoded(ParseJsonOrThrow(kDag));
  CHECK(WidthOf(workflow) == 3);  // list and fixed; each counts as one step
  Run run(workflow, {});
  std::map<std::string, std::string> given;
  const auto order = RunAll(
      run,
      [&](const ReadyStep& step) {
        given[step.id] = step.inputs.parameters.at("w");
        return Well(step);
      },
      2);
  CHECK(run.phase() == Phase::kSucceeded);
  REQUIRE(order.size() == 6);
  CHECK(order.front() == "list");
  CHECK(order.back() == "last");
  CHECK(given.at("each(0:1)") == "1");
  CHECK(given.at("each(1:2)") == "2");
  CHECK(given.at("fixed(1)") == R"({"k":"b"})");
  CHECK(given.at("last") == R"(["17","17"])");
  const auto steps = run.Steps();
  const auto never = std::ranges::find(steps, "never", &StepState::id);
  REQUIRE(never != steps.end());
  CHECK(never->phase == Phase::kSkipped);
}

TEST_CASE("workflow: once a task has failed, none is started; continueOn goes on", "[core]") {
  for (const bool goes_on : {false, true}) {
    CAPTURE(goes_on);
    json object = ParseJsonOrThrow(kDag);
    object["/spec/templates/0/dag/tasks/2/continueOn"_json_pointer] = {{"failed", goes_on}};
    const Workflow workflow = Decoded(object);
    Run run(workflow, {});
    const auto order = RunAll(run, [&](const ReadyStep& step) {
      StepEnd end = Well(step);
      end.succeeded = !step.id.starts_with("fixed(0");
      end.message = end.succeeded ? "" : "exit code 1";
      return end;
    });
    CHECK((run.phase() == Phase::kSucceeded) == goes_on);
    CHECK((std::ranges::find(order, "last") != order.end()) == goes_on);
    CHECK(run.Message() == (goes_on ? "" : "step fixed(0:a): exit code 1"));
  }
}

TEST_CASE("workflow: being told to end names what ran", "[core]") {
  const Workflow workflow = Decoded(ParseJsonOrThrow(kTwoSteps));
  Run run(workflow, {});
  REQUIRE(run.Advance(kStart, 1).size() == 1);
  run.Stop("still ran", kStart);
  CHECK(run.IsOver());
  CHECK(run.Message() == "step prepare: still ran");
}

}  // namespace
}  // namespace hone::workflow
