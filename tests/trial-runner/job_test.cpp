// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/job.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/catch.h"

namespace hone::local {
namespace {

using nlohmann::json;

json GoodJob() {
  return ParseJsonOrThrow(R"({
    "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "t-1"},
    "spec": {"template": {
      "metadata": {"annotations": {"sidecar.istio.io/inject": "false"}},
      "spec": {"restartPolicy": "Never", "containers": [{
        "name": "main", "image": "example/train:1",
        "command": ["python3", "train.py"], "args": ["--lr=${trialParameters.lr}"],
        "env": [{"name": "A", "value": "1"}, {"name": "B"}],
        "workingDir": "/srv", "imagePullPolicy": "Always",
        "resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": 2.5, "nvidia.com/gpu": 1}}
      }]}}}})");
}

// "severity field: message" of each problem.
std::vector<std::string> Told(const Problems& problems) {
  std::vector<std::string> texts;
  for (const Problem& problem : problems.list()) {
    texts.push_back((problem.severity == Problem::Severity::kError ? "error " : "warning ") +
                    problem.field + ": " + problem.message);
  }
  return texts;
}

TEST_CASE("job: takes the primary container", "[trial-runner]") {
  json object = GoodJob();
  object["spec"]["activeDeadlineSeconds"] = 90;
  object["spec"]["backoffLimit"] = 0;
  Problems problems;
  const LocalJob job = DecodeJob(DumpJson(object), "main", "x", problems);
  CHECK(Told(problems).empty());
  CHECK(job.image.name == "example/train:1");
  CHECK(job.command ==
        std::vector<std::string>{"python3", "train.py", "--lr=${trialParameters.lr}"});
  CHECK(job.env == std::vector<std::pair<std::string, std::string>>{{"A", "1"}, {"B", ""}});
  CHECK(job.working_folder == "/srv");
  CHECK(job.deadline == Duration(std::chrono::seconds(90)));
  CHECK(job.demand == Demand{.cpus = 3, .gpus = 1});
}

TEST_CASE("job: asks for one CPU unless it says otherwise", "[trial-runner]") {
  json object = GoodJob();
  object["/spec/template/spec/containers/0"_json_pointer].erase("resources");
  Problems problems;
  CHECK(DecodeJob(DumpJson(object), "main", "x", problems).demand == Demand{.cpus = 1, .gpus = 0});
}

TEST_CASE("job: what cannot be honoured is told by name", "[trial-runner]") {
  struct Case {
    const char* name;
    const char* pointer;
    const char* value;  // JSON
    const char* told;   // a part of the first problem
  };
  const Case cases[] = {
      {"other kind", "/kind", R"("TFJob")",
       "error x.kind: the local runner runs batch/v1 Job, Kubeflow's training jobs and Argo's "
       "Workflow, not "
       "'batch/v1 TFJob'"},
      {"other version", "/apiVersion", R"("batch/v1beta1")",
       "error x.kind: the local runner runs batch/v1 Job, Kubeflow's training jobs and Argo's "
       "Workflow, not "
       "'batch/v1beta1 Job'"},
      {"no command", "/spec/template/spec/containers/0/command", "null",
       "error x.spec.template.spec.containers[0].command: is missing: the local runner does not "
       "start images, so the entry point of image 'example/train:1' is not known here; add "
       "command: [\"python3\", \"train.py\"]"},
      {"command is a text", "/spec/template/spec/containers/0/command", R"("python3 train.py")",
       "error x.spec.template.spec.containers[0].command: must be a list"},
      {"argument is a number", "/spec/template/spec/containers/0/args", "[1]",
       "error x.spec.template.spec.containers[0].args[0]: must be a text"},
      {"init container", "/spec/template/spec/initContainers", R"([{"name": "fetch"}])",
       "error x.spec.template.spec.initContainers: 'fetch': not possible with the local runner"},
      {"sidecar", "/spec/template/spec/containers/1", R"({"name": "proxy"})",
       "error x.spec.template.spec.containers: the local runner starts the primary container "
       "'main' alone; remove 'proxy'"},
      {"primary container missing", "/spec/template/spec/containers/0/name", R"("training")",
       "error x.spec.template.spec.containers: no container is named 'main' as "
       "primaryContainerName says; there is 'training'"},
      {"no containers", "/spec/template/spec/containers", "[]",
       "no container is named 'main' as primaryContainerName says; there is none"},
      {"envFrom", "/spec/template/spec/containers/0/envFrom", R"([{"secretRef": {"name": "s"}}])",
       "error x.spec.template.spec.containers[0].envFrom: not possible with the local runner"},
      {"valueFrom", "/spec/template/spec/containers/0/env/1/valueFrom", R"({"fieldRef": {}})",
       "error x.spec.template.spec.containers[0].env[1].valueFrom: variable 'B': not possible"},
      {"variable without name", "/spec/template/spec/containers/0/env/1/name", R"("")",
       "error x.spec.template.spec.containers[0].env[1].name: must be the name of a variable"},
      {"unquoted value", "/spec/template/spec/containers/0/env/1/value", "5",
       "error x.spec.template.spec.containers[0].env[1].value: must be a text"},
      {"relative folder", "/spec/template/spec/containers/0/workingDir", R"("src")",
       "error x.spec.template.spec.containers[0].workingDir: must start with '/'"},
      {"volumes", "/spec/template/spec/volumes", R"([{"name": "data"}, {"name": "tmp"}])",
       "warning x.spec.template.spec.volumes: 'data, tmp': not used by the local runner"},
      {"volume mounts", "/spec/template/spec/containers/0/volumeMounts", R"([{"name": "data"}])",
       "warning x.spec.template.spec.containers[0].volumeMounts: 'data': not used"},
      {"slip of the pen", "/spec/template/spec/containers/0/workingdir", R"("/x")",
       "warning x.spec.template.spec.containers[0].workingdir: unknown field; did you mean "
       "'workingDir'?"},
      {"unknown field of the Job", "/spec/frobnicate", "1",
       "warning x.spec.frobnicate: unknown field; it has no effect"},
      {"several pods", "/spec/parallelism", "2", "error x.spec.parallelism: must be 1"},
      {"suspended", "/spec/suspend", "true", "error x.spec.suspend: a suspended Job never starts"},
      {"deadline of zero", "/spec/activeDeadlineSeconds", "0",
       "error x.spec.activeDeadlineSeconds: must be at least 1 second"},
      {"deadline in quotes", "/spec/activeDeadlineSeconds", R"("60")",
       "error x.spec.activeDeadlineSeconds: must be a whole number without quotes"},
      {"memory", "/spec/template/spec/containers/0/resources/limits/memory", R"("4Gi")",
       "warning x.spec.template.spec.containers[0].resources.limits.memory: the local runner does "
       "not enforce memory limits"},
      {"half a GPU", "/spec/template/spec/containers/0/resources/limits/nvidia.com~1gpu", "0.5",
       "must be a whole number of GPUs"},
      {"CPUs by parameter", "/spec/template/spec/containers/0/resources/limits/cpu",
       R"("${trialParameters.cpus}")", "is no quantity; write a number such as 2"},
      {"absurd number of CPUs", "/spec/template/spec/containers/0/resources/limits/cpu", "1e30",
       "is no quantity"},
      {"template is a list", "/spec/template", "[]", "error x.spec.template: must be an object"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      json object = GoodJob();
      object[json::json_pointer(c.pointer)] = ParseJsonOrThrow(c.value);
      Problems problems;
      DecodeJob(DumpJson(object), "main", "x", problems);
      REQUIRE_FALSE(problems.list().empty());
      const std::string told = Told(problems)[0];
      INFO(told);
      CHECK(told.find(c.told) != std::string::npos);
    }
  }
}

TEST_CASE("job: text that is no object is refused", "[trial-runner]") {
  for (const char* text : {"", "[]", "{", "5", "null"}) {
    Problems problems;
    DecodeJob(text, "main", "x", problems);
    CHECK(problems.HasErrors());
  }
}

}  // namespace
}  // namespace hone::local
