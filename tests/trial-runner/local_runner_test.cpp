// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/local_runner.h"

#include <csignal>
#include <fstream>
#include <future>

#include "base/file.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/trial-runner/local_bench.h"

namespace hone {
namespace {

using testing::Eventually;
using testing::IsAlive;
using testing::LocalBench;

TEST_CASE("local runner: each way to end has its type", "[trial-runner]") {
  struct Case {
    const char* name;
    const char* script;
    EndingKind kind;
    int exit_code;
    int signal;
    const char* message;
  };
  const auto c = GENERATE(values<Case>({
      {"success", "echo loss=1", EndingKind::kSucceeded, 0, 0, ""},
      {"exit code", "echo boom >&2; exit 3", EndingKind::kExitCode, 3, 0,
       "exit code 3; last lines: boom"},
      {"127 of the script itself", "exit 127", EndingKind::kExitCode, 127, 0, "exit code 127"},
      {"signal", "kill -SEGV $BASHPID", EndingKind::kSignal, 0, SIGSEGV, "killed by SIGSEGV"},
      {"killed by somebody", "echo so far; kill -KILL $BASHPID", EndingKind::kSignal, 0, SIGKILL,
       "killed by SIGKILL; last lines: so far"},
  }));
  INFO(c.name);
  LocalBench bench;
  bench.Start();
  const Sighting end = bench.RunScript(1, c.script);
  REQUIRE(end.ending);
  CHECK(end.ending->kind == c.kind);
  CHECK(end.ending->exit_code == c.exit_code);
  CHECK(end.ending->signal == c.signal);
  CHECK(end.ending->message == c.message);
  CHECK(end.started_at <= end.ended_at);
  CHECK(end.started_at > Timestamp{});
  CHECK(end.trial == 1);
  CHECK(end.attempt == 1);
}

TEST_CASE("local runner: a program that cannot run failed to start, with the reason",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  SECTION("no such program") {
    REQUIRE(bench.Launch(bench.Spec(1, testing::JobObject({"no-such-program-here"}))).has_value());
    const Sighting end = bench.WaitForEnd(1);
    CHECK(end.ending->kind == EndingKind::kFailedToStart);
    CHECK(end.ending->message ==
          "cannot run the program no-such-program-here: No such file or directory");
  }
  SECTION("not executable") {
    std::ofstream(bench.folder / "plain.txt") << "hello\n";
    REQUIRE(bench.Launch(bench.Spec(1, testing::JobObject({"./plain.txt"}))).has_value());
    const Sighting end = bench.WaitForEnd(1);
    CHECK(end.ending->kind == EndingKind::kFailedToStart);
    CHECK(end.ending->message == "cannot run the program ./plain.txt: Permission denied");
  }
}

TEST_CASE("local runner: what can never start is refused by Launch", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  LaunchSpec spec = bench.Spec(1, testing::ScriptObject("true"));
  SECTION("no container of that name") {
    spec.primary_container = "other";
    CHECK(bench.Launch(spec).error().code == Code::kInvalidArgument);
  }
  SECTION("an id that would leave the folder") {
    spec.id.experiment.text = "../../elsewhere";
    CHECK(bench.Launch(spec).error().code == Code::kInvalidArgument);
  }
  SECTION("a shim that has vanished") {
    bench.options.shim = bench.folder / "shim-copy";
    std::filesystem::copy_file(test::ProgramFolder() / "hone-shim", bench.options.shim);
    bench.Start();
    std::filesystem::remove(bench.options.shim);
    CHECK(bench.Launch(spec).error().code == Code::kNotFound);
    CHECK_FALSE(bench.runner().Look(spec.id, 1).value());
  }
}

TEST_CASE("local runner: a trial finds its name, parameters and folder", "[trial-runner]") {
  LocalBench bench;
  bench.options.environment = {"PATH=/usr/bin:/bin", "HOME=/home/someone", "HONE_API_TOKEN=secret"};
  bench.Start();
  const Sighting end = bench.RunScript(
      1,
      "pwd; echo $KATIB_TRIAL_NAME $HONE_TRIAL_NAME $PYTHONUNBUFFERED $HONE_ATTEMPT $HOME; "
      "cat $HONE_PARAMETERS; echo; test -d $HONE_TRIAL_DIR && echo folder; echo [$HONE_API_TOKEN]");
  CHECK(end.ending->kind == EndingKind::kSucceeded);
  CHECK(bench.Output(1) == bench.folder.path().string() +
                               "\nbench-1 bench-1 1 1 /home/someone\n{\"lr\":0.01}\nfolder\n[]\n");
}

TEST_CASE("local runner: standard output and error keep their order", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  bench.RunScript(1, "echo 1; echo 2 >&2; echo 3; echo 4 >&2");
  CHECK(bench.Output(1) == "1\n2\n3\n4\n");
}

TEST_CASE("local runner: a trial has no input and no terminal", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  bench.RunScript(1, "cat; ( : < /dev/tty ) 2>/dev/null || echo no terminal");
  CHECK(bench.Output(1) == "no terminal\n");
}

TEST_CASE("local runner: launching twice runs once", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const std::string script = "echo run >> " + (bench.folder / "runs").string();
  const auto runs = [&] { return ReadFile(bench.folder / "runs").value_or(""); };
  SECTION("at the same time") {
    std::promise<Status> first;
    bench.runner().Launch(bench.Spec(1, testing::ScriptObject(script)),
                          [&](Status status) { first.set_value(std::move(status)); });
    CHECK(bench.Launch(1, script).has_value());
    CHECK(first.get_future().get().has_value());
    bench.WaitForEnd(1);
    CHECK(runs() == "run\n");
  }
  SECTION("after its end") {
    bench.RunScript(1, script);
    CHECK(bench.Launch(1, script).has_value());
    CHECK(runs() == "run\n");
  }
  SECTION("after its end was recorded") {
    bench.RunScript(1, script);
    bench.runner().Forget({bench.experiment, 1}, 1);
    CHECK(bench.Launch(1, script).has_value());
    CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kSucceeded);
    CHECK(runs() == "run\n");
  }
  SECTION("by the next engine") {
    bench.RunScript(1, script);
    bench.Start();
    CHECK(bench.Launch(1, script).has_value());
    CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kSucceeded);
    CHECK(runs() == "run\n");
  }
  SECTION("another attempt is another run") {
    bench.RunScript(1, script);
    LaunchSpec again = bench.Spec(1, testing::ScriptObject(script));
    again.attempt = 2;
    CHECK(bench.Launch(again).has_value());
    bench.WaitForEnd(1, 2);
    CHECK(runs() == "run\nrun\n");
  }
}

TEST_CASE("local runner: sightings come and go", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  CHECK(bench.Observe().value().empty());
  CHECK_FALSE(bench.runner().Look({bench.experiment, 1}, 1).value());

  REQUIRE(bench.Launch(1, "while [ ! -e go ]; do sleep 0.01; done").has_value());
  const auto running = bench.runner().Look({bench.experiment, 1}, 1);
  REQUIRE((running.has_value() && *running));
  CHECK_FALSE((*running)->ending);
  CHECK((*running)->place == "pid " + std::to_string(bench.Claim(1).child));
  CHECK(bench.Observe().value().size() == 1);

  std::ofstream(bench.folder / "go") << "\n";
  bench.WaitForEnd(1);
  REQUIRE(bench.Observe().value().size() == 1);
  CHECK(bench.Observe().value()[0].ending);
  bench.runner().Forget({bench.experiment, 1}, 1);
  CHECK(bench.Observe().value().empty());
  CHECK(Eventually([&] { return !IsAlive(bench.Claim(1).shim.pid); }));
}

TEST_CASE("local runner: output can be read while a trial runs", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  REQUIRE(bench
              .Launch(1,
                      "echo loss=1; cd $HONE_TRIAL_DIR; echo file > mine.log; "
                      "echo ready > ready; while :; do sleep 0.01; done")
              .has_value());
  bench.WaitForFile(1, "ready");
  auto output = bench.runner().OpenOutput({bench.experiment, 1}, 1, "");
  REQUIRE(output.has_value());
  std::string text;
  // The shim writes the log; it may be a moment behind the trial.
  REQUIRE(Eventually([&] { return (*output)->Read(0, 100, text).value() == 7; }));
  CHECK((*output)->Read(5, 100, text).value() == 2);
  CHECK((*output)->Read(7, 100, text).value() == 0);
  CHECK(text == "loss=1\n1\n");
  auto file = bench.runner().OpenOutput({bench.experiment, 1}, 1, "$(HONE_TRIAL_DIR)/mine.log");
  REQUIRE(file.has_value());
  text.clear();
  CHECK((*file)->Read(0, 100, text).value() == 5);
  CHECK(text == "file\n");
  CHECK(bench.Stop(1).has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kStopped);
}

TEST_CASE("local runner: two trials that write the same metrics file do not mix",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const std::string file = (bench.folder / "no-such-folder/metrics.log").string();
  auto early = bench.runner().OpenOutput({bench.experiment, 1}, 1, file);  // before the launch
  REQUIRE(early.has_value());
  std::string text;
  CHECK((*early)->Read(0, 100, text).value() == 0);
  for (TrialNumber number = 1; number <= 2; ++number) {
    LaunchSpec spec = bench.Spec(
        number, testing::ScriptObject("echo loss=" + std::to_string(number) + " >> " + file));
    spec.metrics_file = file;
    REQUIRE(bench.Launch(spec).has_value());
    CHECK(bench.WaitForEnd(number).ending->kind == EndingKind::kSucceeded);
  }
  CHECK((*early)->Read(0, 100, text).value() == 7);
  CHECK(text == "loss=1\n");
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("local runner: removing an experiment takes its folders", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  REQUIRE(bench.Launch(1, "while :; do sleep 0.01; done").has_value());
  CHECK(bench.runner().Remove(bench.experiment).error().code == Code::kFailedPrecondition);
  CHECK(bench.Stop(1).has_value());
  bench.WaitForEnd(1);
  CHECK(bench.runner().Remove(bench.experiment).has_value());
  CHECK_FALSE(std::filesystem::exists(bench.AttemptFolder(1).parent_path().parent_path()));
  CHECK(bench.runner().Remove(bench.experiment).has_value());
  CHECK(bench.Observe().value().empty());
}

TEST_CASE("local runner: 200 trials that end at once are all seen", "[trial-runner][slow]") {
  LocalBench bench;
  bench.Start();
  constexpr TrialNumber kTrials = 200;
  const std::string script = "while [ ! -e go ]; do sleep 0.3; done; exit 7";
  for (TrialNumber number = 1; number <= kTrials; ++number) {
    bench.runner().Launch(bench.Spec(number, testing::ScriptObject(script)), [](const Status&) {});
  }
  REQUIRE(Eventually([&] { return bench.Observe().value().size() == kTrials; }));
  std::ofstream(bench.folder / "go") << "\n";
  for (TrialNumber number = 1; number <= kTrials; ++number) {
    CHECK(bench.WaitForEnd(number).ending->exit_code == 7);
  }
}

}  // namespace
}  // namespace hone
