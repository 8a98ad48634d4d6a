// SPDX-License-Identifier: Apache-2.0
#include "api/wire/render.h"

#include <nlohmann/json.hpp>

#include "api/wire/experiment_file.h"
#include "base/json.h"
#include "tests/api/wire/files.h"
#include "tests/catch.h"

namespace hone {
namespace {

using nlohmann::json;

Timestamp At(int seconds) {
  return ParseTimestamp("2026-01-31T12:00:00Z").value() + std::chrono::seconds(seconds);
}

TrialState Trial(TrialNumber number, TrialPhase phase) {
  TrialState trial;
  trial.number = number;
  trial.phase = phase;
  trial.attempt = 1;
  trial.created_at = At(10);
  trial.values = {{"0.02"}, {"0.7"}};
  trial.given_name = "random-" + std::to_string(number);
  if (phase != TrialPhase::kPending && phase != TrialPhase::kReserved) {
    trial.started_at = At(20);
  }
  if (IsOver(phase)) {
    trial.ended_at = At(30);
  }
  return trial;
}

ExperimentState State() {
  ExperimentState state;
  state.id = {"7b0e8f1c-0000-4000-8000-000000000001"};
  state.version = 9;
  state.phase = ExperimentPhase::kRunning;
  state.spec = std::make_shared<const ExperimentSpec>(
      LoadExperiment(test::DataFile("random-job.yaml"), "f").spec);
  state.seed = 5;
  state.parallel_trial_count = 3;
  state.max_trial_count = 12;
  state.max_failed_trial_count = 3;
  state.created_at = At(0);
  return state;
}

std::vector<std::string> ConditionWords(const json& object) {
  std::vector<std::string> words;
  for (const json& condition : object["status"]["conditions"]) {
    words.push_back(condition["type"].get<std::string>() + " " +
                    condition["status"].get<std::string>() + " " +
                    condition["reason"].get<std::string>());
  }
  return words;
}

using Words = std::vector<std::string>;

TEST_CASE("render: a new experiment has no lists, counts or best trial", "[api]") {
  const json object = ExperimentObject(State());
  CHECK(object["apiVersion"] == "kubeflow.org/v1beta1");
  CHECK(object["kind"] == "Experiment");
  CHECK(object["metadata"] == ParseJsonOrThrow(R"({"name":"random","namespace":"kubeflow",
        "uid":"7b0e8f1c-0000-4000-8000-000000000001","creationTimestamp":"2026-01-31T12:00:00Z"})"));
  CHECK(ConditionWords(object) ==
        Words{"Created True ExperimentCreated", "Running True ExperimentRunning"});
  json status = object["status"];
  status.erase("conditions");
  CHECK(status == ParseJsonOrThrow(R"({"startTime":"2026-01-31T12:00:00Z",
        "hone":{"phase":"Running","seed":5,"version":9}})"));
}

TEST_CASE("render: counts and lists follow the phases", "[api]") {
  ExperimentState state = State();
  constexpr std::array kPhases = {TrialPhase::kSucceeded, TrialPhase::kWithdrawn,
                                  TrialPhase::kFailed,    TrialPhase::kEarlyStopped,
                                  TrialPhase::kKilled,    TrialPhase::kMetricsUnavailable,
                                  TrialPhase::kRunning,   TrialPhase::kPaused,
                                  TrialPhase::kPending,   TrialPhase::kReserved};
  for (std::size_t i = 0; i < kPhases.size(); ++i) {
    state.trials.push_back(Trial(static_cast<TrialNumber>(i + 1), kPhases.at(i)));
  }
  state.trials[0].observation = {{"loss", "0.1", "0.9", "0.2", true}};
  state.best = 1;
  const json status = ExperimentObject(state)["status"];
  const json want = ParseJsonOrThrow(R"({
    "trials": 8, "trialsSucceeded": 1, "trialsFailed": 1, "trialsEarlyStopped": 1, "trialsKilled": 1,
    "trialMetricsUnavailable": 1, "trialsRunning": 1, "trialsPending": 2,
    "succeededTrialList": ["random-1"], "failedTrialList": ["random-3"],
    "earlyStoppedTrialList": ["random-4"], "killedTrialList": ["random-5"],
    "metricsUnavailableTrialList": ["random-6"], "runningTrialList": ["random-7"],
    "pendingTrialList": ["random-8", "random-9"],
    "currentOptimalTrial": {"bestTrialName": "random-1",
      "parameterAssignments": [{"name": "lr", "value": "0.02"}, {"name": "momentum", "value": "0.7"}],
      "observation": {"metrics": [{"name": "loss", "min": "0.1", "max": "0.9", "latest": "0.2"}]}}})");
  for (const auto& [key, value] : want.items()) {
    CAPTURE(key);
    CHECK(status.value(key, json()) == value);
  }
  CHECK(TrialList(state)["items"].size() == 8);
}

TEST_CASE("render: conditions of an experiment by phase", "[api]") {
  using Reason = event::ExperimentEnded::Reason;
  struct Case {
    std::string name;
    ExperimentPhase phase;
    std::optional<Reason> reason;
    bool restarted;
    Words want;
  };
  const std::string created = "Created True ExperimentCreated";
  const std::string stopped = "Running False ExperimentRunning";
  const std::vector<Case> cases = {
      {"goal",
       ExperimentPhase::kSucceeded,
       Reason::kGoalReached,
       false,
       {created, stopped, "Succeeded True ExperimentGoalReached"}},
      {"count",
       ExperimentPhase::kSucceeded,
       Reason::kMaxTrialsReached,
       false,
       {created, stopped, "Succeeded True ExperimentMaxTrialsReached"}},
      {"end of the search",
       ExperimentPhase::kSucceeded,
       Reason::kSuggestionEndReached,
       false,
       {created, stopped, "Succeeded True ExperimentSuggestionEndReached"}},
      {"time",
       ExperimentPhase::kSucceeded,
       Reason::kMaxDurationReached,
       false,
       {created, stopped, "Succeeded True ExperimentMaxDurationReached"}},
      {"failures",
       ExperimentPhase::kFailed,
       Reason::kMaxFailedReached,
       false,
       {created, stopped, "Failed True ExperimentFailed"}},
      {"restarting",
       ExperimentPhase::kRestarting,
       std::nullopt,
       true,
       {created, stopped, "Restarting True ExperimentRestarting"}},
      {"running again",
       ExperimentPhase::kRunning,
       std::nullopt,
       true,
       {created, "Restarting False ExperimentRestarting", "Running True ExperimentRunning"}},
      {"suspended",
       ExperimentPhase::kSuspended,
       std::nullopt,
       false,
       {created, "Running False ExperimentSuspended"}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      ExperimentState state = State();
      state.phase = c.phase;
      state.end_reason = c.reason;
      state.restarted_at = c.restarted ? At(50) : Timestamp{};
      state.ended_at = c.reason ? At(60) : Timestamp{};
      const json object = ExperimentObject(state);
      CHECK(ConditionWords(object) == c.want);
      CHECK(object["status"].contains("completionTime") == c.reason.has_value());
    }
  }
}

TEST_CASE("render: who failed, the search or the early-stopping service", "[api]") {
  ExperimentState state = State();
  state.phase = ExperimentPhase::kFailed;
  state.end_reason = event::ExperimentEnded::Reason::kSuggestionFailed;
  const auto message = [&] {
    return ExperimentObject(state)["status"]["conditions"].back()["message"].get<std::string>();
  };
  state.message = "the search algorithm failed: no such setting";
  CHECK(message() == "Experiment has failed because the search algorithm failed");
  state.message = "spec.earlyStopping.endpoint: the early-stopping service at here:1: unavailable";
  CHECK(message() == "Experiment has failed because the early-stopping service failed");
}

TEST_CASE("render: the spec shows the present budget", "[api]") {
  ExperimentState state = State();
  state.parallel_trial_count = 1;
  state.max_trial_count = 40;
  const json spec = ExperimentObject(state)["spec"];
  CHECK(spec["parallelTrialCount"] == 1);
  CHECK(spec["maxTrialCount"] == 40);
  CHECK(spec["maxFailedTrialCount"] == 3);
  CHECK(spec["algorithm"]["algorithmName"] == "random");
}

TEST_CASE("render: conditions of a trial by phase", "[api]") {
  const ExperimentState state = State();
  const std::string created = "Created True TrialCreated";
  const std::string stopped = "Running False TrialRunning";
  const std::vector<std::pair<TrialPhase, Words>> cases = {
      {TrialPhase::kPending, {created}},
      {TrialPhase::kRunning, {created, "Running True TrialRunning"}},
      {TrialPhase::kSucceeded, {created, stopped, "Succeeded True TrialSucceeded"}},
      {TrialPhase::kFailed, {created, stopped, "Failed True TrialFailed"}},
      {TrialPhase::kMetricsUnavailable,
       {created, stopped, "MetricsUnavailable True MetricsUnavailable"}},
      {TrialPhase::kEarlyStopped, {created, stopped, "EarlyStopped True TrialEarlyStopped"}},
      {TrialPhase::kKilled, {created, stopped, "Killed True TrialKilled"}},
  };
  for (const auto& [phase, want] : cases) {
    DYNAMIC_SECTION(PhaseWord(phase)) {
      const json object = TrialObject(state, Trial(1, phase));
      CHECK(ConditionWords(object) == want);
      CHECK(object["status"].contains("completionTime") == IsOver(phase));
      CHECK(object["status"]["hone"]["phase"] == PhaseWord(phase));
    }
  }
}

TEST_CASE("render: a trial carries what Katib's trials carry", "[api]") {
  const ExperimentState state = State();
  TrialState trial = Trial(4, TrialPhase::kFailed);
  trial.ending = EndingKind::kExitCode;
  trial.exit_code = 3;
  trial.message = "exit code 3";
  trial.values[1].active = false;
  trial.observation = {{"loss", "", "", "", true}};
  CHECK_FALSE(TrialObject(state, trial)["spec"].contains("earlyStoppingRules"));
  trial.stop_rules = {{"loss", Comparison::kGreater, "0.5", 3}, {"acc", Comparison::kLess, "0.9"}};
  const json object = TrialObject(state, trial);
  CHECK(object["kind"] == "Trial");
  CHECK(object["metadata"]["name"] == "random-4");
  CHECK(object["metadata"]["labels"]["katib.kubeflow.org/experiment"] == "random");
  CHECK(object["metadata"]["ownerReferences"][0]["uid"] == state.id.text);
  CHECK(object["spec"]["parameterAssignments"] ==
        ParseJsonOrThrow(R"([{"name":"lr","value":"0.02"}])"));
  CHECK(object["spec"]["objective"]["objectiveMetricName"] == "loss");
  CHECK(object["spec"]["primaryContainerName"] == "training-container");
  CHECK(object["spec"]["earlyStoppingRules"] ==
        ParseJsonOrThrow(R"([{"name":"loss","value":"0.5","comparison":"greater","startStep":3},
                        {"name":"acc","value":"0.9","comparison":"less"}])"));
  CHECK(object["status"]["observation"] ==
        ParseJsonOrThrow(R"({"metrics":[{"name":"loss","min":"unavailable","max":"unavailable",
                        "latest":"unavailable"}]})"));
  CHECK(object["status"]["hone"] ==
        ParseJsonOrThrow(R"({"number":4,"phase":"Failed","attempt":1,"message":"exit code 3",
                        "ending":"ExitCode","exitCode":3})"));
  CHECK(object["status"]["conditions"][2]["message"] == "Trial has failed. exit code 3");
}

}  // namespace
}  // namespace hone
