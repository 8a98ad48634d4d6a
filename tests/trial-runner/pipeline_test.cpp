// SPDX-License-Identifier: Apache-2.0
// Workflows as real processes and containers of this machine, under hone-pipeline.
#include <sys/mount.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/catch.h"
#include "tests/support/podman_here.h"
#include "tests/trial-runner/local_bench.h"
#include "trial-runner/local/pipeline/step_store.h"
#include "trial-runner/local/pipeline_order.h"

namespace hone {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;
using test::PodmanHere;
using testing::Eventually;
using testing::LocalBench;
using testing::ProcessesOf;

constexpr char kSuccess[] = R"(status.[@this].#(phase=="Succeeded")#)";
constexpr char kFailure[] = R"(status.[@this].#(phase=="Failed")#)";

/// Prepare leaves a file and a number; train reads both and is the one whose output is read.
json Flow(const std::string& prepare, const std::string& train, bool cached = true) {
  json flow =
      ParseJsonOrThrow(R"({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {
    "entrypoint": "main",
    "templates": [
      {"name": "main", "steps": [
        [{"name": "prepare", "template": "prepare"}],
        [{"name": "train", "template": "train", "arguments": {
          "parameters": [{"name": "rows", "value": "{{steps.prepare.outputs.parameters.rows}}"}],
          "artifacts": [{"name": "data", "from": "{{steps.prepare.outputs.artifacts.data}}"}]}}]]},
      {"name": "prepare", "container": {"command": ["bash", "-c"]},
       "outputs": {"parameters": [{"name": "rows", "valueFrom": {"path": "/tmp/rows.txt"}}],
                   "artifacts": [{"name": "data", "path": "/tmp/out/data.csv"}]}},
      {"name": "train", "metadata": {"labels": {"role": "training"}},
       "container": {"command": ["bash", "-c"]},
       "inputs": {"parameters": [{"name": "rows"}],
                  "artifacts": [{"name": "data", "path": "/work/data.csv"}]}}]}})");
  flow["/spec/templates/1/container/args"_json_pointer] = {prepare};
  flow["/spec/templates/2/container/args"_json_pointer] = {train};
  if (!cached) {
    flow["metadata"]["annotations"]["hone/cache"] = "false";
  }
  return flow;
}

/// Counts in a file of the bench how often a step has run.
std::string Count(const LocalBench& bench, const std::string& name) {
  return "echo x >> " + (bench.folder / name).string() + "; ";
}

std::size_t Counted(const LocalBench& bench, const std::string& name) {
  return ReadFile(bench.folder / name).value_or("").size() / 2;
}

std::string Prepare(const LocalBench& bench) {
  return Count(bench, "prepared") +
         "echo preparing; echo 1,2 > /tmp/out/data.csv; wc -l < /tmp/out/data.csv > /tmp/rows.txt";
}

LaunchSpec SpecOf(const LocalBench& bench, TrialNumber number, const json& flow) {
  LaunchSpec spec = bench.Spec(number, DumpJson(flow));
  spec.primary_labels = {{"role", "training"}};
  spec.success_condition = kSuccess;
  spec.failure_condition = kFailure;
  return spec;
}

Ending RunFlow(LocalBench& bench, TrialNumber number, const json& flow, Attempt attempt = 1) {
  LaunchSpec spec = SpecOf(bench, number, flow);
  spec.attempt = attempt;
  const Status launched = bench.Launch(std::move(spec));
  INFO((launched.has_value() ? "" : launched.error().Text()));
  REQUIRE(launched.has_value());
  return bench.WaitForEnd(number, attempt).ending.value();
}

std::string StepLog(const LocalBench& bench, TrialNumber number, const std::string& step) {
  return ReadFile(bench.AttemptFolder(number) / ("replica-" + step + ".log")).value_or("");
}

TEST_CASE("pipeline: files and values go from step to step, and are paid for once",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const std::string train =
      Count(bench, "trained") +
      "echo loss=$(cat /work/data.csv | cut -d, -f2){{inputs.parameters.rows}}";
  const Ending first = RunFlow(bench, 1, Flow(Prepare(bench), train + "1"));
  CHECK(first == Ending{});
  CHECK(bench.Output(1) == "loss=211\n");
  CHECK(StepLog(bench, 1, "prepare") == "preparing\n");

  CHECK(RunFlow(bench, 2, Flow(Prepare(bench), train + "2")) == Ending{});
  CHECK(bench.Output(2) == "loss=212\n");
  CHECK(StepLog(bench, 2, "prepare") == "preparing\n");
  CHECK(Counted(bench, "prepared") == 1);
  CHECK(Counted(bench, "trained") == 2);

  // The same values again: nothing is run, and the metrics are those of then.
  CHECK(RunFlow(bench, 3, Flow(Prepare(bench), train + "1")) == Ending{});
  CHECK(bench.Output(3) == "loss=211\n");
  CHECK(Counted(bench, "trained") == 2);

  const local::StepStore store(local::Layout(bench.folder / "data").StepCache());
  const auto steps = store.List().value();
  REQUIRE(steps.size() == 3);
  std::uint64_t hits = 0;
  for (const local::StoredStep& stored : steps) {
    CHECK(stored.bytes > 0);
    hits += stored.hits;
  }
  CHECK(hits == 3);

  CHECK(RunFlow(bench, 4, Flow(Prepare(bench), train + "1", false)) == Ending{});
  CHECK(Counted(bench, "prepared") == 2);
  CHECK(Counted(bench, "trained") == 3);
}

TEST_CASE("pipeline: files that a step names or declares are part of what it is",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const auto write = [&](const char* file, const char* text) {
    REQUIRE(WriteFile(bench.folder / file, text).has_value());
  };
  write("code.sh", "echo 1 > $1; echo 1 > $2");
  write("library.sh", "one");
  json flow = Flow(Count(bench, "prepared") + "bash code.sh /tmp/out/data.csv /tmp/rows.txt",
                   "cat /work/data.csv");
  flow["/spec/templates/1/metadata/annotations"_json_pointer] = {{"hone/code", "library.sh"}};
  REQUIRE(RunFlow(bench, 1, flow) == Ending{});
  REQUIRE(RunFlow(bench, 2, flow) == Ending{});
  CHECK(Counted(bench, "prepared") == 1);
  write("code.sh", "echo 2 > $1; echo 2 > $2");
  REQUIRE(RunFlow(bench, 3, flow) == Ending{});
  CHECK(Counted(bench, "prepared") == 2);
  CHECK(bench.Output(3) == "2\n");
  write("library.sh", "two");
  REQUIRE(RunFlow(bench, 4, flow) == Ending{});
  CHECK(Counted(bench, "prepared") == 3);
  fs::remove(bench.folder / "library.sh");
  const Ending missing = RunFlow(bench, 5, flow);
  CHECK(missing.kind == EndingKind::kFailedToStart);
  CHECK(missing.message.find("hone/code") != std::string::npos);
}

TEST_CASE("pipeline: a failure names the step, and the next attempt goes on from it",
          "[trial-runner]") {
  for (const bool cached : {true, false}) {
    CAPTURE(cached);
    LocalBench bench;
    bench.Start();
    const std::string train = Count(bench, "trained") + "if ! test -e " +
                              (bench.folder / "mended").string() +
                              "; then echo broken; exit 3; fi; echo loss=1; cat /work/data.csv";
    const json flow = Flow(Prepare(bench), train, cached);
    const Ending failed = RunFlow(bench, 1, flow);
    CHECK(failed.kind == EndingKind::kExitCode);
    CHECK(failed.exit_code == 3);
    CHECK(failed.message == "step train: exit code 3; last lines: broken");
    REQUIRE(WriteFile(bench.folder / "mended", "").has_value());
    CHECK(RunFlow(bench, 1, flow, 2) == Ending{});
    CHECK(bench.Output(1, 2) == "loss=1\n1,2\n");
    CHECK(Counted(bench, "prepared") == 1);
    CHECK(Counted(bench, "trained") == 2);
  }
}

TEST_CASE("pipeline: endings of steps are told as those of trials", "[trial-runner]") {
  struct Case {
    const char* name;
    const char* train;
    EndingKind kind;
    const char* says;
    int deadline = 100;
  };
  const Case cases[] = {
      {"signal", "kill -SEGV $BASHPID", EndingKind::kSignal, "step train: killed by SIGSEGV"},
      {"hangs", "trap '' TERM; echo here; while true; do sleep 1; done", EndingKind::kTimeout,
       "step train: ran longer than its activeDeadlineSeconds", 1},
      {"leaves something behind", "sleep 1000 & echo done", EndingKind::kSucceeded, ""},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      LocalBench bench;
      bench.Start();
      json flow = Flow(Prepare(bench), std::string(": /work/data.csv; ") + c.train);
      flow["/spec/templates/2/activeDeadlineSeconds"_json_pointer] = c.deadline;
      const Ending ending = RunFlow(bench, 1, flow);
      CAPTURE(ending.message);
      CHECK(ending.kind == c.kind);
      CHECK(ending.message.starts_with(c.says));
      CHECK(Eventually([&] { return ProcessesOf(bench.WorkFolder(1)).empty(); }));
    }
  }
}

TEST_CASE("pipeline: an output that is not there fails the step", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const Ending ending =
      RunFlow(bench, 1, Flow(": /tmp/out/data.csv; echo 1 > /tmp/rows.txt", ": /work/data.csv"));
  CHECK(ending.kind == EndingKind::kFailedToStart);
  CHECK(ending.message == "step prepare: output artifact 'data': there is no /tmp/out/data.csv");
}

TEST_CASE("pipeline: a collector's file is the attempt's own, and its step is run each time",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const json flow = Flow(Prepare(bench), ": /work/data.csv; " + Count(bench, "trained") +
                                             "echo loss=1 > /tmp/metrics.log");
  for (const TrialNumber number : {1U, 2U}) {
    LaunchSpec spec = SpecOf(bench, number, flow);
    spec.collector.kind = CollectorKind::kFile;
    spec.metrics_file = "/tmp/metrics.log";
    REQUIRE(bench.Launch(std::move(spec)).has_value());
    CHECK(bench.WaitForEnd(number).ending.value() == Ending{});
    CHECK(ReadFile(bench.AttemptFolder(number) / "metrics" / "metrics.log").value_or("") ==
          "loss=1\n");
  }
  CHECK(Counted(bench, "prepared") == 1);
  CHECK(Counted(bench, "trained") == 2);
}

TEST_CASE("pipeline: being stopped, and the trial's deadline, end all steps", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const json flow =
      Flow(Prepare(bench), ": /work/data.csv; echo up > $HONE_TRIAL_DIR/up; sleep 1000");
  REQUIRE(bench.Launch(SpecOf(bench, 1, flow)).has_value());
  bench.WaitForFile(1, "up");
  REQUIRE(bench.Stop(1).has_value());
  CHECK(bench.WaitForEnd(1).ending.value().kind == EndingKind::kStopped);
  LaunchSpec late = SpecOf(bench, 2, flow);
  late.deadline = 2s;
  REQUIRE(bench.Launch(std::move(late)).has_value());
  const Ending ending = bench.WaitForEnd(2).ending.value();
  CHECK(ending.kind == EndingKind::kTimeout);
  CHECK(ending.message.starts_with("step train: "));
  CHECK(ending.message.find("ran longer than its deadline of 2 s") != std::string::npos);
  for (const TrialNumber number : {1U, 2U}) {
    CHECK(Eventually([&] { return ProcessesOf(bench.WorkFolder(number)).empty(); }));
  }
}

TEST_CASE("pipeline: it outlives the engine, and a killed one repeats no step", "[trial-runner]") {
  for (const bool kill_all : {false, true}) {
    CAPTURE(kill_all);
    LocalBench bench;
    bench.Start();
    const std::string gate = (bench.folder / "gate").string();
    const json flow = Flow(Prepare(bench),
                           ": /work/data.csv; " + Count(bench, "trained") + "while ! test -e " +
                               gate + "; do sleep 0.01; done; echo loss=1",
                           !kill_all);
    REQUIRE(bench.Launch(SpecOf(bench, 1, flow)).has_value());
    REQUIRE(Eventually([&] { return Counted(bench, "trained") == 1; }));
    const pid_t shim = bench.Claim(1).shim.pid;
    bench.Die();
    if (kill_all) {
      REQUIRE(::kill(shim, SIGKILL) == 0);  // hone-pipeline dies with it
      REQUIRE(Eventually([&] { return !testing::IsAlive(shim); }));
    }
    REQUIRE(WriteFile(gate, "").has_value());
    bench.Start();
    REQUIRE(bench.Observe().has_value());
    const Ending ending = bench.WaitForEnd(1).ending.value();
    CHECK(ending.kind == (kill_all ? EndingKind::kLost : EndingKind::kSucceeded));
    if (kill_all) {
      CHECK(RunFlow(bench, 1, flow, 2) == Ending{});
    }
    CHECK(Counted(bench, "prepared") == 1);
    CHECK(Counted(bench, "trained") == (kill_all ? 2 : 1));
  }
}

TEST_CASE("pipeline: steps that are independent run at once, as wide as the workflow is",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  // Each waits for the other.
  const std::string mark = (bench.folder / "here-").string();
  json flow =
      ParseJsonOrThrow(R"({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {
    "entrypoint": "main", "templates": [
      {"name": "main", "dag": {"tasks": [{"name": "pair", "template": "one", "withItems": [0, 1],
        "arguments": {"parameters": [{"name": "n", "value": "{{item}}"}]}}]}},
      {"name": "one", "inputs": {"parameters": [{"name": "n"}]},
       "script": {"command": ["bash"]}}]}})");
  flow["/spec/templates/1/script/source"_json_pointer] =
      "touch " + mark + "{{inputs.parameters.n}}\nwhile ! test -e " + mark + "0 || ! test -e " +
      mark + "1; do sleep 0.01; done\necho loss={{inputs.parameters.n}}\n";
  LaunchSpec spec = SpecOf(bench, 1, flow);
  spec.primary_labels.clear();
  REQUIRE(bench.Launch(std::move(spec)).has_value());
  CHECK(bench.WaitForEnd(1).ending.value() == Ending{});
  const std::string output = bench.Output(1);
  CHECK(output.find("loss=0\n") != std::string::npos);
  CHECK(output.find("loss=1\n") != std::string::npos);
}

/// A file system of this size that goes with the object; without the right to mount, none.
class SmallDisk {
 public:
  SmallDisk(const fs::path& folder, const std::string& size) : folder_(folder) {
    REQUIRE(MakeFolders(folder).has_value());
    mounted = ::mount("tmpfs", folder.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted) {
      ::umount2(folder_.c_str(), MNT_DETACH);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted = false;

 private:
  fs::path folder_;
};

TEST_CASE("pipeline: on a full disk nothing half-written enters the cache", "[trial-runner]") {
  LocalBench bench;
  const fs::path cache = local::Layout(bench.folder / "data").StepCache();
  const SmallDisk disk(cache, "256k");
  if (!disk.mounted) {
    SUCCEED("skipped: a tmpfs cannot be mounted here");
    return;
  }
  bench.Start();
  const std::string prepare =
      Count(bench, "prepared") +
      "head -c 1000000 /dev/zero > /tmp/out/data.csv; echo 1 > /tmp/rows.txt";
  const json flow = Flow(prepare, "wc -c < /work/data.csv");
  for (const TrialNumber number : {1U, 2U}) {
    CHECK(RunFlow(bench, number, flow) == Ending{});  // what it left is kept with the trial
    CHECK(bench.Output(number).find("1000000\n") != std::string::npos);
    CHECK(Counted(bench, "prepared") == number);
  }
  for (const auto& entry : fs::directory_iterator(cache)) {
    CAPTURE(entry.path());
    CHECK(entry.path().extension() != ".part");
  }
  const auto steps = local::StepStore(cache).List().value();
  REQUIRE(steps.size() == 1);
  CHECK(steps[0].step.step == "train");
}

TEST_CASE("step store: what is in use stays, and what is not whole is not found",
          "[trial-runner]") {
  const testing::TempFolder folder;
  const local::StepStore store(folder / "store");
  const std::string key(64, 'a');
  const auto put = [&] {
    const fs::path made = folder / "made";
    REQUIRE(MakeFolders(made / "artifacts" / "x").has_value());
    REQUIRE(WriteFile(made / "artifacts" / "x" / "content", "text").has_value());
    local::KeptStep step;
    step.key = key;
    step.outputs.artifacts["x"] = {.path = "", .digest = "d", .raw = ""};
    step.outputs.parameters["p"] = "v";
    return store.Put(made, step);
  };
  CHECK_FALSE(store.Find(key, true));
  CHECK(store.Remove(key).value());
  REQUIRE(put().has_value());
  REQUIRE(put().has_value());  // the first one stays
  {
    const auto hit = store.Find(key, true);
    REQUIRE(hit);
    CHECK(hit->step.outputs.parameters.at("p") == "v");
    CHECK(ReadFile(fs::path(hit->step.outputs.artifacts.at("x").path) / "content").value() ==
          "text");
    CHECK_FALSE(store.Remove(key).value());
  }
  CHECK(store.List().value().at(0).hits == 1);
  REQUIRE(WriteFile(folder / "store" / key / "entry.json", "{\"key\":").has_value());
  CHECK_FALSE(store.Find(key, true));
  CHECK(store.Remove(key).value());
  CHECK(store.List().value().empty());
  CHECK_FALSE(store.Remove("../" + key).has_value());
}

TEST_CASE("pipeline: what a process cannot be told is refused", "[trial-runner]") {
  struct Case {
    const char* name;
    const char* pointer;
    json value;
    const char* says;
  };
  const Case cases[] = {
      {"a path that no text names", "/spec/templates/2/inputs/artifacts/0/path", "/elsewhere",
       "do not name /elsewhere"},
      {"no step has the labels", "/spec/templates/2/metadata/labels", json{{"role", "x"}},
       "no container or script of the workflow has these labels"},
      {"secrets", "/spec/templates/1/container/envFrom", json::array({json{{"a", "b"}}}),
       "envFrom"},
      {"no command", "/spec/templates/1/container/command", json::array(), "is missing"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      json flow = Flow(": /tmp/out/data.csv /tmp/rows.txt", ": /work/data.csv");
      Problems sound;
      local::DecodeWork(DumpJson(flow), {.container = "main", .labels = {{"role", "training"}}},
                        "x", sound);
      CHECK_FALSE(sound.HasErrors());
      flow[json::json_pointer(c.pointer)] = c.value;
      Problems problems;
      local::DecodeWork(DumpJson(flow), {.container = "main", .labels = {{"role", "training"}}},
                        "x", problems);
      std::string told;
      for (const Problem& problem : problems.list()) {
        told += problem.field + ": " + problem.message + "\n";
      }
      CHECK(problems.HasErrors());
      CHECK(told.find(c.says) != std::string::npos);
    }
  }
}

TEST_CASE("pipeline: steps in containers hand over files", "[trial-runner][slow]") {
  const PodmanHere* const podman = PodmanHere::Shared();
  if (podman == nullptr) {
    SUCCEED("skipped: no container can be started here");
    return;
  }
  LocalBench bench;
  bench.options.environment = podman->environment();
  bench.Start();
  json flow = Flow("mkdir -p /tmp/out; echo 1,2 > /tmp/out/data.csv; echo 7 > /tmp/rows.txt",
                   "echo loss={{inputs.parameters.rows}}; cat /work/data.csv; test $X != fail");
  for (const int i : {1, 2}) {
    json& container = flow["spec"]["templates"][i]["container"];
    container["image"] = PodmanHere::kImage;
    container["command"] = {"/bin/sh", "-c"};
    container["env"] = json::array({{{"name", "X"}, {"value", "ok"}}});
  }
  const auto run = [&](TrialNumber number) {
    LaunchSpec spec = SpecOf(bench, number, flow);
    spec.container.emplace();
    const Status launched = bench.Launch(std::move(spec));
    INFO((launched.has_value() ? "" : launched.error().Text()));
    REQUIRE(launched.has_value());
    return bench.WaitForEnd(number).ending.value();
  };
  const Ending first = run(1);
  CHECK(first.message.empty());
  CHECK(first.kind == EndingKind::kSucceeded);
  CHECK(bench.Output(1).find("loss=7\n1,2\n") != std::string::npos);
  flow["spec"]["templates"][2]["container"]["env"][0]["value"] = "fail";
  const Ending second = run(2);
  CHECK(second.message.starts_with("step train: exit code 1"));
  CHECK(local::StepStore(local::Layout(bench.folder / "data").StepCache()).List().value().size() ==
        2);
  CHECK(podman->Containers().empty());
}

}  // namespace
}  // namespace hone
