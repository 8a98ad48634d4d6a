// SPDX-License-Identifier: Apache-2.0
// What is made of a Job for podman, without podman.
#include "trial-runner/local/podman.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"
#include "tests/trial-runner/launch_spec.h"
#include "trial-runner/local/local_runner.h"

namespace hone::local {
namespace {

using nlohmann::json;

json PodmanJob() {
  return ParseJsonOrThrow(
      R"J({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {
    "containers": [{"name": "main", "image": "train:1", "command": ["python3", "$(X)"],
      "args": ["--lr=0.1"], "env": [{"name": "X", "value": "t.py"},
      {"name": "PATH", "value": "/opt"}],
      "resources": {"limits": {"cpu": "1500m", "memory": "1Gi"}}}]}}}})J");
}

json& MainOf(json& job) {
  return job["/spec/template/spec/containers/0"_json_pointer];
}

LocalJob Decode(const json& job, Problems& problems) {
  return DecodeJob(DumpJson(job), "main", "x", problems, Place::kContainer);
}

struct Bench {
  Layout layout{"/data"};
  Surroundings surroundings{.environment = {{"PATH", "/bin"}, {"HOME", "/home/u"}},
                            .folder = "/start",
                            .oom_counter = "/counter",
                            .grace = std::chrono::seconds(10)};
  LaunchSpec spec = testing::SpecOf({{"abcdefgh-1"}, 7}, "");
  Bench() { spec.container.emplace(); }

  [[nodiscard]] LaunchPlan Make(const json& job, const std::vector<std::string>& gpus = {}) const {
    Problems problems;
    const LocalJob decoded = Decode(job, problems);
    CHECK_FALSE(problems.HasErrors());
    return MakeContainerPlan(spec, decoded, layout, surroundings, gpus, "/usr/bin/podman");
  }
};

bool Has(const std::vector<std::string>& list, const std::string& item) {
  return std::ranges::find(list, item) != list.end();
}

TEST_CASE("podman: the command says what the template says", "[trial-runner]") {
  const LaunchPlan plan = Bench().Make(PodmanJob());
  CHECK(plan.argv[0] == "/usr/bin/podman");
  for (const char* const flag :
       {"run", "--rm", "--pull=never", "--network=none", "--cpus=1.5", "--memory=1073741824b",
        "--name=hone-bench-7-abcdefgh-7-1", "--entrypoint=[\"python3\",\"t.py\"]"}) {
    CAPTURE(flag);
    CHECK(Has(plan.argv, flag));
  }
  CHECK(std::vector<std::string>(plan.argv.end() - 2, plan.argv.end()) ==
        std::vector<std::string>{"train:1", "--lr=0.1"});
  CHECK(plan.cleanup == std::vector<std::string>{"/usr/bin/podman", "rm", "--force", "--ignore",
                                                 "--time=", "hone-bench-7-abcdefgh-7-1"});
  CHECK(Has(plan.argv,
            "--mount=type=bind,src=/data/trials/abcdefgh-1/7/params.json,"
            "dst=/data/trials/abcdefgh-1/7/params.json,readonly"));
}

TEST_CASE("podman: values do not stand in its command, but for those that would change podman",
          "[trial-runner]") {
  const LaunchPlan plan = Bench().Make(PodmanJob());
  CHECK(Has(plan.argv, "--env=X"));
  CHECK(Has(plan.env, "X=t.py"));
  CHECK(Has(plan.argv, "--env=PATH=/opt"));
  CHECK(Has(plan.env, "PATH=/bin"));
}

TEST_CASE("podman: images are fetched and the network is on only if somebody says so",
          "[trial-runner]") {
  struct Case {
    const char* name;
    const char* of_template;
    const char* own;
    const char* pull;
  };
  const Case cases[] = {{"nobody", "", "", "--pull=never"},
                        {"the template", "IfNotPresent", "", "--pull=missing"},
                        {"runner wins", "Always", "Never", "--pull=never"},
                        {"runner alone", "", "Always", "--pull=always"}};
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Bench bench;
      bench.spec.container->pull = c.own;
      bench.spec.container->network = "host";
      json job = PodmanJob();
      if (*c.of_template != '\0') {
        MainOf(job)["imagePullPolicy"] = c.of_template;
      }
      const LaunchPlan plan = bench.Make(job);
      CHECK(Has(plan.argv, c.pull));
      CHECK(Has(plan.argv, "--network=host"));
    }
  }
}

TEST_CASE("podman: GPUs are named to the container, and given to nobody else", "[trial-runner]") {
  const LaunchPlan plan = Bench().Make(PodmanJob(), {"0", "MIG-1"});
  CHECK(plan.gpus == std::vector<std::string>{"0", "MIG-1"});
  CHECK(Has(plan.env, "NVIDIA_VISIBLE_DEVICES=0,MIG-1"));
}

TEST_CASE("podman: the collector's file is in a folder of the attempt, or in a volume",
          "[trial-runner]") {
  Bench bench;
  bench.spec.metrics_file = "/logs/m.txt";
  const std::string own = "/data/trials/abcdefgh-1/7/attempt-1/metrics";
  const LaunchPlan plan = bench.Make(PodmanJob());
  CHECK(plan.metrics_to == own + "/m.txt");
  CHECK(Has(plan.argv, "--mount=type=bind,src=" + own + ",dst=/logs"));

  json job = PodmanJob();
  MainOf(job)["volumeMounts"] = ParseJsonOrThrow(R"([{"name": "v", "mountPath": "/logs/"}])");
  job["/spec/template/spec/volumes"_json_pointer] =
      ParseJsonOrThrow(R"([{"name": "v", "hostPath": {"path": "/srv/a,b"}}])");
  const LaunchPlan in_volume = bench.Make(job);
  CHECK(in_volume.metrics_to == "/srv/a,b/m.txt");
  CHECK(Has(in_volume.argv, "--mount=type=bind,\"src=/srv/a,b\",dst=/logs/"));
}

TEST_CASE("podman: what cannot be honoured is told by name", "[trial-runner]") {
  struct Case {
    const char* name;
    const char* pointer;
    const char* value;  // JSON
    const char* told;   // a part of the first problem
  };
  const Case cases[] = {
      {"no image", "/spec/template/spec/containers/0/image", R"("")", "must name an image"},
      {"an option as image", "/spec/template/spec/containers/0/image", R"("--privileged")",
       "must name an image"},
      {"pull policy", "/spec/template/spec/containers/0/imagePullPolicy", R"("Sometimes")",
       "must be Never, IfNotPresent or Always"},
      {"claim", "/spec/template/spec/volumes",
       R"([{"name": "d", "persistentVolumeClaim": {"claimName": "c"}}])",
       "volume 'd': runner Container has emptyDir and hostPath"},
      {"no such volume", "/spec/template/spec/containers/0/volumeMounts",
       R"([{"name": "d", "mountPath": "/d"}])", "no volume is named 'd'"},
      {"volume over all", "/spec/template/spec",
       R"({"containers": [{"name": "main", "image": "i",
           "volumeMounts": [{"name": "d", "mountPath": "/x/.."}]}],
           "volumes": [{"name": "d", "emptyDir": {}}]})",
       "must be a path below '/'"},
      {"sub path that leaves", "/spec/template/spec",
       R"({"containers": [{"name": "main", "image": "i",
           "volumeMounts": [{"name": "d", "mountPath": "/x", "subPath": "a/../../b"}]}],
           "volumes": [{"name": "d", "emptyDir": {}}]})",
       "must stay below the volume"},
      {"volume named like a path", "/spec/template/spec/volumes",
       R"([{"name": "../up", "emptyDir": {}}])", "must be a plain name"},
      {"init container", "/spec/template/spec/initContainers", R"([{"name": "fetch"}])",
       "'fetch': not possible with runner Container"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      json job = PodmanJob();
      job[json::json_pointer(c.pointer)] = ParseJsonOrThrow(c.value);
      Problems problems;
      Decode(job, problems);
      REQUIRE_FALSE(problems.list().empty());
      CHECK(problems.list()[0].severity == Problem::Severity::kError);
      CAPTURE(problems.list()[0].message);
      CHECK(problems.list()[0].message.find(c.told) != std::string::npos);
    }
  }
}

TEST_CASE("podman: a container's launch survives the launch file", "[trial-runner]") {
  const LaunchPlan plan = Bench().Make(PodmanJob());
  const auto text = EncodeLaunch(plan);
  REQUIRE(text.has_value());
  CHECK(DecodeLaunch(*text) == plan);
}

TEST_CASE("podman: containers that must be reached share a network, and are all removed",
          "[trial-runner]") {
  Bench bench;
  Problems problems;
  const LocalJob job = Decode(PodmanJob(), problems);
  const std::vector<std::string> no_gpus;
  const std::filesystem::path podman = "/usr/bin/podman";
  const auto make = [&](bool own_network) {
    return MakeContainerPlan({.spec = bench.spec,
                              .job = job,
                              .layout = bench.layout,
                              .surroundings = bench.surroundings,
                              .gpus = no_gpus,
                              .podman = podman,
                              .part = "worker-0",
                              .own_network = own_network});
  };
  CHECK_FALSE(NeedsOwnNetwork(bench.spec, false));
  CHECK(Has(make(false).argv, "--network=none"));
  CHECK(NeedsOwnNetwork(bench.spec, true));
  bench.spec.collector.kind = CollectorKind::kPush;
  CHECK(NeedsOwnNetwork(bench.spec, false));
  LaunchPlan plan = make(true);
  CHECK(plan.own_network);
  CHECK(Has(plan.argv, "--network=ns:"));  // what the shim completes
  CHECK(Has(plan.argv, "--name=hone-bench-7-abcdefgh-7-1-worker-0"));
  CHECK(Has(plan.argv, "--add-host=katib-db-manager.kubeflow:127.0.0.1"));
  AlsoRemove("another", plan);
  CHECK(std::vector<std::string>(plan.cleanup.end() - 2, plan.cleanup.end()) ==
        std::vector<std::string>{"hone-bench-7-abcdefgh-7-1-worker-0", "another"});
  CHECK(DecodeLaunch(EncodeLaunch(plan).value()) == plan);
  bench.spec.container->network = "host";
  CHECK_FALSE(NeedsOwnNetwork(bench.spec, true));
}

TEST_CASE("podman: networks over which nothing would be reached are refused", "[trial-runner]") {
  struct Case {
    const char* name;
    const char* network;
    const char* version;  // of the template
    const char* told;     // a part of some problem; empty: none is one
  };
  const std::string ours = ::geteuid() == 0 ? "" : "which only root can make";
  const Case cases[] = {
      {"its own", "none", "batch/v1", ours.c_str()},
      {"bridge", "bridge", "batch/v1", "would not reach each other over a bridge"},
      {"one port for all", "host", "batch/v1", "all trials would listen on port 9400"},
      {"steps", "none", "argoproj.io/v1alpha1", "not reached by a workflow's steps"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      json job = PodmanJob();
      job["apiVersion"] = c.version;
      ExperimentSpec spec;
      spec.trial_template.trial_spec = DumpJson(job);
      spec.trial_template.primary_container = "main";
      spec.collector.kind = CollectorKind::kPrometheus;
      spec.document =
          DumpJson(json({{"spec",
                          {{"runner", {{"kind", "Container"}, {"network", c.network}}},
                           {"metricsCollectorSpec",
                            {{"source", {{"httpGet", {{"port", 9400}, {"path", "/m"}}}}}}}}}}));
      Problems problems;
      CheckLocalTrials(spec, {.cpus = 4}, problems);
      const bool told = std::ranges::any_of(problems.list(), [&](const Problem& problem) {
        return problem.message.find(c.told) != std::string::npos;
      });
      CHECK((*c.told == '\0' ? !problems.HasErrors() : told));
    }
  }
}

TEST_CASE("podman: what the host must have is looked for", "[trial-runner]") {
  const testing::TempFolder folder;
  REQUIRE(WriteFile(folder / "file", "").has_value());
  Mount mount{.kind = Mount::Kind::kHost,
              .volume = "v",
              .host_path = folder / "file",
              .host_type = "Directory",
              .target = "/d",
              .sub_path = ""};
  CHECK(PrepareMount(mount, folder.path()).error().code == Code::kInvalidArgument);
  mount.host_type = "File";
  CHECK(PrepareMount(mount, folder.path()).has_value());
  mount.host_path = folder / "new";
  CHECK(PrepareMount(mount, folder.path()).error().code == Code::kNotFound);
  mount.host_type = "DirectoryOrCreate";
  CHECK(PrepareMount(mount, folder.path()).has_value());
}

}  // namespace
}  // namespace hone::local
