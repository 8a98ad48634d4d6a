// SPDX-License-Identifier: Apache-2.0
// Population based training with real processes and checkpoints, whatever happens to the engine.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file_tree.h"
#include "base/rng.h"
#include "base/text.h"
#include "tests/catch.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

namespace fs = std::filesystem;

constexpr int kTrials = 24;

/// Counts the segments behind it in its checkpoint, which takes a while to copy.
const std::string kTraining = R"(d=$HONE_CHECKPOINT_DIR
n=$(cat $d/count 2> /dev/null || echo 0)
echo "$HONE_TRIAL_NAME $n" >> starts
for i in 1 2 3 4 5 6 7 8; do head -c 1000000 /dev/urandom > $d/part-$i; done
echo $((n + 1)) > $d/count
echo loss=${x})";

std::string WritePbt(HoneProgram& hone) {
  nlohmann::json extra = {{"algorithm",
                           {{"algorithmName", "pbt"},
                            {"algorithmSettings",
                             {{{"name", "n_population"}, {"value", "5"}},
                              {{"name", "truncation_threshold"}, {"value", "0.4"}}}}}}};
  return hone.Write({.name = "pbt", .script = kTraining, .trials = kTrials, .extra = &extra});
}

fs::path FolderOf(const HoneProgram& hone, const ExperimentState& state, TrialNumber number) {
  return hone.data() / "trials" / state.id.text / std::to_string(number) / "checkpoint";
}

/// Every trial ran once, from what its parent left.
void Check(HoneProgram& hone) {
  const ExperimentState state = hone.StateOf("pbt");
  CHECK(state.Count(TrialPhase::kSucceeded) == kTrials);
  std::map<std::string, std::size_t> began;
  std::ifstream starts(hone.work() / "starts");
  std::size_t lines = 0;
  std::size_t count = 0;
  for (std::string name; starts >> name >> count; ++lines) {
    began[name] = count;
  }
  CHECK(lines == kTrials);
  std::size_t children = 0;
  int kept = 0;
  for (const TrialState& trial : state.trials) {
    if (trial.phase == TrialPhase::kWithdrawn) {
      continue;
    }
    INFO("trial " << trial.number);
    CHECK(trial.attempt == 1);
    CHECK(began.at(state.NameOf(trial)) == state.LineageOf(trial.number).size() - 1);
    const fs::path folder = FolderOf(hone, state, trial.number);
    const auto digest = DigestOfTree(folder).value();
    kept += digest ? 1 : 0;
    CHECK((digest == trial.checkpoint || (!digest && trial.number != state.best)));
    CHECK_FALSE(fs::exists(folder.string() + ".part"));
    if (trial.parent != 0) {
      ++children;
      CHECK(trial.start_from == state.Find(trial.parent)->checkpoint);
    }
  }
  CHECK(children == kTrials - 5);
  CHECK(kept >= 5);      // what members may go on with
  CHECK(kept <= 5 + 6);  // and the best one, and what was not known to be in vain at the end
  const auto replay = hone.Run({"replay", "pbt"});
  INFO(replay.out << replay.err);
  CHECK(replay.exit_code == 0);
  CHECK(hone.Run({"best", "pbt"}).out.find("lineage") != std::string::npos);
}

TEST_CASE(
    "pbt: children start from their parents' checkpoints, also when the engine dies while it "
    "copies",
    "[e2e][slow]") {
  HoneProgram hone;
  const std::string file = WritePbt(hone);
  Rng rng(7, Scope::Experiment(), Purpose::kSimulation);
  bool created = false;
  for (int kills = 0; kills < 15; ++kills) {
    auto started = created ? hone.Start({"resume", "pbt", "--cpus", "2"})
                           : hone.Start({"run", file, "--cpus", "2"});
    if (started.EndsWithin(std::chrono::milliseconds(30 + rng.Below(200)))) {
      WARN("over after " << kills << " kills");
      break;
    }
    started.Signal(SIGKILL);
    started.Wait();
    created = created || hone.Run({"get", "pbt"}).exit_code == 0;
  }
  static_cast<void>(hone.Run({"resume", "pbt", "--cpus", "2"}));
  Check(hone);
}

/// Whether a checkpoint is being copied to a child now.
bool Copies(const fs::path& data) {
  std::error_code error;
  for (const auto& experiment : fs::directory_iterator(data / "trials", error)) {
    for (const auto& trial : fs::directory_iterator(experiment.path(), error)) {
      if (fs::exists(trial.path() / "checkpoint.part", error)) {
        return true;
      }
    }
  }
  return false;
}

TEST_CASE("pbt: the engine is killed in the middle of a copy", "[e2e][slow]") {
  HoneProgram hone;
  const std::string file = WritePbt(hone);
  int in_the_middle = 0;
  bool created = false;
  for (int kills = 0; kills < 12; ++kills) {
    auto started = created ? hone.Start({"resume", "pbt", "--cpus", "2"})
                           : hone.Start({"run", file, "--cpus", "2"});
    bool over = false;
    while (!Copies(hone.data()) && !over) {  // looks again at once: a copy takes milliseconds
      over = started.EndsWithin(std::chrono::milliseconds(0));
    }
    if (over) {
      break;
    }
    started.Signal(SIGKILL);
    started.Wait();
    created = true;
    in_the_middle += Copies(hone.data()) ? 1 : 0;  // nobody ended it
  }
  CHECK(in_the_middle > 0);
  static_cast<void>(hone.Run({"resume", "pbt", "--cpus", "2"}));
  Check(hone);
}

TEST_CASE("pbt: one run from begin to end", "[e2e]") {
  HoneProgram hone;
  const auto run = hone.Run({"run", WritePbt(hone), "--cpus", "2"});
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  Check(hone);
}

}  // namespace
}  // namespace hone::test
