// SPDX-License-Identifier: Apache-2.0
// hone export and hone import, with the real program.
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/catch.h"
#include "tests/support/hone_program.h"

using hone::test::HoneProgram;
using hone::test::ScriptExperiment;

namespace {

/// What people are told of an experiment; must be the same on both sides.
std::string Answers(HoneProgram& hone, const std::string& experiment) {
  std::string text;
  for (const char* const verb : {"get", "trials", "best", "replay"}) {
    text += hone.Run({verb, experiment}).out;
  }
  for (const std::string& trial : hone.Trials(experiment)) {
    for (const char* const verb : {"explain", "metrics", "logs"}) {
      text += hone.Run({verb, trial}).out;
    }
  }
  return text;
}

std::string ArchiveOf(HoneProgram& hone, const std::string& experiment) {
  const auto exported = hone.Run({"export", experiment, "-O", experiment + ".tar.zst"});
  INFO(exported.err);
  REQUIRE(exported.exit_code == 0);
  return (hone.folder() / (experiment + ".tar.zst")).string();
}

std::size_t Experiments(HoneProgram& hone) {
  return hone.Json({"list"}).at("items").size();
}

}  // namespace

TEST_CASE("hone import: a finished experiment gives the same answers elsewhere", "[apps]") {
  HoneProgram here;
  HoneProgram there;
  const ScriptExperiment experiment{.script = "echo loss=${x}; echo loss=0.5; echo done >&2"};
  REQUIRE(here.Run({"run", here.Write(experiment)}).exit_code == 0);
  const std::string file = ArchiveOf(here, "demo");
  CHECK(here.Run({"export", "demo", "-O", file}).exit_code == 2);  // never over another file

  const auto checked = there.Run({"import", file, "--dry-run"});
  CHECK(checked.out == "demo (namespace default): Succeeded, 3 trials, " +
                           std::to_string(here.Json({"events", "demo"}).at("items").size()) +
                           " events, 6 reported values, 3 logs\n");
  CHECK(Experiments(there) == 0);
  const auto imported = there.Run({"import", file});
  INFO(imported.err);
  REQUIRE(imported.exit_code == 0);
  CHECK(imported.out == "imported " + checked.out);
  CHECK(Answers(there, "demo") == Answers(here, "demo"));
  CHECK(there.Run({"rebuild", "--check"}).exit_code == 0);

  const auto again = there.Run({"import", file});
  CHECK(again.exit_code == 1);
  CHECK(again.err.find("--name") != std::string::npos);
  REQUIRE(there.Run({"import", file, "--name", "copy"}).exit_code == 0);
  CHECK(there.Run({"replay", "copy"}).exit_code == 0);
  CHECK(there.Run({"logs", there.Trials("copy").at(0)}).out ==
        there.Run({"logs", there.Trials("demo").at(0)}).out);
  REQUIRE(there.Run({"delete", "demo"}).exit_code == 0);
  REQUIRE(there.Run({"import", file}).exit_code == 0);  // an archive brings back what was deleted
  CHECK(Answers(there, "demo") == Answers(here, "demo"));
}

TEST_CASE("hone import: an unfinished experiment is suspended, and can be finished", "[apps]") {
  HoneProgram here;
  HoneProgram there;
  auto running =
      here.Start({"run", here.Write({.script = "test -e " + (there.folder() / "go").string() +
                                               " || sleep 60; echo loss=${x}",
                                     .trials = 4})});
  REQUIRE(hone::test::Eventually([&] {
    return here.Run({"get", "demo"}).exit_code == 0 &&
           here.Json({"get", "demo"}).at("status").value("trialsRunning", 0) == 2;
  }));
  const std::string file = ArchiveOf(here, "demo");  // beside the engine
  running.Signal(SIGKILL);
  running.Wait();
  const auto imported = there.Run({"import", file});
  INFO(imported.err);
  REQUIRE(imported.exit_code == 0);
  CHECK(imported.out.find("Suspended") != std::string::npos);
  CHECK(imported.out.find("hone resume demo") != std::string::npos);
  there.Write("go", "");
  const auto resumed = there.Run({"resume", "demo"});
  INFO(resumed.err);
  CHECK(resumed.exit_code == 0);
  CHECK(there.Trials("demo").size() == 4);
  CHECK(there.Run({"replay", "demo"}).exit_code == 0);
}

TEST_CASE("hone import: killed anywhere, it leaves nothing or everything", "[apps][slow]") {
  HoneProgram here;
  // A log that takes a while.
  REQUIRE(here.Run({"run", here.Write({.script = "head -c 30000000 /dev/urandom; echo; echo "
                                                 "loss=${x}",
                                       .trials = 2})})
              .exit_code == 0);
  const std::string file = ArchiveOf(here, "demo");
  HoneProgram there;
  REQUIRE(there.Run({"run", there.Write({.name = "other", .trials = 2})}).exit_code == 0);
  int whole = 0;
  for (int i = 0; i < 15; ++i) {
    auto import = there.Start({"import", file});
    std::this_thread::sleep_for(std::chrono::milliseconds(20 * i));  // how far it gets
    import.Signal(SIGKILL);
    import.Wait();
    if (Experiments(there) == 2) {
      ++whole;
      CHECK(there.Run({"rebuild", "--check"}).exit_code == 0);
      CHECK(there.Run({"logs", there.Trials("demo").at(0)}).out.size() > 30'000'000);
      REQUIRE(there.Run({"delete", "demo"}).exit_code == 0);
    }
  }
  INFO("whole " << whole);
  const auto last = there.Run({"import", file});
  INFO(last.err);
  REQUIRE(last.exit_code == 0);
  CHECK(there.Run({"logs", there.Trials("demo").at(1)}).out.size() > 30'000'000);
}

TEST_CASE("hone import: what is no archive is refused", "[apps]") {
  HoneProgram hone;
  const auto missing = hone.Run({"import", "none.tar.zst"});
  CHECK(missing.exit_code != 0);
  CHECK(missing.err.find("none.tar.zst") != std::string::npos);
  const auto wrong = hone.Run({"import", hone.Write("text", "no archive")});
  CHECK(wrong.exit_code != 0);
  CHECK(wrong.err.find("no archive") != std::string::npos);
  CHECK(Experiments(hone) == 0);
}
