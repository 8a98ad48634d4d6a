// SPDX-License-Identifier: Apache-2.0
// Ctrl-C, stop, kill, delete and resume, with the real program and real trials.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/support/hone_program.h"

using hone::test::Eventually;
using hone::test::Has;
using hone::test::HoneProgram;
using hone::test::ReadText;
using hone::test::RunningProgram;
using nlohmann::json;

namespace {

/// Tells its start, then lasts until the file `go` is there.
constexpr const char* kWaits =
    "echo started >> starts; until [ -e go ]; do sleep 0.05; done; echo loss=${x}";

std::size_t Starts(const HoneProgram& hone) {
  const std::string text = ReadText(hone.work() / "starts");
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

void Go(const HoneProgram& hone) {
  std::ofstream(hone.work() / "go") << "";
}

/// A run of the waiting experiment with both its first trials started.
RunningProgram StartWaiting(HoneProgram& hone, const std::string& script = kWaits) {
  RunningProgram run = hone.Start({"run", hone.Write({.script = script}), "--cpus", "2"});
  REQUIRE(Eventually([&] { return Starts(hone) == 2; }));
  return run;
}

}  // namespace

TEST_CASE("hone run: Ctrl-C interrupts, exits 130, and resume goes on with the same trials",
          "[apps][slow]") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(signal);
    HoneProgram hone;
    RunningProgram run = StartWaiting(hone);
    const auto before = hone.Trials("demo");
    run.Signal(signal);
    const auto interrupted = run.Wait();
    INFO(interrupted.err);
    CHECK(interrupted.exit_code == 130);
    CHECK(Has(interrupted.err, "interrupted; 'hone resume demo' goes on"));
    CHECK(Has(hone.Run({"explain", "demo"}).out, "is suspended: interrupted"));
    CHECK(Has(hone.Run({"explain", before.front()}).out, "is pending (interrupted)"));
    CHECK(hone.Json({"get", "demo"})["status"].value("trialsKilled", 0) == 0);
    Go(hone);
    const auto resumed = hone.Run({"resume", "demo"});
    CHECK(resumed.exit_code == 0);
    CHECK_FALSE(Has(resumed.err, "suspended"));  // what was before is not told again
    const auto after = hone.Trials("demo");
    REQUIRE(after.size() == 3);
    CHECK(std::vector(after.begin(), after.begin() + 2) == before);
    CHECK(hone.Run({"replay", "demo"}).out == "3 of 3 proposals are equal\n");
  }
}

TEST_CASE("hone run: a second Ctrl-C kills trials that ignore the first", "[apps][slow]") {
  HoneProgram hone;
  RunningProgram run = StartWaiting(hone, std::string("trap '' TERM; ") + kWaits);
  run.Signal(SIGINT);
  REQUIRE(Eventually([&] { return Has(run.ErrSoFar(), "Ctrl-C again kills them"); }));
  const auto asked_again = std::chrono::steady_clock::now();
  run.Signal(SIGINT);
  CHECK(run.Wait().exit_code == 130);
  CHECK(std::chrono::steady_clock::now() - asked_again < std::chrono::seconds(8));  // grace is 10 s
  Go(hone);
  CHECK(hone.Run({"resume", "demo"}).exit_code == 0);
}

TEST_CASE("hone stop: hands over to the process that runs, which exits 130", "[apps][slow]") {
  HoneProgram hone;
  RunningProgram run = StartWaiting(hone);
  const auto stop = hone.Run({"stop", "demo"});
  CHECK(stop.exit_code == 0);
  CHECK(Has(stop.out, "suspended"));
  const auto ended = run.Wait();
  CHECK(ended.exit_code == 130);
  CHECK(Has(ended.err, "stopped; 'hone resume demo' goes on"));
}

TEST_CASE("hone kill: ends one trial, which counts as killed", "[apps][slow]") {
  HoneProgram hone;
  RunningProgram run = StartWaiting(hone);
  const std::string trial = hone.Trials("demo").front();
  CHECK(hone.Run({"kill", trial}).exit_code == 0);
  CHECK(Eventually([&] { return Has(hone.Run({"explain", trial}).out, "was killed"); }));
  Go(hone);
  CHECK(run.Wait().exit_code == 0);
  CHECK(hone.Json({"get", "demo"})["status"]["trialsKilled"] == 1);
}

TEST_CASE("hone delete: ends what runs and removes everything", "[apps][slow]") {
  HoneProgram hone;
  RunningProgram run = StartWaiting(hone);
  CHECK(hone.Run({"delete", "demo"}).exit_code == 0);
  CHECK(run.Wait().exit_code == 1);
  CHECK(hone.Json({"list"})["items"].empty());
  CHECK(hone.Run({"get", "demo"}).exit_code == 1);
  CHECK(std::filesystem::is_empty(hone.data() / "trials"));
}

TEST_CASE("hone resume: edits the budget of a finished experiment", "[apps][slow]") {
  HoneProgram hone;
  json extra = {{"resumePolicy", "LongRunning"}};
  REQUIRE(hone.Run({"run", hone.Write({.trials = 2, .extra = &extra})}).exit_code == 0);
  const auto plain = hone.Run({"resume", "demo"});
  CHECK(plain.exit_code == 1);
  CHECK(Has(plain.err, "maxTrialCount"));
  CHECK(hone.Run({"resume", "demo", "--max-trials", "2"}).exit_code == 2);
  const auto more = hone.Run({"resume", "demo", "--max-trials", "4", "--parallel", "1"});
  INFO(more.err);
  CHECK(more.exit_code == 0);
  const auto object = hone.Json({"get", "demo"});
  CHECK(object["status"]["trialsSucceeded"] == 4);
  CHECK(object["spec"]["maxTrialCount"] == 4);
  CHECK(object["spec"]["parallelTrialCount"] == 1);
}

TEST_CASE("hone resume: an engine that was killed loses nothing", "[apps][slow]") {
  HoneProgram hone;
  RunningProgram run = StartWaiting(hone);
  const auto before = hone.Trials("demo");
  run.Signal(SIGKILL);
  CHECK(run.Wait().exit_code == 128 + SIGKILL);
  CHECK(Has(hone.Run({"explain", "demo"}).out, "no process drives it"));
  const auto kill = hone.Run({"kill", before.front()});
  CHECK(kill.exit_code == 1);
  CHECK(Has(kill.err, "hone stop demo"));
  Go(hone);
  const auto resumed = hone.Run({"resume", "demo"});
  CHECK(resumed.exit_code == 0);
  CHECK(Starts(hone) == 3);  // the two that ran on were adopted, not started again
  CHECK(hone.Trials("demo").size() == 3);
}

TEST_CASE("hone stop: works when the engine was killed", "[apps][slow]") {
  HoneProgram hone;
  RunningProgram run = StartWaiting(hone);
  run.Signal(SIGKILL);
  run.Wait();
  CHECK(hone.Run({"stop", "demo"}).exit_code == 0);
  CHECK(Has(hone.Run({"explain", "demo"}).out, "is suspended: stopped"));
  CHECK(hone.Run({"delete", "demo"}).exit_code == 0);
}

TEST_CASE("hone logs -f: follows a trial to its end", "[apps][slow]") {
  HoneProgram hone;
  RunningProgram run = StartWaiting(hone, std::string("echo first; ") + kWaits);
  RunningProgram logs = hone.Start({"logs", "-f", hone.Trials("demo").front()});
  CHECK(Eventually([&] { return logs.OutSoFar() == "first\n"; }));
  Go(hone);
  const auto ended = logs.Wait();
  CHECK(ended.exit_code == 0);
  CHECK(Has(ended.out, "first\nloss="));
  CHECK(run.Wait().exit_code == 0);
}
