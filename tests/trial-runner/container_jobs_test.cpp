// SPDX-License-Identifier: Apache-2.0
// Collectors and training jobs in real containers. The image has no Python: the machine's is
// mounted.
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "core/push_line.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/trial-runner/container_bench.h"

namespace hone {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ContainerBench;
using testing::ContainerOf;
using testing::Eventually;
using testing::JobOf;

#define HONE_NEEDS_NETWORK(name)                             \
  HONE_NEEDS_PODMAN(name);                                   \
  if (::geteuid() != 0) {                                    \
    SUCCEED("skipped: only root can make a network for it"); \
    return;                                                  \
  }

/// The pod with the machine's programs.
void MountPython(json& pod) {
  pod["volumes"] = ParseJsonOrThrow(R"([
      {"name": "usr", "hostPath": {"path": "/usr"}}, {"name": "lib", "hostPath": {"path": "/lib"}},
      {"name": "lib64", "hostPath": {"path": "/lib64"}}])");
  pod["containers"][0]["volumeMounts"] = ParseJsonOrThrow(R"([
      {"name": "usr", "mountPath": "/usr", "readOnly": true},
      {"name": "lib", "mountPath": "/lib", "readOnly": true},
      {"name": "lib64", "mountPath": "/lib64", "readOnly": true}])");
}

json PythonJob(const std::string& program) {
  json job = JobOf("");
  ContainerOf(job)["command"] = {"/usr/bin/python3", "-c", program};
  MountPython(job["spec"]["template"]["spec"]);
  return job;
}

std::vector<std::string> Pushed(ContainerBench& bench) {
  auto source = bench.runner().OpenOutput({bench.experiment, 1}, 1, kPushedOutput);
  std::string text;
  REQUIRE(source.has_value());
  REQUIRE((*source)->Read(0, 1U << 20U, text).has_value());
  std::vector<std::string> shown;
  for (const std::string_view line : Split(text, '\n')) {
    if (const auto record = ParsePushLine(line)) {
      shown.push_back(record->metric + "=" + record->text);
    }
  }
  return shown;
}

constexpr char kServe[] = R"(
import http.server, os, threading, time
print(sorted(os.listdir("/sys/class/net")), flush=True)
class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"loss 1\n")
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(("127.0.0.1", 8080), Metrics)
threading.Thread(target=server.serve_forever, daemon=True).start()
while not os.path.exists(os.environ["HONE_TRIAL_DIR"] + "/go"):
    time.sleep(0.05)
)";

TEST_CASE("container jobs: an endpoint in a container is scraped, over a network of its own",
          "[trial-runner][slow]") {
  HONE_NEEDS_NETWORK(podman);
  ContainerBench bench(*podman);
  LaunchSpec spec = bench.SpecOf(1, PythonJob(kServe));
  spec.collector.kind = CollectorKind::kPrometheus;
  spec.collector.metrics = {"loss"};
  spec.collector.port = 8080;  // the same for all trials: no two share a network
  spec.collector.http_path = "/metrics";
  REQUIRE(bench.Launch(spec).has_value());
  REQUIRE(Eventually([&] { return Pushed(bench).size() == 1; }));
  REQUIRE(WriteFile(bench.WorkFolder(1) / "go", "").has_value());
  const Ending ending = *bench.WaitForEnd(1).ending;
  INFO(ending.message << bench.Output(1));
  CHECK(ending.kind == EndingKind::kSucceeded);
  CHECK(bench.Output(1) == "['lo']\n");
  CHECK(Pushed(bench) == std::vector<std::string>{"loss=1"});
  bench.CheckNothingIsLeft(1);
}

// As Katib's Python package does without an address.
constexpr char kReport[] = R"(
import os, sys
sys.path.append("/usr/lib/python3/dist-packages")
import grpc
def field(number, data):
    return bytes([number << 3 | 2, len(data)]) + data
while "WAIT_FOR" in os.environ and not os.path.exists(os.environ["WAIT_FOR"]):
    pass
metric = field(1, b"loss") + field(2, b"2")
entry = field(1, b"2026-01-31T12:00:00Z") + field(2, metric)
request = field(1, os.environ["KATIB_TRIAL_NAME"].encode()) + field(2, field(1, entry))
channel = grpc.insecure_channel("katib-db-manager.kubeflow:6789")
channel.unary_unary("/api.v1.beta1.DBManager/ReportObservationLog")(request, timeout=20)
print("pushed from", open("/var/run/secrets/kubernetes.io/serviceaccount/namespace").read())
)";

bool CanPush() {
  if (std::filesystem::exists(test::ProgramFolder() / "hone-push") &&
      std::system("/usr/bin/python3 -c 'import grpc' 2>/dev/null") == 0) {
    return true;
  }
  WARN("skipped: no hone-push in this build, or no grpc for Python (tools/setup.sh --test)");
  return false;
}

TEST_CASE("container jobs: a container pushes where Katib's package looks",
          "[trial-runner][slow]") {
  HONE_NEEDS_NETWORK(podman);
  if (!CanPush()) {
    return;
  }
  ContainerBench bench(*podman);
  LaunchSpec spec = bench.SpecOf(1, PythonJob(kReport));
  spec.collector.kind = CollectorKind::kPush;
  spec.collector.metrics = {"loss"};
  REQUIRE(bench.Launch(spec).has_value());
  const Ending ending = *bench.WaitForEnd(1).ending;
  INFO(ending.message << bench.Output(1));
  CHECK(ending.kind == EndingKind::kSucceeded);
  CHECK(bench.Output(1) == "pushed from default\n");
  CHECK(Pushed(bench) == std::vector<std::string>{"loss=2"});
  bench.CheckNothingIsLeft(1);
}

TEST_CASE("container jobs: a container beside the trial sees its files and ends with it",
          "[trial-runner][slow]") {
  HONE_NEEDS_NETWORK(podman);
  if (!CanPush()) {
    return;
  }
  ContainerBench bench(*podman);
  LaunchSpec spec = bench.SpecOf(1, JobOf("echo done > /results/result; sleep 60"));
  spec.collector.kind = CollectorKind::kCustom;
  spec.collector.metrics = {"loss"};
  spec.collector.folder = true;
  spec.metrics_file = "/results";
  SECTION("it is ended with the trial") {
    spec.collector.container =
        DumpJson(json({{"name", "mine"},
                       {"image", test::PodmanHere::kImage},
                       {"command",
                        {"/bin/sh", "-c",
                         "while ! test -e /results/result; do sleep 0.05; done; "
                         "echo 1 > $HONE_TRIAL_DIR/seen; sleep 600"}}}));
    REQUIRE(bench.Launch(spec).has_value());
    bench.WaitForFile(1, "seen");
    REQUIRE(bench.Stop(1).has_value());
    CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kStopped);
  }
  SECTION("one that fails ends the trial") {
    spec.collector.container =
        DumpJson(json({{"name", "mine"},
                       {"image", test::PodmanHere::kImage},
                       {"command", {"/bin/sh", "-c", "echo blind; exit 3"}}}));
    REQUIRE(bench.Launch(spec).has_value());
    const Ending ending = *bench.WaitForEnd(1).ending;
    CHECK(ending.kind == EndingKind::kMetricMissing);
    CHECK(ending.message.find("exit code 3") != std::string::npos);
    CHECK(ending.message.find("blind") != std::string::npos);
  }
  bench.CheckNothingIsLeft(1);
}

constexpr char kRendezvous[] = R"(
import os, socket, time
rank = int(os.environ["RANK"])
where = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
open("/scratch/" + os.environ["HONE_REPLICA"], "w").write("x")
if rank == 0:
    server = socket.create_server(where)
    peer = server.accept()[0]
    print("worker is", peer.recv(16).decode(), os.listdir("/scratch"))
else:
    for attempt in range(400):
        try:
            peer = socket.create_connection(where)
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    peer.sendall(str(rank).encode())
    print("rank", rank)
)";

/// A master and a worker with a scratch volume each.
json TwoReplicas(const std::vector<std::string>& master, const std::vector<std::string>& worker) {
  json object = {{"apiVersion", "kubeflow.org/v1"},
                 {"kind", "PyTorchJob"},
                 {"metadata", {{"name", "bench-1"}}}};
  for (const auto& [type, command] : {std::pair("Master", master), std::pair("Worker", worker)}) {
    json pod = {{"containers",
                 {{{"name", "main"}, {"image", test::PodmanHere::kImage}, {"command", command}}}}};
    MountPython(pod);
    pod["volumes"].push_back({{"name", "scratch"}, {"emptyDir", json::object()}});
    pod["containers"][0]["volumeMounts"].push_back(
        {{"name", "scratch"}, {"mountPath", "/scratch"}});
    object["spec"]["pytorchReplicaSpecs"][type] = {
        {"replicas", 1}, {"restartPolicy", "Never"}, {"template", {{"spec", pod}}}};
  }
  return object;
}

LaunchSpec TrainingSpec(const ContainerBench& bench, const json& object) {
  LaunchSpec spec = bench.SpecOf(1, object);
  spec.primary_labels = {{"training.kubeflow.org/job-role", "master"}};
  spec.success_condition = R"(status.conditions.#(type=="Succeeded")#|#(status=="True")#)";
  spec.failure_condition = R"(status.conditions.#(type=="Failed")#|#(status=="True")#)";
  return spec;
}

TEST_CASE("container jobs: the replicas of a training job find each other",
          "[trial-runner][slow]") {
  HONE_NEEDS_NETWORK(podman);
  ContainerBench bench(*podman);
  const std::vector<std::string> command = {"/usr/bin/python3", "-c", kRendezvous};
  REQUIRE(bench.Launch(TrainingSpec(bench, TwoReplicas(command, command))).has_value());
  const Ending ending = *bench.WaitForEnd(1).ending;
  INFO(ending.message << bench.Output(1));
  CHECK(ending.kind == EndingKind::kSucceeded);
  CHECK(bench.Output(1) == "worker is 1 ['master-0']\n");
  CHECK(ReadFile(bench.AttemptFolder(1) / "replica-worker-0.log").value_or("") == "rank 1\n");
  bench.CheckNothingIsLeft(1);
}

TEST_CASE("container jobs: a replica that dies takes the others along, and so does a stop",
          "[trial-runner][slow]") {
  HONE_NEEDS_NETWORK(podman);
  ContainerBench bench(*podman);
  const std::vector<std::string> waits = {
      "/bin/sh", "-c", "echo 1 > $HONE_TRIAL_DIR/$HONE_REPLICA; while :; do sleep 0.05; done"};
  SECTION("it dies") {
    const std::vector<std::string> dies = {"/bin/sh", "-c", "echo boom; exit 3"};
    REQUIRE(bench.Launch(TrainingSpec(bench, TwoReplicas(waits, dies))).has_value());
    CHECK(bench.WaitForEnd(1).ending->message == "replica worker-0: exit code 3; last lines: boom");
  }
  SECTION("the engine is killed meanwhile, and the next one stops it") {
    REQUIRE(bench.Launch(TrainingSpec(bench, TwoReplicas(waits, waits))).has_value());
    bench.WaitForFile(1, "master-0");
    bench.WaitForFile(1, "worker-0");
    bench.Die();
    CHECK(podman->Containers().size() == 2);
    bench.Start();
    REQUIRE(bench.Stop(1).has_value());
    CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kStopped);
  }
  SECTION("its shim is killed") {
    REQUIRE(bench.Launch(TrainingSpec(bench, TwoReplicas(waits, waits))).has_value());
    bench.WaitForFile(1, "worker-0");
    REQUIRE(::kill(bench.Claim(1).shim.pid, SIGKILL) == 0);
    CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kLost);
  }
  bench.CheckNothingIsLeft(1);
}

}  // namespace
}  // namespace hone
