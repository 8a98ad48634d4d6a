// SPDX-License-Identifier: Apache-2.0
// Commands beside a running engine: create, events -f, logs -f.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

using hone::test::Eventually;
using hone::test::Has;
using hone::test::HoneProgram;
using hone::test::RunningProgram;
using nlohmann::json;

namespace {

const char* const kWaits = "until [ -e go ]; do sleep 0.05; done; echo loss=${x}";

void Go(const HoneProgram& hone) {
  std::ofstream(hone.work() / "go") << "";
}

RunningProgram StartWaiting(HoneProgram& hone, const std::string& script = kWaits) {
  auto run = hone.Start({"run", hone.Write({.script = script, .trials = 2}), "--cpus", "2"});
  REQUIRE(Eventually([&] { return Has(run.ErrSoFar(), " runs: "); }));
  return run;
}

}  // namespace

TEST_CASE("hone events -f: one object a line, until the experiment has ended", "[apps][slow]") {
  HoneProgram hone;
  RunningProgram run = StartWaiting(hone);
  RunningProgram events = hone.Start({"events", "-f", "demo", "-o", "json"});
  REQUIRE(Eventually([&] { return Has(events.OutSoFar(), "\"TrialLaunched\""); }));
  Go(hone);
  const auto followed = events.Wait();
  CHECK(followed.exit_code == 0);
  CHECK(followed.err.empty());
  CHECK(run.Wait().exit_code == 0);
  json lines = json::array();
  std::istringstream stream(followed.out);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(hone::ParseJsonOrThrow(line));
  }
  CHECK(lines.back().at("kind") == "ExperimentEnded");
  CHECK(lines == hone.Json({"events", "demo"}).at("items"));
  // What is over is told and left, in every form.
  CHECK(hone.Run({"events", "-f", "demo"}).exit_code == 0);
  const auto yaml = hone.Run({"events", "-f", "demo", "-o", "yaml", "--from", "1"});
  CHECK(yaml.exit_code == 0);
  CHECK(yaml.out.rfind("---\n", 0) == 0);
}

TEST_CASE("hone events -f and logs -f: say that nobody drives the experiment, and wait",
          "[apps][slow]") {
  HoneProgram hone;
  RunningProgram run = StartWaiting(hone);
  const std::string trial = hone.Trials("demo").front();
  run.Signal(SIGINT);
  CHECK(run.Wait().exit_code == 130);
  RunningProgram events = hone.Start({"events", "-f", "demo"});
  RunningProgram logs = hone.Start({"logs", "-f", trial});
  CHECK(Eventually([&] { return Has(events.ErrSoFar(), "'hone resume demo' goes on"); }));
  CHECK(Eventually([&] { return Has(logs.ErrSoFar(), "'hone resume demo' goes on"); }));
  logs.Signal(SIGINT);
  CHECK(logs.Wait().exit_code == 130);
  CHECK(hone.Run({"delete", "demo"}).exit_code == 0);
  CHECK(events.Wait().exit_code == 0);  // there is nothing to follow any more
}

TEST_CASE("hone logs: on a terminal nothing but colours gets through, unless --raw", "[apps]") {
  if (!std::filesystem::exists("/usr/bin/script")) {
    WARN("skipped: there is no script(1)");
    return;
  }
  HoneProgram hone;
  const std::string script = R"(printf '\033[2Jgone\033[31mred\033[0m\007\n'; echo loss=${x})";
  REQUIRE(hone.Run({"run", hone.Write({.script = script, .trials = 1, .parallel = 1})}).exit_code ==
          0);
  const std::string trial = hone.Trials("demo").front();
  const std::string logs = (hone::test::ProgramFolder() / "hone").string() + " logs " + trial;
  const auto safe = hone.StartProgram({"script", "-qec", logs, "/dev/null"}).Wait();
  CHECK(Has(safe.out, "\\x1b[2Jgone\x1b[31mred\x1b[0m\\x07\r\n"));
  const auto raw = hone.StartProgram({"script", "-qec", logs + " --raw", "/dev/null"}).Wait();
  CHECK(Has(raw.out, "\x1b[2Jgone\x1b[31mred\x1b[0m\x07\r\n"));
  CHECK(Has(hone.Run({"logs", trial}).out, "\x1b[2Jgone"));  // a file gets every byte
}

TEST_CASE("hone create: hands over to the engine that runs, and leaves", "[apps][slow]") {
  HoneProgram hone;
  const auto nobody = hone.Run({"create", hone.Write({.name = "other"})});
  CHECK(nobody.exit_code == 1);
  CHECK(Has(nobody.err, "no engine holds " + hone.data().string()));
  RunningProgram run = StartWaiting(hone);
  const auto created =
      hone.Run({"create", hone.Write({.name = "other"}), "--set", "spec.maxTrialCount=2"});
  INFO(created.err);
  CHECK(created.exit_code == 0);
  CHECK(created.out ==
        "experiment 'other' is created; process " + std::to_string(run.pid()) + " runs it\n");
  const auto again = hone.Run({"create", (hone.work() / "other.json").string()});
  CHECK(again.exit_code == 2);
  CHECK(Has(again.err, "already in"));
  const auto object =
      hone.Json({"create", hone.Write({.name = "third"}), "--set", "spec.maxTrialCount=2"});
  CHECK(object["metadata"]["name"] == "third");
  Go(hone);
  CHECK(run.Wait().exit_code == 0);  // and stays until all three are over
  CHECK(hone.Status("other") == "Succeeded");
  CHECK(hone.Status("third") == "Succeeded");
}

TEST_CASE("hone run --set: fields are replaced before anything is checked", "[apps]") {
  HoneProgram hone;
  const std::string file = hone.Write({.trials = 9});
  const auto bad = hone.Run({"run", file, "--set", "metadata.name=fast", "--set",
                             "spec.maxTrailCount=1", "--set", "spec.parallelTrialCount=0"});
  CHECK(bad.exit_code == 2);
  CHECK(Has(bad.err, "--set 2: spec.maxTrailCount: unknown field, did you mean maxTrialCount?"));
  CHECK(Has(bad.err, "--set 3: spec.parallelTrialCount: "));
  CHECK(hone.Run({"validate", file, "--set", "spec.maxTrailCount=1"}).exit_code == 2);
  const auto run =
      hone.Run({"run", file, "--set", "metadata.name=fast", "--set", "spec.maxTrialCount=2",
                "--set", "spec.parameters[0].feasibleSpace.max=0.5"});
  INFO(run.err);
  CHECK(run.exit_code == 0);
  const auto object = hone.Json({"get", "fast"});
  CHECK(object["spec"]["maxTrialCount"] == 2);
  CHECK(object["spec"]["parameters"][0]["feasibleSpace"]["max"] == "0.5");
}

TEST_CASE("hone validate -o json: problems as data", "[apps]") {
  HoneProgram hone;
  json extra = {{"maxTrialCount", -1}};
  const std::string file = hone.Write({.name = "bad", .extra = &extra});
  const auto run = hone.Run({"validate", file, "--set", "spec.seed=x", "-o", "json"});
  CHECK(run.exit_code == 2);
  const auto document = hone::ParseJsonOrThrow(run.out);
  REQUIRE(document["items"].size() == 1);
  const auto& item = document["items"][0];
  CHECK(item["file"] == file);
  CHECK(item["valid"] == false);
  REQUIRE(item["problems"].size() == 2);
  CHECK(item["problems"][0]["file"] == "--set 1");
  CHECK_FALSE(item["problems"][0].contains("line"));
  CHECK(item["problems"][1]["field"] == "spec.maxTrialCount");
  CHECK(item["problems"][1]["severity"] == "error");
  CHECK(item["problems"][1]["line"].is_number());
}

TEST_CASE("hone config: the file of the environment, and each value's source", "[apps]") {
  HoneProgram hone;
  const std::string file = hone.Write("my.yaml", "cpus: 3\n");
  const auto items = hone.Json({"config", "--config", file, "--grace", "4"}).at("items");
  std::map<std::string, json> settings;
  for (const auto& item : items) {
    settings[item.at("key")] = item;
  }
  CHECK(settings["cpus"] == json({{"key", "cpus"}, {"value", "3"}, {"source", file + ":1"}}));
  CHECK(settings["grace"]["source"] == "flag --grace");
  CHECK(settings["data-dir"]["source"] == "environment HONE_DATA_DIR");
  CHECK(settings["gpus"]["value"].is_null());
  const std::string bad = hone.Write("bad.yaml", "\ncpsu: 3\n");
  const auto run = hone.Run({"list", "--config", bad});
  CHECK(run.exit_code == 2);
  CHECK(Has(run.err, bad + ":2: cpsu: there is no such setting, did you mean cpus?"));
}
