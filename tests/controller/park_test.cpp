// SPDX-License-Identifier: Apache-2.0
// An experiment that crashes the engine is parked, and the others run.
#include <filesystem>
#include <fstream>

#include "base/crash.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"
#include "tests/support/experiment.h"
#include "tests/support/simulation.h"

namespace hone::test {
namespace {

SimulatedJob Job(const LaunchSpec& /*launch*/) {
  SimulatedJob job;
  job.runs_for = std::chrono::seconds(1);
  job.lines = {{{}, "acc=1"}};
  return job;
}

TEST_CASE("park: after three crashes an experiment waits for a person; the others go on",
          "[controller]") {
  const testing::TempFolder folder;
  Simulation simulation(Job, 4);
  for (const char* name : {"poison", "good"}) {
    const auto document = MakeSpec({.name = name, .max_trials = 3, .parallel = 1}).document;
    REQUIRE(simulation.Ask(request::Create{document})->has_value());
  }
  const ExperimentId poison = simulation.StateOf("poison").id;
  simulation.KillEngine();
  std::ofstream(folder.path() / poison.text) << "signal 6\nsignal 6\nsignal 6\n";
  simulation.crash_folder = folder.path();
  simulation.StartEngine(true);
  REQUIRE(simulation.RunUntil(
      [&] { return simulation.StateOf("good").phase == ExperimentPhase::kSucceeded; }));
  const ExperimentState parked = simulation.StateOf("poison");
  CHECK(parked.phase == ExperimentPhase::kSuspended);
  CHECK(parked.parked);
  CHECK(parked.message.find("crashed 3 times") != std::string::npos);
  CHECK(simulation.store.FindExperiment("default", "poison")->reason == "ExperimentParked");

  REQUIRE(simulation.Ask(request::Resume{{"default", "poison"}, {}})->has_value());
  CHECK(CrashCount(folder.path(), poison.text).value_or(-1) == 0);
  REQUIRE(simulation.RunToEnd());
  CHECK(simulation.StateOf("poison").phase == ExperimentPhase::kSucceeded);
}

}  // namespace
}  // namespace hone::test
