// SPDX-License-Identifier: Apache-2.0
// Kill -9 the engine, and the shim, with real processes: nothing is lost, nothing runs twice,
// nothing is doubled.
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "base/rng.h"
#include "base/text.h"
#include "tests/catch.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

constexpr int kTrials = 30;
constexpr int kKills = 50;

/// Notes its start, prints three losses over a second, the last one decided by its parameter alone.
const std::string kTraining = R"(echo "$HONE_TRIAL_NAME" >> starts
for epoch in 1 2; do echo "epoch=$epoch loss=1.0$epoch"; sleep 0.5; done
echo "epoch=3 loss=${x}")";

std::vector<std::string> Lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  return lines;
}

struct Outcome {
  std::vector<Assignment> values;
  std::vector<std::string> objectives;
  std::optional<TrialNumber> best;
  bool operator==(const Outcome&) const = default;
};

/// What must not depend on how often the engine died.
Outcome Check(HoneProgram& hone) {
  const ExperimentState state = hone.StateOf("kill");
  CHECK(state.phase == ExperimentPhase::kSucceeded);
  CHECK(state.Count(TrialPhase::kSucceeded) == kTrials);
  Outcome outcome;
  outcome.best = state.best;
  for (const TrialState& trial : state.trials) {
    if (trial.phase == TrialPhase::kWithdrawn) {
      continue;
    }
    CHECK(trial.attempt == 1);
    CHECK(hone.RowsOf({state.id, trial.number}) == 3);
    outcome.values.push_back(trial.values);
    outcome.objectives.push_back(ObjectiveOf(state.spec->objective, trial.observation).text);
  }
  auto started = Lines(hone.work() / "starts");
  CHECK(started.size() == kTrials);
  std::sort(started.begin(), started.end());
  CHECK(std::adjacent_find(started.begin(), started.end()) == started.end());
  const auto replay = hone.Run({"replay", "kill"});
  INFO(replay.out << replay.err);
  CHECK(replay.exit_code == 0);
  return outcome;
}

TEST_CASE("kill: the engine dies at 50 random moments", "[e2e][slow]") {
  const ScriptExperiment experiment{.name = "kill", .script = kTraining, .trials = kTrials};
  Outcome expected;
  {
    HoneProgram hone;
    const auto run = hone.Run({"run", hone.Write(experiment), "--cpus", "2"});
    INFO(run.err);
    REQUIRE(run.exit_code == 0);
    expected = Check(hone);
  }
  HoneProgram hone;
  const std::string file = hone.Write(experiment);
  Rng rng(2026, Scope::Experiment(), Purpose::kSimulation);
  int kills = 0;
  bool created = false;
  while (kills < kKills) {
    auto started = created ? hone.Start({"resume", "kill", "--cpus", "2"})
                           : hone.Start({"run", file, "--cpus", "2"});
    // It must take longer than all the kills.
    REQUIRE_FALSE(started.EndsWithin(std::chrono::milliseconds(20 + rng.Below(250))));
    started.Signal(SIGKILL);
    started.Wait();
    ++kills;
    created = created || hone.Run({"get", "kill"}).exit_code == 0;
  }
  const auto rest = hone.Run({"resume", "kill", "--cpus", "2"});
  INFO(rest.err);
  CHECK(rest.exit_code == 0);
  CHECK(Check(hone) == expected);
  CHECK(ProcessesWith(hone.data().string()).empty());
}

TEST_CASE("kill: a killed shim takes its trial along, which is started again", "[e2e][slow]") {
  HoneProgram hone;
  const std::string script =
      "echo \"$HONE_TRIAL_NAME\" >> starts\n"
      "setsid sleep 600 & echo loss=0.1; sleep 2; echo loss=${x}; kill %1";
  auto started = hone.Start(
      {"run", hone.Write({.name = "kill", .script = script, .trials = 2}), "--cpus", "2"});
  std::optional<std::int64_t> shim;
  while (!shim) {  // bounded by the test's own time-out
    std::this_thread::sleep_for(50ms);
    for (const pid_t pid : ProcessesWith("HONE_TRIAL_DIR=" + hone.data().string())) {
      std::ifstream status("/proc/" + std::to_string(pid) + "/status");
      for (std::string line; std::getline(status, line);) {
        if (line.rfind("PPid:", 0) == 0) {
          const auto parent = ParseInt(Trim(line.substr(5)));
          std::ifstream comm("/proc/" + std::to_string(*parent) + "/comm");
          std::string name;
          std::getline(comm, name);
          shim = name == "hone-shim" ? parent : shim;
        }
      }
    }
  }
  REQUIRE(Eventually([&] { return Lines(hone.work() / "starts").size() == 2; }));
  ::kill(static_cast<pid_t>(*shim), SIGKILL);
  const auto run = started.Wait();
  INFO(run.err);
  CHECK(run.exit_code == 0);
  const ExperimentState state = hone.StateOf("kill");
  CHECK(state.Count(TrialPhase::kSucceeded) == 2);
  std::vector<Attempt> attempts = {state.trials[0].attempt, state.trials[1].attempt};
  std::sort(attempts.begin(), attempts.end());
  CHECK(attempts == std::vector<Attempt>{1, 2});
  CHECK(Lines(hone.work() / "starts").size() == 3);
  CHECK(ProcessesWith("HONE_TRIAL_DIR=" + hone.data().string()).empty());
}

}  // namespace
}  // namespace hone::test
