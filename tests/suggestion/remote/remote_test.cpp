// SPDX-License-Identifier: Apache-2.0
// What is asked of a suggestion service, and what of its answers is believed.
#include <deque>
#include <future>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.h"
#include "base/rng.h"
#include "core/problem.h"
#include "core/spec_codec.h"
#include "suggestion/remote/factory.h"
#include "suggestion/remote/remote_study.h"
#include "suggestion/remote/reply.h"
#include "suggestion/remote/tag.h"
#include "tests/catch.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr const char* kExperiment = R"({
  "apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "metadata": {"name": "far"},
  "spec": {
    "objective": {"type": "maximize", "objectiveMetricName": "accuracy"},
    "algorithm": {"algorithmName": "theirs", "endpoint": "there:6789", "endpointTimeout": "5s",
      "algorithmSettings": [{"name": "a", "value": "1"}]},
    "parallelTrialCount": 2, "maxTrialCount": 9, "runner": {"kind": "AskTell"},
    "parameters": [
      {"name": "lr", "parameterType": "double",
       "feasibleSpace": {"min": "0.1", "max": "0.9", "distribution": "logUniform"}},
      {"name": "how", "parameterType": "categorical", "feasibleSpace": {"list": ["x", "y"]}}]}})";

ExperimentSpec Spec() {
  Problems problems;
  ExperimentSpec spec = DecodeSpec(ParseJsonOrThrow(kExperiment), nullptr, problems);
  REQUIRE_FALSE(problems.HasErrors());
  return spec;
}

json Item(const std::string& lr, const std::string& how) {
  return {{"assignments", {{{"name", "lr"}, {"value", lr}}, {{"name", "how"}, {"value", how}}}}};
}

json Good() {
  return {{"parameterAssignments", {Item("0.5", "x"), Item("0.25", "y")}}};
}

const Timestamp kNow = ParseTimestamp("2026-01-31T12:00:00Z").value();

/// Plays a service; each call takes the next answer, the last one again and again.
class FakeCaller final : public ServiceCaller {
 public:
  Result<std::string> Call(const ServiceCall& call, const std::atomic<bool>& /*stop*/) override {
    calls.push_back(call);
    if (call.method == "ValidateAlgorithmSettings") {
      return validation;
    }
    auto answer = answers.front();
    if (answers.size() > 1) {
      answers.pop_front();
    }
    return answer;
  }

  Result<std::string> validation = std::string("{}");
  std::deque<Result<std::string>> answers;
  std::vector<ServiceCall> calls;
};

class NoFactory final : public SuggesterFactory {
 public:
  Result<std::unique_ptr<Suggester>> Create(const ExperimentId& /*id*/,
                                            const ExperimentSpec& /*spec*/,
                                            const Origin& /*origin*/) override {
    return Fail(Code::kInternal, "not here");
  }
};

Result<SuggestReply> Ask(Suggester& suggester, std::vector<HistoryItem> deltas) {
  std::promise<Result<SuggestReply>> told;
  suggester.Ask({.reservation = 4,
                 .based_on = 3,
                 .deltas = std::move(deltas),
                 .numbers = {1, 2},
                 .trials_left = {}},
                [&told](Result<SuggestReply> reply) { told.set_value(std::move(reply)); });
  return told.get_future().get();
}

TEST_CASE("remote: what a reply must not be", "[suggestion]") {
  struct Case {
    const char* name;
    json reply;
    const char* told;
  };
  const auto with = [](const char* pointer, const json& value) {
    json reply = Good();
    reply[json::json_pointer(pointer)] = value;
    return reply;
  };
  const char* const kLr = "/parameterAssignments/1/assignments/0/";
  const auto lr = [&](const char* key, const json& value) {
    return with((std::string(kLr) + key).c_str(), value);
  };
  json named = Good();
  named["parameterAssignments"][0]["trialName"] = "one";
  named["parameterAssignments"][1]["trialName"] = "one";
  const std::string much(5000, 'm');
  const Case cases[] = {
      {"no object", json::array(), "cannot be read"},
      {"empty", json::object(), "gave 0 suggestions, 2 were asked for"},
      {"too few", {{"parameterAssignments", {Item("0.5", "x")}}}, "gave 1 suggestions"},
      {"too many",
       {{"parameterAssignments", {Item("0.5", "x"), Item("0.5", "x"), Item("0.5", "x")}}},
       "gave 3 suggestions"},
      {"a foreign name", lr("name", "rate"),
       "suggestion 2 of 2 has \"rate\", which is no parameter"},
      {"a name twice", lr("name", "how"), "parameter how"},
      {"one missing", with("/parameterAssignments/1/assignments", json::array()),
       "lacks parameter lr"},
      {"out of bounds", lr("value", "0.91"), "parameter lr: "},
      {"not a number", lr("value", "much"), "parameter lr: "},
      {"NaN", lr("value", "nan"), "parameter lr: "},
      {"a number instead of a text", lr("value", 0.5), "parameter lr: "},
      {"no choice", with("/parameterAssignments/0/assignments/1/value", "z"), "parameter how: "},
      {"a name that is none", with("/parameterAssignments/0/trialName", "A b"), "names its trial"},
      {"a trial's name", with("/parameterAssignments/0/trialName", "taken"), "as another trial"},
      {"a name given twice", named, "as another trial is named"},
      {"much to remember",
       with("/algorithm", {{"algorithmSettings", {{{"name", "state"}, {"value", much}}}}}),
       "settings remembered"},
  };
  const ExperimentSpec spec = Spec();
  const std::set<std::string> names = {"taken"};
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const auto read = remote::ReadReply(DumpJson(c.reply), {spec.space, 2, names, {}, kNow});
      REQUIRE_FALSE(read.has_value());
      CHECK(read.error().code == Code::kUnavailable);
      CHECK_THAT(read.error().message, Catch::Matchers::Contains(c.told));
    }
  }
}

TEST_CASE("remote: damaged replies are refused or sound, and nothing worse", "[suggestion]") {
  const ExperimentSpec spec = Spec();
  json reply = Good();
  reply["parameterAssignments"][0]["labels"] = {{"bracket", "1"}};
  reply["algorithm"] = {{"algorithmSettings", {{{"name", "s"}, {"value", "1"}}}}};
  const std::string sound = DumpJson(reply);
  Rng rng(1, Scope::Experiment(), Purpose::kSimulation);
  for (int i = 0; i < 20000; ++i) {
    std::string text = sound;
    for (std::uint32_t hits = 1 + rng.Below(3); hits > 0; --hits) {
      text[rng.Below(static_cast<std::uint32_t>(text.size()))] = static_cast<char>(rng.Below(256));
    }
    const auto read = remote::ReadReply(text, {spec.space, 2, {}, {}, kNow});
    if (!read) {
      continue;
    }
    for (const Proposal& answer : *read) {
      const auto& start = std::get<proposal::Start>(answer);
      REQUIRE(CheckValue(spec.space.parameters[0].domain, start.values[0].text));
      REQUIRE(CheckValue(spec.space.parameters[1].domain, start.values[1].text));
      REQUIRE(start.tag.size() <= 4096);
    }
  }
}

TEST_CASE("remote: a service is told Katib's request, after a restart the same", "[suggestion]") {
  const ExperimentSpec spec = Spec();
  const ExperimentId id{"6f9619ff-8b86-4d01-b42d-00cf4fc964ff"};
  const std::string tag = remote::MakeTag({kNow, "their-name", {{"a", "2"}, {"state", "s1"}}});
  const std::vector<HistoryItem> items = {
      {1, history::Proposed{1, {{"0.5"}, {"x"}}, tag, {}}},
      {2, history::Proposed{2, {{"0.25"}, {"y"}}, remote::MakeTag({kNow}), {}}},
      {3, history::Completed{1, {-0.75}, std::chrono::seconds(90)}},
      {4, history::Infeasible{2, EndingKind::kExitCode}},
      {5, history::Proposed{3, {{"0.3"}, {"y"}}, remote::MakeTag({kNow}), {}}}};
  RemoteStudy study(id, spec);
  study.Tell(items, {});
  const json request = ParseJsonOrThrow(study.SuggestRequest(2, 0));
  CHECK(request.at("currentRequestNumber") == 2);
  CHECK(request.at("totalRequestNumber") == 5);
  const json& told = request.at("experiment").at("spec");
  CHECK(told.at("algorithm").at("algorithmName") == "theirs");
  CHECK(told.at("algorithm").at("algorithmSettings") ==
        ParseJsonOrThrow(R"([{"name":"a","value":"2"},{"name":"state","value":"s1"}])"));
  CHECK(told.at("parameterSpecs").at("parameters").at(0).at("parameterType") == "DOUBLE");
  CHECK(told.at("parameterSpecs").at("parameters").at(0).at("feasibleSpace").at("distribution") ==
        "LOG_UNIFORM");
  const json& trials = request.at("trials");
  REQUIRE(trials.size() == 3);
  CHECK(trials.at(0).at("name") == "their-name");
  CHECK(trials.at(0).at("status").at("condition") == "SUCCEEDED");
  CHECK(trials.at(0).at("status").at("startTime") == "2026-01-31T12:00:00Z");
  CHECK(trials.at(0).at("status").at("completionTime") == "2026-01-31T12:01:30Z");
  CHECK(trials.at(0).at("status").at("observation").at("metrics").at(0).at("value") == "0.75");
  CHECK(trials.at(1).at("name") == TrialName("far", {id, 2}));
  CHECK(trials.at(1).at("status").at("condition") == "FAILED");
  CHECK(trials.at(2).at("status").at("condition") == "RUNNING");
  const json validation = ParseJsonOrThrow(study.ValidateRequest());
  CHECK(validation.at("experiment").at("spec").at("algorithm").at("algorithmSettings").size() == 1);

  RemoteStudy again(id, spec);
  again.Tell(std::span(items).first(3), {});
  again.Tell(items, {});  // what was told before is passed over
  CHECK(again.SuggestRequest(2, 0) == study.SuggestRequest(2, 0));
}

TEST_CASE("remote: errors say which service, and whether asking again may help", "[suggestion]") {
  struct Case {
    const char* name;
    Result<std::string> validation;
    Result<std::string> answer;
    Code code;
    const char* told;
  };
  const Result<std::string> ok = std::string("{}");
  const Case cases[] = {
      {"refused", Fail(Code::kInvalidArgument, "a: too big"), ok, Code::kInvalidArgument,
       "the suggestion service at there:6789: refuses the experiment: a: too big"},
      {"an exception in the validation", Fail(Code::kUnknown, "KeyError"), ok,
       Code::kInvalidArgument, "KeyError"},
      {"dead", Fail(Code::kUnavailable, "connection refused"), ok, Code::kUnavailable,
       "unavailable: connection refused"},
      {"slow", ok, Fail(Code::kDeadlineExceeded, "Deadline Exceeded"), Code::kDeadlineExceeded,
       "Deadline Exceeded"},
      {"an exception", ok, Fail(Code::kUnknown, "KeyError"), Code::kUnavailable, "KeyError"},
      {"no such method", ok, Fail(Code::kUnimplemented, "no method"), Code::kUnimplemented,
       "no method"},
      {"a lie", ok, ok, Code::kUnavailable, "gave 0 suggestions"},
      {"no bridge", Fail(Code::kFailedPrecondition, "no program"),
       Fail(Code::kFailedPrecondition, "no program"), Code::kFailedPrecondition, "no program"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      NoFactory none;
      FakeCaller caller;
      const SystemClock clock;
      caller.validation = c.validation;
      caller.answers = {c.answer};
      RemoteSuggesterFactory factory({none, caller, clock, {}});
      const auto suggester = factory.Create(ExperimentId{"u"}, Spec(), {0});
      REQUIRE(suggester.has_value());
      const auto reply = Ask(**suggester, {});
      REQUIRE_FALSE(reply.has_value());
      CHECK(reply.error().code == c.code);
      CHECK_THAT(reply.error().message, Catch::Matchers::Contains(c.told));
      CHECK_THAT(reply.error().message, Catch::Matchers::Contains("there:6789"));
    }
  }
}

TEST_CASE("remote: proposals come with name, labels and what the service remembers",
          "[suggestion]") {
  NoFactory none;
  FakeCaller caller;
  const SystemClock clock;
  json reply = Good();
  reply["parameterAssignments"][0]["trialName"] = "mine";
  reply["parameterAssignments"][0]["labels"] = {{"bracket", "1"}};
  reply["algorithm"] = {{"algorithmSettings", {{{"name", "s"}, {"value", "1"}}}}};
  caller.validation = Fail(Code::kUnimplemented, "optional");
  caller.answers = {DumpJson(reply)};
  RemoteSuggesterFactory factory(
      {none, caller, clock, [](const std::string& name) { return name == "other"; }});
  const auto suggester = factory.Create(ExperimentId{"u"}, Spec(), {0});
  REQUIRE(suggester.has_value());
  const auto answered = Ask(**suggester, {});
  REQUIRE(answered.has_value());
  CHECK(answered->reservation == 4);
  CHECK(answered->based_on == 3);
  const auto& start = std::get<proposal::Start>(answered->answers.at(0));
  CHECK(start.name == "mine");
  CHECK(start.labels.at("bracket") == "1");
  CHECK(remote::ReadTag(start.tag).settings == std::vector<Setting>{{"s", "1"}});
  CHECK(caller.calls.front().timeout == std::chrono::seconds(5));

  CHECK(Ask(**suggester, {}).has_value());
  CHECK(caller.calls.size() == 3);  // validated once

  reply["parameterAssignments"][0]["trialName"] = "other";
  caller.answers = {DumpJson(reply)};
  const auto taken = Ask(**suggester, {});
  REQUIRE_FALSE(taken.has_value());
  CHECK_THAT(taken.error().message, Catch::Matchers::Contains("trial of another experiment"));
}

}  // namespace
}  // namespace hone
