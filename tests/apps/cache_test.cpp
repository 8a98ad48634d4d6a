// SPDX-License-Identifier: Apache-2.0
// hone cache, over what real pipelines left.
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

constexpr char kExperiment[] = R"(apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: steps}
spec:
  objective: {type: minimize, objectiveMetricName: loss}
  algorithm: {algorithmName: grid}
  parallelTrialCount: 1
  maxTrialCount: 3
  parameters:
    - {name: x, parameterType: int, feasibleSpace: {min: "1", max: "3"}}
  trialTemplate:
    primaryContainerName: main
    primaryPodLabels: {role: last}
    successCondition: status.[@this].#(phase=="Succeeded")#
    failureCondition: status.[@this].#(phase=="Failed")#
    trialParameters: [{name: x, reference: x}]
    trialSpec:
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      spec:
        entrypoint: main
        templates:
          - name: main
            steps:
              - - {name: prepare, template: prepare}
              - - name: train
                  template: train
                  arguments:
                    parameters:
                      - {name: base, value: "{{steps.prepare.outputs.parameters.base}}"}
          - name: prepare
            outputs: {parameters: [{name: base, valueFrom: {path: /tmp/base}}]}
            container: {command: [sh, -c, "echo x >> prepared; echo 4 > /tmp/base"]}
          - name: train
            metadata: {labels: {role: last}}
            inputs: {parameters: [{name: base}]}
            container: {command: [sh, -c, "echo loss={{inputs.parameters.base}}${trialParameters.x}"]}
)";

TEST_CASE("cache: a step that all trials share is paid for once, told of and removed", "[apps]") {
  HoneProgram hone;
  const ProgramRun run = hone.Run({"run", hone.Write("steps.yaml", kExperiment)});
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  CHECK(run.out.find("loss=41") != std::string::npos);
  CHECK(ReadText(hone.work() / "prepared") == "x\n");

  const nlohmann::json kept = hone.Json({"cache"});
  REQUIRE(kept.at("items").size() == 4);
  std::size_t hits = 0;
  for (const auto& item : kept.at("items")) {
    CHECK(item.at("experiment") == "steps");
    hits += item.at("hits").get<std::size_t>();
  }
  CHECK(hits == 2);
  CHECK(hone.Run({"cache"}).out.find("prepare") != std::string::npos);

  CHECK(hone.Run({"cache", "--older-than", "soon"}).exit_code == 2);
  CHECK(hone.Run({"cache", "--keep-size", "much"}).exit_code == 2);
  CHECK(hone.Json({"cache", "--older-than", "1h"}).at("items").empty());
  CHECK(hone.Json({"cache", "--keep-size", "0"}).at("items").size() == 4);
  CHECK(hone.Json({"cache"}).at("items").empty());
}

}  // namespace
}  // namespace hone::test
