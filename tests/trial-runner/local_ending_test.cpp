// SPDX-License-Identifier: Apache-2.0

// Trials that do not want to end, and engines that do: what is left afterwards.

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/file.h"
#include "tests/catch.h"
#include "tests/trial-runner/local_bench.h"

namespace hone {
namespace {

namespace fs = std::filesystem;
using testing::Eventually;
using testing::IsAlive;
using testing::LocalBench;
using testing::ProcessesOf;

// A stand-in for a trial that never ends by itself. It tells in the file `ready` when it runs.
constexpr char kForever[] = "echo ready > $HONE_TRIAL_DIR/ready; while :; do sleep 0.02; done";

// Leaves two processes behind, each in a session of its own: one by setsid, one by a double fork.
constexpr char kGrandchildren[] =
    "setsid bash -c 'while :; do sleep 0.02; done' & "
    "( ( setsid bash -c 'trap \"\" TERM; while :; do sleep 0.02; done' & ) & ); "
    "echo ready > $HONE_TRIAL_DIR/ready; ";

TEST_CASE("local runner: a stopped trial gets TERM and may finish its work", "[trial-runner]") {
  LocalBench bench;
  bench.options.grace = std::chrono::seconds(60);
  bench.Start();
  REQUIRE(bench.Launch(1, "trap 'echo saved; exit 0' TERM; " + std::string(kForever)).has_value());
  bench.WaitForFile(1, "ready");
  CHECK(bench.Stop(1).has_value());
  CHECK(bench.Stop(1).has_value());  // asking twice changes nothing
  const Sighting end = bench.WaitForEnd(1);
  CHECK(end.ending->kind == EndingKind::kStopped);
  CHECK(end.ending->exit_code == 0);
  CHECK(end.ending->message == "stopped by hone");
  CHECK(bench.Output(1).ends_with("saved\n"));
}

TEST_CASE("local runner: a trial that ignores TERM is killed after the grace", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  REQUIRE(bench.Launch(1, "trap '' TERM; " + std::string(kForever)).has_value());
  bench.WaitForFile(1, "ready");
  CHECK(bench.Stop(1).has_value());
  const Sighting end = bench.WaitForEnd(1);
  CHECK(end.ending->kind == EndingKind::kStopped);
  CHECK(end.ending->signal == SIGKILL);
  CHECK(ProcessesOf(bench.WorkFolder(1)).empty());
}

TEST_CASE("local runner: a trial that stopped itself still ends", "[trial-runner]") {
  LocalBench bench;
  bench.options.grace = std::chrono::seconds(60);
  bench.Start();
  REQUIRE(bench.Launch(1, "echo ready > $HONE_TRIAL_DIR/ready; kill -STOP $BASHPID").has_value());
  bench.WaitForFile(1, "ready");
  CHECK(bench.Stop(1).has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kStopped);
}

TEST_CASE("local runner: killing all waits for no grace", "[trial-runner]") {
  LocalBench bench;
  bench.options.grace = std::chrono::seconds(60);
  bench.Start();
  REQUIRE(bench.Launch(1, "trap '' TERM; " + std::string(kForever)).has_value());
  bench.WaitForFile(1, "ready");
  CHECK(bench.Stop(1).has_value());
  bench.runner().KillAll();
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kStopped);
}

TEST_CASE("local runner: stopping what is over or unknown is fine", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  CHECK(bench.Stop(7).has_value());
  bench.RunScript(1, "exit 3");
  CHECK(bench.Stop(1).has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kExitCode);
  bench.Start();
  CHECK(bench.Stop(1).has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kExitCode);
}

TEST_CASE("local runner: a stop that comes before the start keeps the trial from starting",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  fs::create_directories(bench.AttemptFolder(1));  // as a launch that was cut short leaves it
  CHECK(bench.Stop(1).has_value());
  const Sighting end = bench.RunScript(1, "echo started");
  CHECK(end.ending->kind == EndingKind::kStopped);
  CHECK(bench.Output(1).empty());
}

TEST_CASE("local runner: a trial may not run longer than its deadline", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  LaunchSpec spec =
      bench.Spec(1, testing::ScriptObject("echo going; trap '' TERM; " + std::string(kForever)));
  spec.deadline = std::chrono::milliseconds(50);
  REQUIRE(bench.Launch(spec).has_value());
  SECTION("with the engine there") {}
  SECTION("with the engine dead") {
    const auto shim = bench.Claim(1).shim.pid;
    bench.Die();
    CHECK(Eventually([&] { return !IsAlive(shim); }));
    bench.Start();
  }
  const Sighting end = bench.WaitForEnd(1);
  CHECK(end.ending->kind == EndingKind::kTimeout);
  CHECK(end.ending->message == "ran longer than its deadline of 0.05 s; last lines: going");
  CHECK(ProcessesOf(bench.WorkFolder(1)).empty());
}

TEST_CASE("local runner: grandchildren in sessions of their own are gone afterwards",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  struct Case {
    const char* name;
    const char* last;
    bool stop;
    EndingKind kind;
  };
  const auto c = GENERATE(values<Case>({{"it ends", "exit 0", false, EndingKind::kSucceeded},
                                        {"it is stopped", kForever, true, EndingKind::kStopped}}));
  INFO(c.name);
  REQUIRE(bench.Launch(1, kGrandchildren + std::string(c.last)).has_value());
  bench.WaitForFile(1, "ready");
  if (c.stop) {
    CHECK(bench.Stop(1).has_value());
  }
  CHECK(bench.WaitForEnd(1).ending->kind == c.kind);
  CHECK(ProcessesOf(bench.WorkFolder(1)).empty());
}

TEST_CASE("local runner: a killed shim takes its trial along, which is lost", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  REQUIRE(bench.Launch(1, kGrandchildren + std::string(kForever)).has_value());
  bench.WaitForFile(1, "ready");
  const local::ClaimRecord claim = bench.Claim(1);
  REQUIRE(::kill(claim.shim.pid, SIGKILL) == 0);
  SECTION("with the engine there") {}
  SECTION("with the engine dead") {
    bench.Start();
    REQUIRE(bench.Observe().has_value());
  }
  const Sighting end = bench.WaitForEnd(1);
  CHECK(end.ending->kind == EndingKind::kLost);
  CHECK(end.ending->message == "hone-shim, which watched over it, was killed");
  CHECK(end.started_at == claim.started_at);
  CHECK_FALSE(IsAlive(claim.child));
  CHECK(ProcessesOf(bench.WorkFolder(1)).empty());
}

TEST_CASE("local runner: a restarted machine has lost its trials", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  bench.RunScript(1, "echo loss=1");
  bench.Die();
  // As a power cut leaves it: the claim of another boot, no exit record, nobody holds the lock.
  std::string claim = ReadFile(bench.AttemptFolder(1) / "claim").value();
  claim.replace(claim.find("boot_id=") + 8, 4, "0000");
  std::ofstream(bench.AttemptFolder(1) / "claim") << claim;
  SECTION("while the trial ran") {
    fs::remove(bench.AttemptFolder(1) / "exit");
    bench.Start();
    const Sighting end = bench.WaitForEnd(1);
    CHECK(end.ending->kind == EndingKind::kLost);
    CHECK(end.ending->message == "the machine restarted while it ran");
  }
  SECTION("after its end, but before its log was on disk") {
    fs::resize_file(bench.AttemptFolder(1) / "output.log", 3);
    bench.Start();
    const Sighting end = bench.WaitForEnd(1);
    CHECK(end.ending->kind == EndingKind::kLost);
    CHECK(end.ending->message == "the machine restarted and the end of the log is lost");
  }
  SECTION("after its end") {
    bench.Start();
    CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kSucceeded);
  }
}

TEST_CASE("local runner: the next engine adopts what runs", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  REQUIRE(bench.Launch(1, "echo start; " + std::string(kForever)).has_value());
  REQUIRE(bench.Launch(2, "exit 5").has_value());
  bench.WaitForFile(1, "ready");
  bench.WaitForEnd(2);
  bench.Start();
  const auto seen = bench.Observe();
  REQUIRE(seen.has_value());
  REQUIRE(seen->size() == 2);
  CHECK((*seen)[0].trial == 1);
  CHECK_FALSE((*seen)[0].ending);
  CHECK((*seen)[0].place == "pid " + std::to_string(bench.Claim(1).child));
  CHECK((*seen)[0].started_at == bench.Claim(1).started_at);
  CHECK((*seen)[1].trial == 2);
  REQUIRE((*seen)[1].ending);
  CHECK((*seen)[1].ending->exit_code == 5);
  SECTION("and sees its end") {
    REQUIRE(::kill(bench.Claim(1).child, SIGUSR1) == 0);
    CHECK(bench.WaitForEnd(1).ending->signal == SIGUSR1);
  }
  SECTION("and can stop it") {
    CHECK(bench.Stop(1).has_value());
    CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kStopped);
  }
  SECTION("and launches it no second time") {
    REQUIRE(bench.Launch(1, "echo start again").has_value());
    CHECK(bench.Stop(1).has_value());
    bench.WaitForEnd(1);
    CHECK(bench.Output(1) == "start\n");
  }
}

TEST_CASE("local runner: a launch that was cut short by a crash is taken up again",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  bench.RunScript(1, "echo original");
  const fs::path folder = bench.AttemptFolder(1);
  for (const char* name : {"claim", "exit", "output.log"}) {
    fs::remove(folder / name);
  }
  SECTION("after the launch file was written") {}
  SECTION("with half a launch file") {
    fs::resize_file(folder / "launch", 20);
  }
  SECTION("before the launch file was written") {
    fs::remove(folder / "launch");
  }
  bench.Start();
  CHECK(bench.Observe().value().empty());
  CHECK(bench.RunScript(1, "echo original").ending->kind == EndingKind::kSucceeded);
  CHECK(bench.Output(1) == "original\n");
}

TEST_CASE("local runner: a record that cannot be written is kept in the claim", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  fs::create_directories(bench.AttemptFolder(1) / "exit.tmp");
  const Sighting end = bench.RunScript(1, "exit 9");
  CHECK(end.ending->kind == EndingKind::kExitCode);
  CHECK(end.ending->exit_code == 9);
}

TEST_CASE("local runner: out of memory is told apart from other kills", "[trial-runner]") {
  LocalBench bench;
  const fs::path counter = bench.folder / "oom_control";
  std::ofstream(counter) << "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n";
  bench.options.oom_counter = counter.string();
  bench.Start();
  struct Case {
    const char* name;
    std::string script;
    EndingKind kind;
  };
  const std::string rise = "printf 'under_oom 0\\noom_kill 5\\n' > oom_control; ";
  const auto c = GENERATE_COPY(values<Case>({
      {"killed and counted", rise + "kill -KILL $BASHPID", EndingKind::kOutOfMemory},
      {"its shell lives on", rise + "bash -c 'kill -KILL $BASHPID'; exit $?",
       EndingKind::kOutOfMemory},
      {"killed, not counted", "kill -KILL $BASHPID", EndingKind::kSignal},
      {"counted, but another one was hit", rise + "exit 1", EndingKind::kExitCode},
  }));
  INFO(c.name);
  CHECK(bench.RunScript(1, c.script).ending->kind == c.kind);
}

TEST_CASE("local runner: the kernel's own out-of-memory kill is seen", "[trial-runner][slow]") {
  const fs::path group = "/sys/fs/cgroup/memory/hone-test-" + NewUid().text;
  if (::mkdir(group.c_str(), 0755) != 0) {
    WARN("skipped: no right to make a memory control group (version 1) here");
    return;
  }
  std::ofstream(group / "memory.limit_in_bytes") << (64 << 20);
  LocalBench bench;
  bench.options.oom_counter = (group / "memory.oom_control").string();
  bench.Start();
  const Sighting end = bench.RunScript(
      1, "echo $BASHPID > " + (group / "cgroup.procs").string() +
             "; exec python3 -c 'x = []\nwhile True: x.append(bytearray(1 << 20))'");
  CHECK(end.ending->kind == EndingKind::kOutOfMemory);
  CHECK(end.ending->signal == SIGKILL);
  CHECK(end.ending->message == "killed by the system because memory ran out");
  CHECK(Eventually([&] { return ::rmdir(group.c_str()) == 0; }));
}

TEST_CASE("local runner: 200 MB of binary rubbish are all kept and do no harm",
          "[trial-runner][slow]") {
  LocalBench bench;
  bench.Start();
  const Sighting end = bench.RunScript(
      1, "head -c 100000000 /dev/urandom; head -c 100000000 /dev/urandom >&2; exit 4");
  CHECK(end.ending->kind == EndingKind::kExitCode);
  CHECK(end.ending->exit_code == 4);
  CHECK(end.ending->message.size() <= 2048);
  CHECK(fs::file_size(bench.AttemptFolder(1) / "output.log") == 200000000);
}

}  // namespace
}  // namespace hone
