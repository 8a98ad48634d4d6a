// SPDX-License-Identifier: Apache-2.0
// Disks that fill up or cannot be written, and trials that misbehave: a clear error or a typed
// ending, nothing lost, no hang, no process left.
#include <sys/mount.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/base/temp_folder.h"
#include "tests/catch.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// A small file system of its own, gone at the end.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path folder, const std::string& size) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    if (!mounted_) {
      std::printf("skipped: a tmpfs cannot be mounted here (%s)\n", std::strerror(errno));
    }
  }
  ~SmallDisk() {
    if (mounted_) {
      ::umount2(folder_.c_str(), MNT_DETACH);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] bool Mounted() const { return mounted_; }
  void MakeReadOnly() const {
    REQUIRE(::mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "") == 0);
  }
  /// Takes all the space there is.
  void Fill() const {
    std::ofstream file(folder_ / "filler", std::ios::binary);
    const std::string block(4096, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void Free() const { std::filesystem::remove(folder_ / "filler"); }

 private:
  std::filesystem::path folder_;
  bool mounted_ = false;
};

TEST_CASE("fault: a disk that is full for a while costs no trial", "[e2e][slow]") {
  const testing::TempFolder folder;
  const SmallDisk disk(folder / "disk", "8m");
  if (!disk.Mounted()) {
    return;
  }
  HoneProgram hone(folder / "disk/data");
  const std::string file = hone.Write(
      {.name = "full", .script = "sleep 0.3; echo loss=${x}", .trials = 20, .parallel = 4});
  auto started = hone.Start({"run", file, "--cpus", "4"});
  std::this_thread::sleep_for(600ms);
  disk.Fill();
  std::this_thread::sleep_for(2s);
  disk.Free();
  const auto run = started.Wait();
  INFO(run.err);
  CHECK(run.exit_code == 0);
  const ExperimentState state = hone.StateOf("full");
  // A trial that could not write its own output or start while the disk was full may have failed,
  // with a reason; none is lost, and the experiment came to its end.
  CHECK(state.Completed() == 20);
  CHECK(state.Count(TrialPhase::kSucceeded) >= 10);
  for (const TrialState& trial : state.trials) {
    CHECK((trial.phase == TrialPhase::kSucceeded || trial.phase == TrialPhase::kWithdrawn ||
           !trial.message.empty()));
  }
}

TEST_CASE("fault: a disk that is full from the start is a clear error", "[e2e]") {
  const testing::TempFolder folder;
  const SmallDisk disk(folder / "disk", "1m");
  if (!disk.Mounted()) {
    return;
  }
  HoneProgram hone(folder / "disk/data");
  const std::string file = hone.Write({.name = "full"});
  disk.Fill();
  const auto run = hone.Run({"run", file});
  CHECK(run.exit_code == 1);
  INFO(run.err);
  CHECK(run.err.find("No space left") != std::string::npos);
  CHECK(run.err.find("disk/data") != std::string::npos);
}

TEST_CASE("fault: a data folder that cannot be written is a clear error", "[e2e]") {
  const testing::TempFolder folder;
  const SmallDisk disk(folder / "disk/data", "1m");
  if (!disk.Mounted()) {
    return;
  }
  disk.MakeReadOnly();
  HoneProgram hone(folder / "disk/data");
  const std::string file = hone.Write({.name = "ro"});
  const auto run = hone.Run({"run", file});
  CHECK(run.exit_code == 1);
  CHECK(run.err.find("disk/data") != std::string::npos);
  CHECK(run.err.find("ead-only") != std::string::npos);
}

TEST_CASE("fault: trials that misbehave get a typed ending, and nothing is left", "[e2e][slow]") {
  struct Case {
    std::string name;
    std::string script;  // of the second trial; the others print their loss
    std::string limit;   // maxTrialDuration; empty: none
    TrialPhase phase;
    EndingKind ending;
  };
  const Case c = GENERATE(values<Case>({
      {"ignores TERM", "trap '' TERM; while true; do sleep 1; done", "1s", TrialPhase::kFailed,
       EndingKind::kTimeout},
      {"leaves grandchildren in sessions of their own",
       "(setsid bash -c 'setsid sleep 1000 & sleep 1000' &) ; (setsid sleep 1000 &); echo loss=0.5",
       "", TrialPhase::kSucceeded, EndingKind::kSucceeded},
      {"prints 200 MB of binary rubbish", "head -c 200000000 /dev/urandom; echo; echo loss=0.5", "",
       TrialPhase::kSucceeded, EndingKind::kSucceeded},
      {"prints NaN", "echo loss=nan", "", TrialPhase::kMetricsUnavailable,
       EndingKind::kMetricNotANumber},
      {"prints nothing", "true", "", TrialPhase::kMetricsUnavailable, EndingKind::kMetricMissing},
      {"prints another name", "echo los=0.5", "", TrialPhase::kMetricsUnavailable,
       EndingKind::kMetricMissing},
      {"exits with 3", "echo oh no >&2; exit 3", "", TrialPhase::kFailed, EndingKind::kExitCode},
      {"dies of a signal", "kill -SEGV $BASHPID", "", TrialPhase::kFailed, EndingKind::kSignal},
  }));
  INFO(c.name);
  HoneProgram hone;
  const std::string script =
      "if mkdir second 2>/dev/null; then\n" + c.script + "\nelse echo loss=${x}; fi";
  json extra = {{"maxTrialDuration", c.limit.empty() ? json() : json(c.limit)}};
  const std::string file =
      hone.Write({.name = "bad", .script = script, .trials = 4, .parallel = 1, .extra = &extra});
  const auto run = hone.Run({"run", file, "--grace", "1"});
  INFO(run.err);
  CHECK(run.exit_code == 0);
  const ExperimentState state = hone.StateOf("bad");
  CHECK(state.phase == ExperimentPhase::kSucceeded);
  CHECK(state.Completed() == 4);
  CHECK(state.Find(1)->phase == c.phase);
  CHECK(state.Find(1)->ending == c.ending);
  CHECK((c.phase == TrialPhase::kSucceeded || state.best != 1));
  CHECK(ProcessesWith("HONE_TRIAL_DIR=" + hone.data().string()).empty());
  const auto explained = hone.Run({"explain", state.NameOf(*state.Find(1))});
  CHECK(explained.exit_code == 0);
  CHECK_FALSE(explained.out.empty());
  CHECK((explained.out.find("Its log has values of 'los'.") != std::string::npos) ==
        (c.name == "prints another name"));
}

TEST_CASE("fault: 400 real trials that end at once all succeed with their metric", "[e2e][slow]") {
  HoneProgram hone;
  const std::string file = hone.Write({.name = "quick", .trials = 400, .parallel = 8});
  const auto run = hone.Run({"run", file, "--cpus", "8"});
  INFO(run.err);
  CHECK(run.exit_code == 0);
  CHECK(hone.StateOf("quick").Count(TrialPhase::kSucceeded) == 400);
}

}  // namespace
}  // namespace hone::test
