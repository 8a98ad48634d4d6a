// SPDX-License-Identifier: Apache-2.0
// hone run and what can be read afterwards, with the real program and real trials.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

using hone::test::Has;
using hone::test::HoneProgram;
using nlohmann::json;

TEST_CASE("hone run: prints the best trial on stdout, progress on stderr, and exits 0", "[apps]") {
  HoneProgram hone;
  const auto run = hone.Run({"run", hone.Write({.script = "echo loss=${x}; pwd"})});
  INFO(run.err);
  CHECK(run.exit_code == 0);
  const auto trials = hone.Json({"trials", "demo"}).at("items");
  REQUIRE(trials.size() == 3);
  const auto best =
      std::min_element(trials.begin(), trials.end(), [](const json& a, const json& b) {
        const auto loss = [](const json& trial) {
          return std::stod(trial["status"]["observation"]["metrics"][0]["min"].get<std::string>());
        };
        return loss(a) < loss(b);
      });
  const auto name = best->at("metadata").at("name").get<std::string>();
  CHECK(Has(run.out, "best trial  " + name + "\n"));
  CHECK(Has(run.out, "logs        hone logs " + name + "\n"));
  CHECK(Has(run.err, "succeeded: all 3 trials"));
  CHECK_FALSE(Has(run.err, "\x1b"));
  CHECK_FALSE(Has(run.err, "\r"));
  // Trials start in the folder where hone was started.
  CHECK(Has(hone.Run({"logs", name}).out, hone.work().string() + "\n"));
}

TEST_CASE("hone run -o json: ends with the experiment object and nothing else", "[apps]") {
  HoneProgram hone;
  const auto run = hone.Run({"run", hone.Write({}), "-o", "json"});
  REQUIRE(run.exit_code == 0);
  const auto object = hone::ParseJsonOrThrow(run.out);
  CHECK(object["kind"] == "Experiment");
  CHECK(object["status"]["trialsSucceeded"] == 3);
  CHECK(object["status"]["currentOptimalTrial"].contains("bestTrialName"));
  CHECK(object == hone.Json({"get", "demo"}));
}

TEST_CASE("hone run: an experiment that fails exits 1", "[apps]") {
  HoneProgram hone;
  json extra = {{"maxFailedTrialCount", 1}};
  const auto run = hone.Run(
      {"run", hone.Write({.script = "echo boom; exit 3", .parallel = 1, .extra = &extra})});
  CHECK(run.exit_code == 1);
  CHECK(Has(run.out, "status      Failed"));
  CHECK(Has(run.out, "best trial  none"));
  const auto why = hone.Run({"explain", hone.Trials("demo").front()});
  CHECK(Has(why.out, "exit code 3"));
  CHECK(Has(why.out, "boom"));
  CHECK(Has(hone.Run({"explain", "demo"}).out, "Experiment demo failed after"));
  const auto best = hone.Run({"best", "demo"});
  CHECK(best.exit_code == 1);
  CHECK(Has(best.err, "no trial of 'demo' has reported the objective 'loss' yet"));
}

TEST_CASE("hone run: everything wrong with a file is told with its line, and nothing starts",
          "[apps]") {
  HoneProgram hone;
  const std::string file = hone.Write("bad.yaml",
                                      "apiVersion: kubeflow.org/v1beta1\n"
                                      "kind: Experiment\n"
                                      "metadata: {name: bad}\n"
                                      "spec:\n"
                                      "  objective: {type: minimize, objectiveMetricName: loss}\n"
                                      "  algorithm: {algorithmName: randm}\n"
                                      "  maxTrialCount: -1\n"
                                      "  parameters:\n"
                                      "    - name: x\n"
                                      "      parameterType: double\n"
                                      "      feasibleSpace: {min: \"1\", max: \"0\"}\n");
  const auto run = hone.Run({"run", file});
  CHECK(run.exit_code == 2);
  CHECK(run.out.empty());
  CHECK(Has(run.err, file + ":7: spec.maxTrialCount: "));
  CHECK(Has(run.err, file + ":11: spec.parameters[0].feasibleSpace.max: "));
  CHECK_FALSE(std::filesystem::exists(hone.data() / "hone.db"));
  const auto validate = hone.Run({"validate", file});
  CHECK(validate.exit_code == 2);
  CHECK(Has(validate.out, file + ":7: spec.maxTrialCount: "));
}

TEST_CASE("hone run: a file that is not there and a name that is taken are usage errors",
          "[apps]") {
  HoneProgram hone;
  const auto missing = hone.Run({"run", "missing.yaml"});
  CHECK(missing.exit_code == 2);
  CHECK(Has(missing.err, "missing.yaml"));
  const std::string file = hone.Write({.trials = 2});
  REQUIRE(hone.Run({"run", file}).exit_code == 0);
  const auto again = hone.Run({"run", file});
  CHECK(again.exit_code == 2);
  CHECK(Has(again.err, "'hone resume demo'"));
  CHECK(Has(again.err, "'hone delete demo'"));
  CHECK(hone.Run({"delete", "demo"}).exit_code == 0);
  CHECK(hone.Run({"run", file}).exit_code == 0);
}

TEST_CASE("hone run: without maxTrialCount it says that nothing bounds the experiment", "[apps]") {
  HoneProgram hone;
  json extra = {{"maxTrialCount", nullptr}, {"objective", {{"goal", 2.0}}}};
  const auto run = hone.Run({"run", hone.Write({.extra = &extra})});
  CHECK(run.exit_code == 0);
  CHECK(Has(run.err, "there is no maxTrialCount"));
  CHECK(Has(run.out, "goal"));
}

TEST_CASE("hone: what was run can be read in every form", "[apps]") {
  HoneProgram hone;
  json extra = {{"objective", {{"additionalMetricNames", {"accuracy"}}}}};
  const std::string script = "for i in 1 2 3; do echo loss=0.$i accuracy=0.5; done";
  REQUIRE(
      hone.Run({"run", hone.Write({.script = script, .trials = 2, .extra = &extra})}).exit_code ==
      0);
  const auto list = hone.Json({"list"}).at("items");
  REQUIRE(list.size() == 1);
  CHECK(list[0]["metadata"]["name"] == "demo");
  CHECK(Has(hone.Run({"list"}).out, "demo  Succeeded  random"));
  const std::string trial = hone.Trials("demo").front();
  CHECK(Has(hone.Run({"trials", "demo"}).out, trial));
  CHECK(Has(hone.Run({"trials", "demo", "-o", "yaml"}).out, "name: " + trial));
  const auto metrics = hone.Json({"metrics", trial, "--metric", "loss"}).at("items");
  REQUIRE(metrics.size() == 3);
  CHECK(metrics[2]["metric"] == json({{"name", "loss"}, {"value", "0.3"}}));
  CHECK(hone.Json({"metrics", trial}).at("items").size() == 6);
  CHECK(hone.Run({"logs", trial}).out ==
        "loss=0.1 accuracy=0.5\nloss=0.2 accuracy=0.5\nloss=0.3 accuracy=0.5\n");
  CHECK(hone.Run({"logs", "-f", trial}).out == hone.Run({"logs", trial}).out);
  CHECK(hone.Json({"best", "demo"}).at("kind") == "Trial");
  CHECK(Has(hone.Run({"get", "demo"}).out, "algorithm   random, seed 42"));
  const auto events = hone.Json({"events", "demo"}).at("items");
  CHECK(events.front()["kind"] == "ExperimentCreated");
  CHECK(events.back()["kind"] == "ExperimentEnded");
  CHECK(hone.Json({"events", "demo", "--from", "1"}).at("items").size() == events.size() - 1);
  CHECK(hone.Run({"rebuild", "--check"}).exit_code == 0);
  const auto replay = hone.Run({"replay", "demo"});
  CHECK(replay.exit_code == 0);
  CHECK(replay.out == "2 of 2 proposals are equal\n");
}

TEST_CASE("hone: unknown names exit 1 with the nearest known one", "[apps]") {
  HoneProgram hone;
  CHECK(hone.Run({"list"}).exit_code == 0);
  const auto empty = hone.Run({"get", "demo"});
  CHECK(empty.exit_code == 1);
  CHECK(Has(empty.err, "there is no experiment 'demo' in " + hone.data().string()));
  REQUIRE(hone.Run({"run", hone.Write({.trials = 2})}).exit_code == 0);
  for (const char* const verb :
       {"get", "trials", "best", "explain", "events", "replay", "stop", "resume", "delete"}) {
    CAPTURE(verb);
    const auto run = hone.Run({verb, "dmo"});
    CHECK(run.exit_code == 1);
    CHECK(Has(run.err, "did you mean 'demo'?"));
  }
  std::string trial = hone.Trials("demo").front();
  const std::string right = trial;
  trial.back() = trial.back() == 'x' ? 'z' : 'x';
  for (const char* const verb : {"metrics", "logs", "explain", "kill"}) {
    CAPTURE(verb);
    const auto run = hone.Run({verb, trial});
    CHECK(run.exit_code == 1);
    CHECK(Has(run.err, "did you mean '" + right + "'?"));
  }
}

TEST_CASE("hone: usage errors exit 2, help and version exit 0", "[apps]") {
  HoneProgram hone;
  CHECK(hone.Run({}).exit_code == 2);
  CHECK(hone.Run({"frobnicate"}).exit_code == 2);
  CHECK(hone.Run({"list", "-o", "xml"}).exit_code == 2);
  CHECK(hone.Run({"get"}).exit_code == 2);
  CHECK(hone.Run({"--help"}).exit_code == 0);
  const auto version = hone.Run({"--version"});
  CHECK(version.exit_code == 0);
  CHECK(Has(version.out, "hone 0."));
}

TEST_CASE("hone: a data folder that cannot be made is named", "[apps]") {
  HoneProgram hone;
  const std::string file = hone.Write({});
  const std::string blocked = hone.Write("blocked", "a file, not a folder");
  const auto run = hone.Run({"run", file, "--data-dir", blocked + "/data"});
  CHECK(run.exit_code == 1);
  CHECK(Has(run.err, blocked + "/data"));
}

TEST_CASE("hone validate: many files, no store, warnings do not fail", "[apps]") {
  HoneProgram hone;
  const std::string good = hone.Write({.name = "good"});
  json extra = {{"paralelTrialCount", 2}};
  const std::string odd = hone.Write({.name = "odd", .extra = &extra});
  const auto run = hone.Run({"validate", good, odd});
  CHECK(run.exit_code == 0);
  CHECK(Has(run.out, "warning: spec.paralelTrialCount: "));
  CHECK(Has(run.out, "parallelTrialCount"));
  CHECK_FALSE(std::filesystem::exists(hone.data()));
  CHECK(hone.Run({"validate", hone::test::SourceFolder() / "examples/digits/experiment.yaml"})
            .exit_code == 0);
}

TEST_CASE("hone validate: a job that only clusters run is valid, and run refuses it", "[apps]") {
  HoneProgram hone;
  json extra = {{"trialTemplate",
                 {{"trialSpec", {{"apiVersion", "ray.io/v1"}, {"kind", "RayJob"}}},
                  {"primaryPodLabels", {{"ray.io/node-type", "head"}}},
                  {"successCondition", "status.jobStatus==SUCCEEDED"},
                  {"failureCondition", "status.jobStatus==FAILED"}}}};
  const std::string file = hone.Write({.extra = &extra});
  const auto validate = hone.Run({"validate", file});
  CAPTURE(validate.out);
  CHECK(validate.exit_code == 0);
  CHECK(Has(validate.out, "warning: spec.trialTemplate.trialSpec.kind: "));
  const auto run = hone.Run({"run", file});
  CHECK(run.exit_code == 2);
  CHECK(Has(run.err, ": spec.trialTemplate.trialSpec.kind: "));
  CHECK_FALSE(Has(run.err, "warning"));
}

TEST_CASE("hone: a reader that goes away ends a reading command without a word", "[apps]") {
  HoneProgram hone;
  const std::string many = "for i in {1..20000}; do echo loss=0.$i; done";
  REQUIRE(hone.Run({"run", hone.Write({.script = many, .trials = 2})}).exit_code == 0);
  const auto run = hone.StartProgram({"bash", "-c",
                                      (hone::test::ProgramFolder() / "hone").string() +
                                          " metrics " + hone.Trials("demo").front() + " | head -1"})
                       .Wait();
  CHECK(run.exit_code == 0);
  CHECK(run.out == "ATTEMPT  TIME  METRIC  VALUE\n");
  CHECK(run.err.empty());
}
