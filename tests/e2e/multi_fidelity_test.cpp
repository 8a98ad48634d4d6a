// SPDX-License-Identifier: Apache-2.0
// ASHA with real processes that are paused and resumed, whatever happens to the engine.
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/rng.h"
#include "base/text.h"
#include "tests/catch.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

constexpr int kTrials = 18;

/// Trains up to its budget, from its checkpoint on; notes each start and each epoch.
std::string Training(const std::string& epoch_time) {
  return R"(c=$HONE_CHECKPOINT_DIR/epochs
n=$(cat $c 2> /dev/null || echo 0)
echo "$HONE_TRIAL_NAME $HONE_ATTEMPT $n $HONE_BUDGET" >> starts
while [ $n -lt $HONE_BUDGET ]; do
  sleep )" +
         epoch_time +
         R"(; n=$((n + 1)); echo "$HONE_TRIAL_NAME $n" >> epochs
  echo $n > $c.part; mv $c.part $c
done
echo loss=${x})";
}

std::string WriteAsha(HoneProgram& hone, const std::string& epoch_time) {
  nlohmann::json extra = {{"algorithm",
                           {{"algorithmName", "asha"},
                            {"algorithmSettings",
                             {{{"name", "r_l"}, {"value", "9"}},
                              {{"name", "resource_name"}, {"value", "HONE_BUDGET"}}}}}}};
  return hone.Write({.name = "asha",
                     .script = Training(epoch_time),
                     .trials = kTrials,
                     .parallel = 4,
                     .extra = &extra});
}

std::vector<std::string> Lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  return lines;
}

/// Each attempt began once, where the one before it had ended, and no epoch was trained twice.
void CheckWhatRan(const HoneProgram& hone, const ExperimentState& state) {
  std::map<std::string, std::uint32_t> attempts;
  for (const std::string& line : Lines(hone.work() / "starts")) {
    INFO(line);
    std::istringstream fields(line);
    std::string name;
    std::uint32_t attempt = 0;
    int behind = -1;
    int budget = 0;
    fields >> name >> attempt >> behind >> budget;
    CHECK(attempt == ++attempts[name]);
    CHECK(behind == (attempt == 1 ? 0 : budget / 3));
  }
  double epochs = 0;
  for (const TrialState& trial : state.trials) {
    if (trial.phase != TrialPhase::kWithdrawn) {
      INFO("trial " << trial.number);
      CHECK(attempts[state.NameOf(trial)] == trial.attempt);
      CHECK(trial.checkpoint.has_value());
      epochs += trial.budget.value_or(0);
    }
  }
  auto trained = Lines(hone.work() / "epochs");
  CHECK(static_cast<double>(trained.size()) == epochs);
  std::ranges::sort(trained);
  CHECK(std::ranges::adjacent_find(trained) == trained.end());
}

void Check(HoneProgram& hone) {
  const ExperimentState state = hone.StateOf("asha");
  CHECK(state.end_reason == event::ExperimentEnded::Reason::kMaxTrialsReached);
  CHECK(state.Completed() == kTrials);
  CHECK(state.Count(TrialPhase::kSucceeded) + state.Count(TrialPhase::kEarlyStopped) == kTrials);
  CHECK(state.Count(TrialPhase::kSucceeded) >= 1);
  REQUIRE(state.best.has_value());
  CHECK(state.Find(*state.best)->budget == 9.0);
  CheckWhatRan(hone, state);
  const auto replay = hone.Run({"replay", "asha"});
  INFO(replay.out << replay.err);
  CHECK(replay.exit_code == 0);
  CHECK(ProcessesWith(hone.data().string()).empty());
}

TEST_CASE("asha: one run from begin to end with real processes, and what is said of it", "[e2e]") {
  HoneProgram hone;
  const auto run = hone.Run({"run", WriteAsha(hone, "0.01"), "--cpus", "4"});
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  CHECK(run.err.find("paused with budget 1: loss=") != std::string::npos);
  CHECK(run.err.find("goes on with budget 3") != std::string::npos);
  Check(hone);
  const ExperimentState state = hone.StateOf("asha");
  const auto best = hone.Run({"explain", state.NameOf(*state.Find(*state.best))});
  INFO(best.out);
  CHECK(best.out.find("in attempt 3") != std::string::npos);
  CHECK(best.out.find("rung 2: budget 9, goes on from its checkpoint") != std::string::npos);
  const auto early = std::ranges::find(state.trials, TrialPhase::kEarlyStopped, &TrialState::phase);
  REQUIRE(early != state.trials.end());
  const auto explained = hone.Run({"explain", state.NameOf(*early)});
  INFO(explained.out);
  CHECK(explained.out.find("went no further than its pause at budget ") != std::string::npos);
  CHECK(hone.Json({"trials", "asha"}).at("items").size() == kTrials);
}

TEST_CASE("asha: the engine is killed while 8 trials are paused and 4 run", "[e2e][slow]") {
  HoneProgram hone;
  auto started = hone.Start({"run", WriteAsha(hone, "0.3"), "--cpus", "4"});
  REQUIRE(Eventually([&] {
    if (hone.Run({"get", "asha"}).exit_code != 0) {
      return false;
    }
    const ExperimentState state = hone.StateOf("asha");
    return state.Count(TrialPhase::kPaused) >= 8 && state.Count(TrialPhase::kRunning) == 4;
  }));
  started.Signal(SIGKILL);
  started.Wait();
  const ExperimentState before = hone.StateOf("asha");
  CHECK(before.Count(TrialPhase::kPaused) >= 8);
  const auto rest = hone.Run({"resume", "asha", "--cpus", "4"});
  INFO(rest.err);
  CHECK(rest.exit_code == 0);
  Check(hone);
}

TEST_CASE("asha: the engine dies at random moments between pauses and resumptions", "[e2e][slow]") {
  HoneProgram hone;
  const std::string file = WriteAsha(hone, "0.1");
  Rng rng(8, Scope::Experiment(), Purpose::kSimulation);
  bool created = false;
  for (int kills = 0; kills < 20; ++kills) {
    auto started = created ? hone.Start({"resume", "asha", "--cpus", "4"})
                           : hone.Start({"run", file, "--cpus", "4"});
    if (started.EndsWithin(std::chrono::milliseconds(30 + rng.Below(250)))) {
      WARN("over after " << kills << " kills");
      break;
    }
    started.Signal(SIGKILL);
    started.Wait();
    created = created || hone.Run({"get", "asha"}).exit_code == 0;
  }
  static_cast<void>(hone.Run({"resume", "asha", "--cpus", "4"}));
  Check(hone);
}

}  // namespace
}  // namespace hone::test
