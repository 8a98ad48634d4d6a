// SPDX-License-Identifier: Apache-2.0
// What is asked of an early-stopping service, and what of its answers is believed.
#include <deque>
#include <future>
#include <nlohmann/json.hpp>

#include "base/guarded.h"
#include "base/json.h"
#include "base/rng.h"
#include "core/problem.h"
#include "core/spec_codec.h"
#include "core/stop_rule.h"
#include "suggestion/remote/remote_study.h"
#include "suggestion/remote/ruled_factory.h"
#include "suggestion/remote/rules_reply.h"
#include "tests/catch.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr const char* kExperiment = R"({
  "apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "metadata": {"name": "far"},
  "spec": {
    "objective": {"type": "maximize", "objectiveMetricName": "accuracy",
                  "additionalMetricNames": ["heat"]},
    "algorithm": {"algorithmName": "random"},
    "earlyStopping": {"algorithmName": "theirs", "endpoint": "there:6788", "endpointTimeout": "5s",
      "algorithmSettings": [{"name": "start_step", "value": "2"}]},
    "parallelTrialCount": 2, "maxTrialCount": 9, "runner": {"kind": "AskTell"},
    "parameters": [
      {"name": "lr", "parameterType": "double", "feasibleSpace": {"min": "0.1", "max": "0.9"}}]}})";

ExperimentSpec Spec() {
  Problems problems;
  ExperimentSpec spec = DecodeSpec(ParseJsonOrThrow(kExperiment), nullptr, problems);
  REQUIRE_FALSE(problems.HasErrors());
  return spec;
}

json Good() {
  return {{"earlyStoppingRules",
           {{{"name", "accuracy"}, {"value", "0.50"}, {"comparison", "LESS"}, {"startStep", 2}},
            {{"name", "heat"}, {"value", "1e2"}}}}};
}

const std::vector<std::string> kMetrics = {"accuracy", "heat"};

/// Plays a service; each call of a method takes its next answer, the last one again and again.
class FakeCaller final : public ServiceCaller {
 public:
  Result<std::string> Call(const ServiceCall& call, const std::atomic<bool>& /*stop*/) override {
    return state_.WithLock([&](State& s) {
      s.calls.push_back(call);
      std::deque<Result<std::string>>& answers = s.answers[call.method];
      auto answer = answers.empty() ? Result<std::string>("{}") : answers.front();
      if (answers.size() > 1) {
        answers.pop_front();
      }
      return answer;
    });
  }
  void Answer(const std::string& method, std::deque<Result<std::string>> answers) {
    state_.WithLock([&](State& s) { s.answers[method] = std::move(answers); });
  }
  std::vector<ServiceCall> Calls() {
    return state_.WithLock([](State& s) { return s.calls; });
  }

 private:
  struct State {
    std::map<std::string, std::deque<Result<std::string>>> answers;
    std::vector<ServiceCall> calls;
  };
  Guarded<State> state_;
};

/// A search that starts a trial and waits with another.
class FakeSearch final : public Suggester {
 public:
  explicit FakeSearch(int& asked) : asked_(asked) {}
  void Ask(SuggestRequest request, Done done) override {
    ++asked_;
    proposal::Start start;
    start.values = {{"0.5"}};
    done(SuggestReply{request.reservation, request.based_on, {start, proposal::Wait{}}, {7}, 0.25});
  }

 private:
  int& asked_;
};

class FakeSearches final : public SuggesterFactory {
 public:
  Result<std::unique_ptr<Suggester>> Create(const ExperimentId& /*id*/,
                                            const ExperimentSpec& /*spec*/,
                                            const Origin& /*origin*/) override {
    return std::make_unique<FakeSearch>(asked);
  }
  int asked = 0;
};

struct Fixture {
  FakeSearches searches;
  FakeCaller caller;
  Result<std::string> logs = std::string("127.0.0.1:5000");
  RuledSuggesterFactory factory{{searches, caller, [this] { return logs; }}};
  std::unique_ptr<Suggester> suggester =
      factory.Create(ExperimentId{"6f9619ff-8b86-4d01-b42d-00cf4fc964ff"}, Spec(), {0}).value();

  Result<SuggestReply> Ask(Version reservation, std::vector<HistoryItem> deltas = {}) {
    std::promise<Result<SuggestReply>> told;
    suggester->Ask({.reservation = reservation,
                    .based_on = 3,
                    .deltas = std::move(deltas),
                    .numbers = {1, 2},
                    .trials_left = {}},
                   [&told](Result<SuggestReply> reply) { told.set_value(std::move(reply)); });
    return told.get_future().get();
  }
};

TEST_CASE("rules: what a reply says, and what it must not be", "[suggestion]") {
  const auto read = remote::ReadRules(DumpJson(Good()), kMetrics);
  REQUIRE(read.has_value());
  CHECK(*read == std::vector<StopRule>{{"accuracy", Comparison::kLess, "0.50", 2},
                                       {"heat", Comparison::kEqual, "1e2", 0}});
  CHECK(remote::ReadRules("{}", kMetrics)->empty());

  struct Case {
    const char* name;
    json reply;
    const char* told;
  };
  const auto with = [](const char* key, const json& value) {
    json reply = Good();
    reply["earlyStoppingRules"][0][key] = value;
    return reply;
  };
  const Case cases[] = {
      {"no object", json::array(), "cannot be read"},
      {"no list", {{"earlyStoppingRules", 7}}, "more rules"},
      {"a rule that is none", {{"earlyStoppingRules", {7}}}, "rule 1 of 1 cannot be read"},
      {"a foreign metric", with("name", "los\ns"),
       "rule 1 of 2 is about \"los\\x0as\", which is no metric"},
      {"no number", with("value", "much"), "the value \"much\", which is no number"},
      {"infinite", with("value", "inf"), "no number"},
      {"a number instead of a text", with("value", 0.5), "no number"},
      {"a comparison of its own", with("comparison", 9), "comparison"},
      {"a negative step", with("startStep", -1), "start step"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const auto lie = remote::ReadRules(DumpJson(c.reply), kMetrics);
      REQUIRE_FALSE(lie.has_value());
      CHECK(lie.error().code == Code::kUnavailable);
      CHECK_THAT(lie.error().message, Catch::Matchers::Contains(c.told));
    }
  }
  json flood = Good();
  flood["earlyStoppingRules"] = json::array();
  for (int i = 0; i < 65; ++i) {
    flood["earlyStoppingRules"].push_back({{"name", "heat"}, {"value", "1"}});
  }
  CHECK_FALSE(remote::ReadRules(DumpJson(flood), kMetrics).has_value());
}

TEST_CASE("rules: damaged replies are refused or sound, and nothing worse", "[suggestion]") {
  const std::string sound = DumpJson(Good());
  Rng rng(1, Scope::Experiment(), Purpose::kSimulation);
  for (int i = 0; i < 20000; ++i) {
    std::string text = sound;
    for (std::uint32_t hits = 1 + rng.Below(3); hits > 0; --hits) {
      text[rng.Below(static_cast<std::uint32_t>(text.size()))] = static_cast<char>(rng.Below(256));
    }
    const auto read = remote::ReadRules(text, kMetrics);
    for (const StopRule& rule : read.value_or(std::vector<StopRule>())) {
      REQUIRE((rule.metric == "accuracy" || rule.metric == "heat"));
    }
  }
}

TEST_CASE("rules: every trial of an answer gets them, and the rest of it stays", "[suggestion]") {
  Fixture f;
  f.caller.Answer("GetEarlyStoppingRules", {DumpJson(Good())});
  const auto reply = f.Ask(4);
  REQUIRE(reply.has_value());
  CHECK(reply->reservation == 4);
  CHECK(reply->based_on == 3);
  CHECK(reply->released == std::vector<TrialNumber>{7});
  CHECK(reply->expected_gain == 0.25);
  REQUIRE(reply->answers.size() == 2);
  CHECK(RulesOf(std::get<proposal::Start>(reply->answers[0]).labels) ==
        *remote::ReadRules(DumpJson(Good()), kMetrics));
  CHECK(std::holds_alternative<proposal::Wait>(reply->answers[1]));

  CHECK(f.Ask(8).has_value());
  const auto calls = f.caller.Calls();
  REQUIRE(calls.size() == 3);  // validated once
  CHECK(calls[0].method == "ValidateEarlyStoppingSettings");
  CHECK(ParseJsonOrThrow(calls[0].request) ==
        ParseJsonOrThrow(R"({"earlyStopping": {"algorithmName":
    "theirs", "algorithmSettings": [{"name": "start_step", "value": "2"}]}})"));
  CHECK(calls[1].method == "GetEarlyStoppingRules");
  CHECK(calls[1].endpoint == "there:6788");
  CHECK(calls[1].timeout == std::chrono::seconds(5));
  CHECK(ParseJsonOrThrow(calls[1].request).at("dbManagerAddress") == "127.0.0.1:5000");
}

TEST_CASE("rules: the service is told of trials of any search, under their names", "[suggestion]") {
  const ExperimentSpec spec = Spec();
  const ExperimentId id{"6f9619ff-8b86-4d01-b42d-00cf4fc964ff"};
  // A search of hone's own may remember anything in its tags.
  const std::string tag = R"({"started": "1999-01-01T00:00:00Z", "name": "not-a-name"})";
  RemoteStudy study(id, spec);
  const std::vector<HistoryItem> items = {
      {1, history::Proposed{1, {{"0.5"}}, tag, {}}},
      {2, history::Completed{1, {-0.75}, std::chrono::seconds(90)}},
      {3, history::Proposed{2, {{"0.25"}}, {}, {}}},
      {4, history::Lost{2}},
      {5, history::Proposed{3, {{"0.75"}}, {}, {}}}};
  std::vector<Timestamp> recorded_at;
  for (int minute = 0; minute < 5; ++minute) {
    recorded_at.emplace_back(std::chrono::seconds(1769860800) + std::chrono::minutes(minute));
  }
  study.Tell(items, recorded_at);
  const json request = ParseJsonOrThrow(study.RulesRequest("here:1"));
  CHECK(request.at("experiment").at("spec").at("earlyStopping").at("algorithmName") == "theirs");
  const json& trial = request.at("trials").at(0);
  CHECK(trial.at("name") == TrialName("far", {id, 1}));
  CHECK(trial.at("status").at("condition") == "SUCCEEDED");
  const auto time = [&](std::size_t i, const char* which) {
    return request.at("trials").at(i).at("status").at(which).get<std::string>();
  };
  CHECK(time(0, "startTime") == "2026-01-31T12:00:00Z");
  CHECK(time(0, "completionTime") == "2026-01-31T12:01:00Z");  // as the ledger has it
  CHECK(time(1, "startTime") == "2026-01-31T12:02:00Z");
  CHECK(time(1, "completionTime") == "2026-01-31T12:03:00Z");
  CHECK(time(2, "startTime") == "2026-01-31T12:04:00Z");
  CHECK(time(2, "completionTime").empty());
}

TEST_CASE("rules: errors say which service, and whether asking again may help", "[suggestion]") {
  struct Case {
    const char* name;
    Result<std::string> validation;
    Result<std::string> answer;
    Code code;
    const char* told;
  };
  const Result<std::string> ok = std::string("{}");
  const Case cases[] = {
      {"refused", Fail(Code::kInvalidArgument, "start_step: too big"), ok, Code::kInvalidArgument,
       "refuses the settings: start_step: too big"},
      {"dead", Fail(Code::kUnavailable, "connection refused"), ok, Code::kUnavailable,
       "unavailable: connection refused"},
      {"slow", ok, Fail(Code::kDeadlineExceeded, "no answer"), Code::kDeadlineExceeded,
       "deadline exceeded: no answer"},
      {"an exception", Fail(Code::kUnimplemented, "optional"), Fail(Code::kUnknown, "KeyError"),
       Code::kUnavailable, "KeyError"},
      {"a lie", ok, std::string(R"({"earlyStoppingRules": [{"name": "los"}]})"), Code::kUnavailable,
       "\"los\", which is no metric"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Fixture f;
      f.caller.Answer("ValidateEarlyStoppingSettings", {c.validation});
      f.caller.Answer("GetEarlyStoppingRules", {c.answer});
      const auto reply = f.Ask(4);
      REQUIRE_FALSE(reply.has_value());
      CHECK(reply.error().code == c.code);
      CHECK(reply.error().field == "spec.earlyStopping.endpoint");
      CHECK_THAT(reply.error().message,
                 Catch::Matchers::Contains("the early-stopping service at there:6788: "));
      CHECK_THAT(reply.error().message, Catch::Matchers::Contains(c.told));
    }
  }
}

TEST_CASE("rules: asking again does not search again", "[suggestion]") {
  Fixture f;
  f.caller.Answer("GetEarlyStoppingRules", {Fail(Code::kUnavailable, "busy"), DumpJson(Good())});
  CHECK_FALSE(f.Ask(4).has_value());
  const auto reply = f.Ask(4);
  REQUIRE(reply.has_value());
  CHECK(RulesOf(std::get<proposal::Start>(reply->answers[0]).labels).size() == 2);
  CHECK(reply->released == std::vector<TrialNumber>{7});
  CHECK(f.searches.asked == 1);
  CHECK(f.Ask(9).has_value());
  CHECK(f.searches.asked == 2);
}

TEST_CASE("rules: without what trials reported the service is not asked", "[suggestion]") {
  Fixture f;
  f.logs = Fail(Code::kFailedPrecondition, "no program");
  const auto reply = f.Ask(4);
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().code == Code::kFailedPrecondition);
  CHECK(f.caller.Calls().size() == 1);  // the validation
}

TEST_CASE("rules: the service hears of the trials that its rules stopped", "[suggestion]") {
  Fixture f;
  f.caller.Answer("SetTrialStatus", {Fail(Code::kInternal, "no cluster")});  // harms nobody
  f.suggester->TrialStopped("far-abc");
  CHECK(f.Ask(4).has_value());  // on the same thread, behind it
  const auto calls = f.caller.Calls();
  REQUIRE(calls.size() == 3);
  CHECK(calls[0].method == "SetTrialStatus");
  CHECK(ParseJsonOrThrow(calls[0].request) == json{{"trialName", "far-abc"}});
}

}  // namespace
}  // namespace hone
