// SPDX-License-Identifier: Apache-2.0
// Experiments whose rules of early stopping are somebody else's service, in a process of its own.
#include <csignal>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/e2e/spoilt.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

using nlohmann::json;

json EarlyStopping(const std::string& rule, const std::string& endpoint, const char* timeout) {
  return {{"earlyStopping",
           {{"algorithmName", rule}, {"endpoint", endpoint}, {"endpointTimeout", timeout}}}};
}

TEST_CASE("remote stop: a service that is dead, slow or wrong ends the experiment, and is named",
          "[e2e][slow]") {
  CheckSpoilt("remote_stop_fake.py",
              {{"refused", "refuses the settings: patience must be > 0"},
               {"slow", "deadline exceeded"},
               {"broken", "Exception calling application"},
               {"foreign", "rule 1 of 1 is about \"accuracy\", which is no metric"},
               {"number", "the value \"much\", which is no number"},
               {"comparison", "comparison that is none"},
               {"step", "start step"},
               {"many", "more rules (65)"},
               {"big", "resource exhausted"},
               {"garbage", "the reply is no such message"}},
              &EarlyStopping, "spec.earlyStopping.endpoint: the early-stopping service at ");
}

/// Sound trials end after five reports, the hopeless one would go on for a minute.
constexpr char kTraining[] = R"(trap 'exit 0' TERM
case ${x} in 0.1*) most=5;; *) most=600;; esac
i=0
while [ $i -lt $most ]; do i=$((i + 1)); echo "loss=${x}"; sleep 0.1; done)";

json HonesOwn(const std::string& endpoint, const std::string& search) {
  return {{"earlyStopping", {{"algorithmName", "medianstop"}, {"endpoint", endpoint}}},
          {"algorithm", search.empty() ? json{{"algorithmName", "random"}}
                                       : json{{"algorithmName", "random"}, {"endpoint", search}}},
          {"initialTrials", {{{"x", "0.1"}}, {{"x", "0.11"}}, {{"x", "0.12"}}, {{"x", "0.9"}}}}};
}

/// What must be true of the last of four trials, with the rule of three good ones.
void CheckStopped(HoneProgram& hone, const std::string& name, const std::string& endpoint) {
  const ExperimentState state = hone.StateOf(name);
  CHECK(state.Count(TrialPhase::kSucceeded) == 3);
  REQUIRE(state.Count(TrialPhase::kEarlyStopped) == 1);
  const TrialState& stopped = *state.Find(4);
  CHECK(stopped.phase == TrialPhase::kEarlyStopped);
  const auto events = hone.Run({"events", name, "-o", "json"}).out;
  CHECK(events.find("hone.dev/stop-rules") != std::string::npos);
  const auto trials = hone.Run({"trials", name, "-o", "json"}).out;
  CHECK(trials.find("\"earlyStoppingRules\"") != std::string::npos);

  const auto why = hone.Run({"explain", state.NameOf(stopped)});
  CHECK(why.out.find("medianstop: loss = 0.9, the best of") != std::string::npos);
  CHECK(why.out.find("is greater than 0.11 (a rule of the service)") != std::string::npos);
  const auto replay = hone.Run({"replay", name});
  INFO(replay.out << replay.err);
  CHECK(replay.exit_code == 0);
  CHECK(replay.err.find("came from the service at " + endpoint) != std::string::npos);
  CHECK(replay.out.find("1 of 1 verdict of early stopping are equal") != std::string::npos);
}

TEST_CASE("remote stop: hone earlystop serves hone, beside a search of either kind",
          "[e2e][slow]") {
  HoneProgram hone;
  const RunningProgram rules = hone.Start({"earlystop", "--listen", "127.0.0.1:0"});
  const RunningProgram search = hone.Start({"suggestion", "--listen", "127.0.0.1:0"});
  const std::string endpoint = AddressOf(rules);
  for (const std::string& other : {std::string(), AddressOf(search)}) {
    const std::string name = other.empty() ? "own" : "both";
    json extra = HonesOwn(endpoint, other);
    const auto file = hone.Write(ScriptExperiment{
        .name = name, .script = kTraining, .trials = 4, .parallel = 1, .extra = &extra});
    const auto run = hone.Run({"run", file});
    INFO(run.out << run.err);
    REQUIRE(run.exit_code == 0);
    CheckStopped(hone, name, endpoint);
  }
}

TEST_CASE("remote stop: rules and the logs' address outlive a killed engine", "[e2e][slow]") {
  HoneProgram hone;
  const RunningProgram rules = hone.Start({"earlystop", "--listen", "127.0.0.1:0"});
  json extra = HonesOwn(AddressOf(rules), "");
  const auto file = hone.Write(ScriptExperiment{
      .name = "killed", .script = kTraining, .trials = 4, .parallel = 1, .extra = &extra});
  RunningProgram run = hone.Start({"run", file});
  REQUIRE(Eventually([&] {
    return hone.Run({"get", "killed"}).exit_code == 0 && hone.Trials("killed").size() >= 2;
  }));
  run.Signal(SIGKILL);
  CHECK(run.Wait().exit_code == 128 + SIGKILL);
  const std::string address = ReadText(hone.data() / "trial-logs.address");
  CHECK(address.starts_with("127.0.0.1:"));

  const auto resumed = hone.Run({"resume", "killed"});
  INFO(resumed.out << resumed.err);
  CHECK(resumed.exit_code == 0);
  CheckStopped(hone, "killed", AddressOf(rules));
  CHECK(ReadText(hone.data() / "trial-logs.address") == address);
}

/// Asks a DBManager what a trial reported. usage: STUBS HOST:PORT TRIAL
constexpr char kAskLog[] = R"(import sys
sys.path.insert(0, sys.argv[1])
import grpc
from api.proto import katib_v1beta1_pb2 as pb, katib_v1beta1_pb2_grpc as stubs
log = stubs.DBManagerStub(grpc.insecure_channel(sys.argv[2])).GetObservationLog(
    pb.GetObservationLogRequest(trial_name=sys.argv[3], metric_name="loss")).observation_log
print([(entry.time_stamp, entry.metric.value) for entry in log.metric_logs])
)";

TEST_CASE("remote stop: a daemon's trials are stopped, and its db-manager tells of them",
          "[e2e][slow]") {
  HoneProgram hone;
  const RunningProgram rules = hone.Start({"earlystop", "--listen", "127.0.0.1:0"});
  const RunningProgram daemon = hone.Start({"serve", "--listen", "127.0.0.1:0"});
  const std::string address = AddressOf(daemon);
  json extra = HonesOwn(AddressOf(rules), "");
  const auto file = hone.Write(ScriptExperiment{
      .name = "served", .script = kTraining, .trials = 4, .parallel = 1, .extra = &extra});
  const auto run = hone.Run({"run", file});
  INFO(run.out << run.err);
  REQUIRE(run.exit_code == 0);
  CheckStopped(hone, "served", AddressOf(rules));

  const std::string stubs = MakeStubs(hone, "api/proto/katib_v1beta1.proto");
  if (stubs.empty()) {
    return;
  }
  const std::string asked_of[] = {address,
                                  std::string(Trim(ReadText(hone.data() / "trial-logs.address")))};
  const std::string one = "('0001-01-01T00:00:00Z', '0.1')";
  for (const std::string& place : asked_of) {
    const ProgramRun told =
        hone.StartProgram({kPython, "-c", kAskLog, stubs, place, hone.Trials("served").at(0)})
            .Wait();
    INFO(told.err);
    CHECK(told.out == "[" + one + ", " + one + ", " + one + ", " + one + ", " + one + "]\n");
  }
}

TEST_CASE("remote stop: nobody is told what trials of other experiments report", "[e2e][slow]") {
  HoneProgram hone;
  const std::string stubs = MakeStubs(hone, "api/proto/katib_v1beta1.proto");
  if (stubs.empty()) {
    return;
  }
  REQUIRE(
      hone.Run({"run", hone.Write(ScriptExperiment{.name = "quiet", .trials = 1, .parallel = 1})})
          .exit_code == 0);
  const RunningProgram logs = hone.Start({"db-manager", "--own-trials", "--listen", "127.0.0.1:0"});
  const ProgramRun told = hone.StartProgram({kPython, "-c", kAskLog, stubs, AddressOf(logs),
                                             hone.Trials("quiet").at(0)})
                              .Wait();
  INFO(told.err);
  CHECK(told.out == "[]\n");
}

TEST_CASE("remote stop: the example's rule in Python stops trials of the example", "[e2e][slow]") {
  HoneProgram hone;
  if (MakeStubs(hone, "api/proto/katib_v1beta1.proto").empty()) {
    return;
  }
  const RunningProgram service = hone.StartProgram(
      {kPython, (SourceFolder() / "examples/remote/stopper.py").string(), "127.0.0.1:0"});
  const std::string endpoint = AddressOf(service);
  std::filesystem::create_directory_symlink(SourceFolder() / "examples", hone.work() / "examples");
  const ProgramRun run = hone.Run({"run", "examples/remote/early-stopping.yaml", "--set",
                                   "spec.earlyStopping.endpoint=" + endpoint});
  INFO(run.out << run.err);
  REQUIRE(run.exit_code == 0);
  const ExperimentState state = hone.StateOf("remote-stopper");
  CHECK(state.Count(TrialPhase::kEarlyStopped) >= 1);
  CHECK(hone.Run({"replay", "remote-stopper"}).exit_code == 0);
  // The service heard of one that was stopped before the last question.
  CHECK(service.OutSoFar().find("stopped remote-stopper-") != std::string::npos);
}

}  // namespace
}  // namespace hone::test
