// SPDX-License-Identifier: Apache-2.0
// Kill -9 the engine, and the shim, with real processes: nothing is lost, nothing runs twice,
// nothing is doubled.
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"
#include "tests/e2e/hone_program.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

constexpr int kTrials = 30;
constexpr int kKills = 50;

/// Notes its start, prints three accuracies over a second, the last one decided by its parameters
/// alone.
std::string Training(const std::filesystem::path& starts) {
  return "echo \"$HONE_TRIAL_NAME\" >> " + starts.string() + R"(
for epoch in 1 2; do echo "epoch=$epoch acc=0.0$epoch"; sleep 0.5; done
echo "epoch=3 acc=$1")";
}

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
Outcome Check(HoneProgram& hone, const std::filesystem::path& starts) {
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
  auto started = Lines(starts);
  CHECK(started.size() == kTrials);
  std::sort(started.begin(), started.end());
  CHECK(std::adjacent_find(started.begin(), started.end()) == started.end());
  const HoneRun replay = hone.Run({"replay", "kill"});
  INFO(replay.out << replay.err);
  CHECK(replay.exit_code == 0);
  return outcome;
}

TEST_CASE("kill: the engine dies at 50 random moments", "[e2e][slow]") {
  const testing::TempFolder folder;
  Outcome expected;
  {
    HoneProgram hone(folder / "calm");
    const auto starts = folder / "calm/starts";
    const auto file = WriteExperiment(folder / "calm", "kill", kTrials, 2, Training(starts));
    const HoneRun run = hone.Run({"run", file.string(), "--cpus", "2"});
    INFO(run.err);
    REQUIRE(run.exit_code == 0);
    expected = Check(hone, starts);
  }
  HoneProgram hone(folder / "wild");
  const auto starts = folder / "wild/starts";
  const auto file = WriteExperiment(folder / "wild", "kill", kTrials, 2, Training(starts));
  Rng rng(2026, Scope::Experiment(), Purpose::kSimulation);
  int kills = 0;
  bool created = false;
  while (kills < kKills) {
    auto started = created ? hone.Start({"resume", "kill", "--cpus", "2"})
                           : hone.Start({"run", file.string(), "--cpus", "2"});
    const auto ended = WaitFor(started.child, std::chrono::milliseconds(20 + rng.Below(250)));
    REQUIRE_FALSE(ended.has_value());  // it must take longer than all the kills
    ::kill(started.child.pid, SIGKILL);
    REQUIRE(WaitFor(started.child, 10s).has_value());
    ++kills;
    created = created || hone.Run({"get", "kill"}).exit_code == 0;
  }
  const HoneRun rest = hone.Run({"resume", "kill", "--cpus", "2"});
  INFO(rest.err);
  CHECK(rest.exit_code == 0);
  CHECK(Check(hone, starts) == expected);
  CHECK(ProcessesWith((folder / "wild").string()).empty());
}

TEST_CASE("kill: a killed shim takes its trial along, which is started again", "[e2e][slow]") {
  const testing::TempFolder folder;
  HoneProgram hone(folder.path());
  const auto starts = folder / "starts";
  const auto file =
      WriteExperiment(folder.path(), "kill", 2, 2,
                      "echo \"$HONE_TRIAL_NAME\" >> " + starts.string() +
                          "\nsetsid sleep 600 & echo acc=0.1; sleep 2; echo acc=$1; kill %1");
  auto started = hone.Start({"run", file.string(), "--cpus", "2"});
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
  ::kill(static_cast<pid_t>(*shim), SIGKILL);
  const HoneRun run = hone.Wait(started);
  INFO(run.err);
  CHECK(run.exit_code == 0);
  const ExperimentState state = hone.StateOf("kill");
  CHECK(state.Count(TrialPhase::kSucceeded) == 2);
  std::vector<Attempt> attempts = {state.trials[0].attempt, state.trials[1].attempt};
  std::sort(attempts.begin(), attempts.end());
  CHECK(attempts == std::vector<Attempt>{1, 2});
  CHECK(Lines(starts).size() == 3);
  CHECK(ProcessesWith("HONE_TRIAL_DIR=" + hone.data().string()).empty());
}

}  // namespace
}  // namespace hone::test
