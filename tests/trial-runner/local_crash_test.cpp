// SPDX-License-Identifier: Apache-2.0

// The engine is killed in the middle of its launches; the next one launches everything again.

#include <algorithm>
#include <csignal>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "tests/catch.h"
#include "tests/trial-runner/local_bench.h"

namespace hone {
namespace {

using testing::Eventually;
using testing::LocalBench;

TEST_CASE("local runner: no trial is lost or run twice when engines are killed",
          "[trial-runner][slow]") {
  constexpr TrialNumber kTrials = 60;
  LocalBench bench;
  const auto runs_file = bench.folder / "runs";
  const std::string script = "echo $HONE_TRIAL_NAME >> " + runs_file.string() + "; exit 7";
  const auto runs = [&] {
    const std::string text = ReadFile(runs_file).value_or("");
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
  };
  for (const std::size_t seen : {1U, 2U, 7U, 20U, 45U}) {
    const auto engine = Spawn({.argv = {HONE_ENGINE_CHILD, bench.options.work_folder.string(),
                                        bench.options.shim.string(), bench.experiment.text,
                                        std::to_string(kTrials), testing::ScriptObject(script)},
                               .env = {"PATH=/usr/bin:/bin"},
                               .working_folder = {}});
    REQUIRE(engine.has_value());
    REQUIRE(Eventually([&] { return runs() >= seen; }));
    REQUIRE(::kill(engine->pid, SIGKILL) == 0);
    REQUIRE(WaitFor(*engine, std::chrono::seconds(20)).has_value());
  }
  bench.Start();
  for (TrialNumber number = 1; number <= kTrials; ++number) {
    REQUIRE(bench.Launch(number, script).has_value());
  }
  for (TrialNumber number = 1; number <= kTrials; ++number) {
    CHECK(bench.WaitForEnd(number).ending->exit_code == 7);
  }
  CHECK(runs() == kTrials);
}

}  // namespace
}  // namespace hone
