// SPDX-License-Identifier: Apache-2.0
// hone import of CSV, with the real program.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/support/hone_program.h"

using hone::test::HoneProgram;

namespace {

constexpr const char* kExperiment = R"(
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: demo}
spec:
  objective: {type: minimize, objectiveMetricName: loss, additionalMetricNames: [time]}
  algorithm: {algorithmName: tpe}
  parallelTrialCount: 2
  maxTrialCount: 8
  parameters:
  - {name: lr, parameterType: double, feasibleSpace: {min: "0.001", max: "1", distribution: logUniform}}
  - {name: layers, parameterType: int, feasibleSpace: {min: "1", max: "8"}}
  - {name: opt, parameterType: categorical, feasibleSpace: {list: [sgd, adam]}}
  - name: momentum
    parameterType: double
    feasibleSpace: {min: "0", max: "0.99"}
    activeWhen: {parameter: opt, in: [sgd]}
    inactiveValue: "0"
  trialTemplate:
    primaryContainerName: main
    trialParameters:
    - {name: lr, reference: lr}
    - {name: layers, reference: layers}
    - {name: opt, reference: opt}
    - {name: momentum, reference: momentum}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            containers:
            - name: main
              image: none
              command: [sh, -c, "echo loss=${trialParameters.lr} ${trialParameters.layers} ${trialParameters.opt} ${trialParameters.momentum}"]
            restartPolicy: Never
)";

// As study.trials_dataframe().to_csv(index=False) writes it.
constexpr const char* kOptuna =
    "number,value,datetime_start,params_layers,params_lr,params_momentum,params_opt,state\n"
    "0,0.5,2026-01-01 00:00:00,3.0,0.01,0.9,sgd,COMPLETE\n"
    "1,,2026-01-01 00:00:01,4.0,0.02,,adam,FAIL\n"
    "2,0.25,2026-01-01 00:00:02,4,0.1,,adam,COMPLETE\n"
    "3,0.75,2026-01-01 00:00:03,4,0.1,,adam,COMPLETE\n";

}  // namespace

TEST_CASE("hone import: results of another tool become an experiment that goes on", "[apps]") {
  HoneProgram hone;
  const std::string experiment = hone.Write("demo.yaml", kExperiment);
  const auto imported =
      hone.Run({"import", hone.Write("study.csv", kOptuna), "--experiment", experiment});
  INFO(imported.err);
  REQUIRE(imported.exit_code == 0);
  CHECK(imported.out.find("Suspended, 3 trials") != std::string::npos);
  CHECK(imported.err.find("meaning here: number datetime_start") != std::string::npos);
  CHECK(imported.err.find("left out 1 trials") != std::string::npos);
  const auto best = hone.Json({"best", "demo"});
  CHECK(hone::DumpJson(best).find("0.25") != std::string::npos);
  const std::string first = hone.Trials("demo").at(0);
  CHECK(hone.Run({"explain", first}).out.find("study.csv:2") != std::string::npos);
  CHECK(hone.Run({"metrics", first}).out.find("0.5") != std::string::npos);

  const auto resumed = hone.Run({"resume", "demo"});
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  CHECK(hone.Trials("demo").size() == 8);
  CHECK(hone.Run({"replay", "demo"}).out == "5 of 5 proposals are equal\n");
  CHECK(hone.Run({"rebuild", "--check"}).exit_code == 0);
}

TEST_CASE("hone import: what hone export --csv wrote comes back", "[apps]") {
  HoneProgram hone;
  const std::string experiment = hone.Write("demo.yaml", kExperiment);
  REQUIRE(hone.Run({"run", experiment}).exit_code == 0);
  REQUIRE(hone.Run({"export", "demo", "--csv", "-O", "demo.csv"}).exit_code == 0);
  const auto imported =
      hone.Run({"import", "demo.csv", "--experiment", experiment, "--name", "again"});
  INFO(imported.err);
  REQUIRE(imported.exit_code == 0);
  CHECK(hone.Trials("again").size() == 8);
  CHECK(hone.Json({"get", "again"}).at("status").at("trialsSucceeded") == 8);
}

TEST_CASE("hone import: everything wrong with a CSV file is told at once", "[apps]") {
  HoneProgram hone;
  const std::string experiment = hone.Write("demo.yaml", kExperiment);
  const auto run = [&](const std::string& csv) {
    return hone.Run({"import", hone.Write("in.csv", csv), "--experiment", experiment});
  };
  const auto wrong =
      run("lr,layers,opt,momentum,loss\n"
          "0.5,3,adam,,1\n"
          "2,3,adam,,1\n"
          "0.5,3.5,rmsprop,,nan\n"
          "0.5,3\n"
          "0.5,3,sgd,,1\n");
  CHECK(wrong.exit_code == 2);
  CHECK(wrong.err.find("in.csv:3: lr: '2' ") != std::string::npos);
  CHECK(wrong.err.find("in.csv:4: layers: '3.5' ") != std::string::npos);
  CHECK(wrong.err.find("in.csv:4: opt: 'rmsprop' ") != std::string::npos);
  CHECK(wrong.err.find("in.csv:4: loss: 'nan' is no finite number") != std::string::npos);
  CHECK(wrong.err.find("in.csv:5: has 2 fields, the first line 5") != std::string::npos);
  CHECK(wrong.err.find("in.csv:6: momentum: is empty") != std::string::npos);
  CHECK(run("lr,loss\n1,1\n").err.find("no column for layers opt momentum") != std::string::npos);
  CHECK(run("").err.find("is empty") != std::string::npos);
  CHECK(run("lr,\"a\n").err.find("quote is not closed") != std::string::npos);
  std::string many = "lr,layers,opt,momentum,loss\n";
  for (int i = 0; i < 9; ++i) {
    many += "0.5,3,adam,,1\n";
  }
  CHECK(run(many).err.find("in.csv:10: the experiment is over before this line") !=
        std::string::npos);
  CHECK(hone.Json({"list"}).at("items").empty());
}
