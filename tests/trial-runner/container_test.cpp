// SPDX-License-Identifier: Apache-2.0
// Trials in real containers. Without podman these skip, and say so.
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/catch.h"
#include "tests/support/podman_here.h"
#include "tests/trial-runner/container_bench.h"
#include "tests/trial-runner/local_bench.h"

namespace hone {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::PodmanHere;
using testing::ContainerBench;
using testing::ContainerOf;
using testing::Eventually;
using testing::JobOf;
using testing::LocalBench;

TEST_CASE("container: runs the image with what the template says", "[trial-runner][slow]") {
  HONE_NEEDS_PODMAN(podman);
  ContainerBench bench(*podman);
  const auto host = bench.folder / "data-set";
  REQUIRE(MakeFolders(host).has_value());
  REQUIRE(WriteFile(host / "rows", "42\n").has_value());
  json job = JobOf(
      "echo out; echo err >&2; cat $HONE_PARAMETERS; echo \"$A $HOME $#\"; pwd; ls /sys/class/net; "
      "cat /data/rows; touch /data/x 2>/dev/null || echo read-only; touch /scratch/y /shm/z; "
      "echo mine > $HONE_TRIAL_DIR/result; echo acc=0.5 > /metrics/log; exit 3");
  json& container = ContainerOf(job);
  container["args"] = {"zero", "$(A)"};
  container["env"] = {{{"name", "A"}, {"value", "a b"}}, {{"name", "HOME"}, {"value", "/tmp"}}};
  container["workingDir"] = "/etc";
  container["volumeMounts"] = ParseJsonOrThrow(R"([
      {"name": "set", "mountPath": "/data", "readOnly": true},
      {"name": "scratch", "mountPath": "/scratch"}, {"name": "fast", "mountPath": "/shm"}])");
  job["/spec/template/spec/volumes"_json_pointer] = ParseJsonOrThrow(R"([
      {"name": "set", "hostPath": {"path": ")" + host.string() + R"(", "type": "Directory"}},
      {"name": "scratch", "emptyDir": {}},
      {"name": "fast", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}])");
  LaunchSpec spec = bench.SpecOf(1, job);
  spec.metrics_file = "/metrics/log";
  REQUIRE(bench.Launch(spec).has_value());
  const Sighting end = bench.WaitForEnd(1);
  CHECK(end.ending->kind == EndingKind::kExitCode);
  CHECK(end.ending->exit_code == 3);
  CHECK(bench.Output(1) == "out\nerr\n{\"lr\":0.01}a b /tmp 1\n/etc\nlo\n42\nread-only\n");
  CHECK(ReadFile(bench.WorkFolder(1) / "result").value() == "mine\n");
  auto metrics = bench.runner().OpenOutput(spec.id, 1, "/metrics/log");
  REQUIRE(metrics.has_value());
  std::string text;
  REQUIRE((*metrics)->Read(0, 100, text).has_value());
  CHECK(text == "acc=0.5\n");
  bench.CheckNothingIsLeft(1);
}

TEST_CASE("container: what cannot start is a typed failure that says what to do",
          "[trial-runner][slow]") {
  HONE_NEEDS_PODMAN(podman);
  ContainerBench bench(*podman);
  json job = JobOf("true");
  ContainerOf(job)["image"] = "localhost/no-such:7";
  const Sighting missing = bench.RunJob(1, job);
  CHECK(missing.ending->kind == EndingKind::kFailedToStart);
  CHECK(missing.ending->message.find("the image localhost/no-such:7 is not on this machine; get it "
                                     "with: podman pull localhost/no-such:7") == 0);

  json no_program = JobOf("true");
  ContainerOf(no_program)["command"] = {"/bin/no-such"};
  const Sighting nothing = bench.RunJob(2, no_program);
  CHECK(nothing.ending->kind == EndingKind::kFailedToStart);
  CHECK(nothing.ending->message.find("podman could not start the container") == 0);

  json no_folder = JobOf("true");
  ContainerOf(no_folder)["volumeMounts"] = {{{"name", "set"}, {"mountPath", "/data"}}};
  no_folder["/spec/template/spec/volumes"_json_pointer] =
      ParseJsonOrThrow(R"([{"name": "set", "hostPath": {"path": "/no/such/folder"}}])");
  CHECK(bench.LaunchJob(3, no_folder).error().code == Code::kNotFound);
  // A program that ends with podman's codes is a program that ends.
  CHECK(bench.RunJob(4, JobOf("echo well; exit 125")).ending->kind == EndingKind::kExitCode);
  bench.CheckNothingIsLeft(4);
}

TEST_CASE("container: one that ignores TERM ends in bounded time", "[trial-runner][slow]") {
  HONE_NEEDS_PODMAN(podman);
  ContainerBench bench(*podman);
  // The first process of a container ignores what it does not handle anyway.
  const std::string hangs =
      "trap '' TERM; touch $HONE_TRIAL_DIR/up; echo 1 > $HONE_TRIAL_DIR/up; "
      "while :; do sleep 0.05; done";
  SECTION("a stop") {
    REQUIRE(bench.LaunchJob(1, JobOf(hangs)).has_value());
    bench.WaitForFile(1, "up");
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(bench.Stop(1).has_value());
    CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kStopped);
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
  }
  SECTION("the deadline") {
    json job = JobOf(hangs);
    job["/spec/activeDeadlineSeconds"_json_pointer] = 2;
    CHECK(bench.RunJob(1, job).ending->kind == EndingKind::kTimeout);
  }
  SECTION("a stop before the container is up") {
    REQUIRE(bench.LaunchJob(1, JobOf(hangs)).has_value());
    REQUIRE(bench.Stop(1).has_value());
    CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kStopped);
  }
  bench.CheckNothingIsLeft(1);
}

TEST_CASE("container: one that heeds TERM may tidy up", "[trial-runner][slow]") {
  HONE_NEEDS_PODMAN(podman);
  ContainerBench bench(*podman);
  bench.options.grace = 15s;
  bench.Start();
  REQUIRE(bench
              .LaunchJob(1, JobOf("trap 'echo bye; exit 0' TERM; echo 1 > $HONE_TRIAL_DIR/up; "
                                  "while :; do sleep 0.05; done"))
              .has_value());
  bench.WaitForFile(1, "up");
  // In the first moments podman knows of no running container, and TERM ends podman alone.
  REQUIRE(Eventually([&] { return podman->Running().size() == 1; }));
  REQUIRE(bench.Stop(1).has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kStopped);
  // A rootless podman is two processes, which both pass the signal on; the slower one may complain
  // in the log that the container has ended by then.
  CHECK(bench.Output(1).starts_with("bye\n"));
  bench.CheckNothingIsLeft(1);
}

TEST_CASE("container: goes on without the engine, and the next one adopts it",
          "[trial-runner][slow]") {
  HONE_NEEDS_PODMAN(podman);
  ContainerBench bench(*podman);
  const json job = JobOf(
      "echo run >> $HONE_TRIAL_DIR/runs; echo 1 > $HONE_TRIAL_DIR/up; "
      "while ! test -e $HONE_TRIAL_DIR/go; do sleep 0.05; done; echo acc=0.7");
  REQUIRE(bench.LaunchJob(1, job).has_value());
  bench.WaitForFile(1, "up");
  bench.Die();
  REQUIRE(podman->Containers().size() == 1);
  bench.Start();
  REQUIRE(bench.LaunchJob(1, job).has_value());  // as an engine does that does not know
  CHECK(podman->Containers().size() == 1);
  REQUIRE(WriteFile(bench.WorkFolder(1) / "go", "").has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kSucceeded);
  CHECK(ReadFile(bench.WorkFolder(1) / "runs").value() == "run\n");
  CHECK(bench.Output(1) == "acc=0.7\n");
  bench.CheckNothingIsLeft(1);
}

TEST_CASE("container: a shim that is killed leaves no container behind", "[trial-runner][slow]") {
  HONE_NEEDS_PODMAN(podman);
  ContainerBench bench(*podman);
  REQUIRE(bench.LaunchJob(1, JobOf("echo 1 > $HONE_TRIAL_DIR/up; while :; do sleep 0.05; done"))
              .has_value());
  bench.WaitForFile(1, "up");
  REQUIRE(::kill(bench.Claim(1).shim.pid, SIGKILL) == 0);
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kLost);
  bench.CheckNothingIsLeft(1);
}

TEST_CASE("container: podman itself is killed", "[trial-runner][slow]") {
  HONE_NEEDS_PODMAN(podman);
  ContainerBench bench(*podman);
  REQUIRE(bench.LaunchJob(1, JobOf("echo 1 > $HONE_TRIAL_DIR/up; while :; do sleep 0.05; done"))
              .has_value());
  bench.WaitForFile(1, "up");
  REQUIRE(::kill(bench.Claim(1).child, SIGKILL) == 0);
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kSignal);
  bench.CheckNothingIsLeft(1);
}

TEST_CASE("container: the quota of the log holds", "[trial-runner][slow]") {
  HONE_NEEDS_PODMAN(podman);
  ContainerBench bench(*podman);
  bench.options.log_quota = kLeastLogQuota;
  bench.Start();
  CHECK(bench.RunJob(1, JobOf("yes 0123456789 | head -n 200000; echo last")).ending->kind ==
        EndingKind::kSucceeded);
  CHECK(bench.Output(1).ends_with("\nlast\n"));
  struct stat info = {};
  REQUIRE(::stat((bench.AttemptFolder(1) / "output.log").c_str(), &info) == 0);
  CHECK(info.st_size > 2'000'000);
  CHECK(info.st_blocks * 512 < 200'000);
  bench.CheckNothingIsLeft(1);
}

TEST_CASE("container: without podman it is refused, with what to install", "[trial-runner]") {
  LocalBench bench;
  bench.options.environment = {"PATH=/no/such/folder"};
  bench.Start();
  LaunchSpec spec = bench.Spec(1, DumpJson(JobOf("true")));
  spec.container.emplace();
  const Status launched = bench.Launch(spec);
  REQUIRE_FALSE(launched.has_value());
  CHECK(launched.error().code == Code::kNotFound);
  CHECK(launched.error().message.find("apt-get install podman") != std::string::npos);
}

}  // namespace
}  // namespace hone
