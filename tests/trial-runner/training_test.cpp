// SPDX-License-Identifier: Apache-2.0

// Training jobs as real processes of this machine.
#include "trial-runner/local/training.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "tests/catch.h"
#include "tests/trial-runner/local_bench.h"

namespace hone {
namespace {

using nlohmann::json;
using testing::Eventually;
using testing::LocalBench;
using testing::ProcessesOf;

// Rank 0 waits for all others, who come with their rank; then it sends them the sum.
constexpr char kRendezvous[] = R"(
import os, socket, sys, time
rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
where = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if rank == 0:
    server = socket.create_server(where)
    others = [server.accept()[0] for _ in range(world - 1)]
    total = sum(int(other.recv(16)) for other in others)
    for other in others:
        other.sendall(str(total).encode())
    print("sum=%d" % total)
    for other in others:
        other.recv(1)  # until it has ended
else:
    for attempt in range(400):
        try:
            peer = socket.create_connection(where)
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    peer.sendall(str(rank).encode())
    print("rank %d of %d got %s" % (rank, world, peer.recv(16).decode()))
)";

struct RoleSpec {
  std::string type;
  std::string script;  // of bash
  int replicas = 1;
  std::string restart = "Never";
  int gpus = 0;
};

json RoleOf(const RoleSpec& role) {
  json container = {{"name", "main"}, {"command", {"bash", "-c", role.script}}};
  if (role.gpus > 0) {
    container["resources"]["limits"]["nvidia.com/gpu"] = role.gpus;
  }
  return {{"replicas", role.replicas},
          {"restartPolicy", role.restart},
          {"template", {{"spec", {{"containers", json::array({container})}}}}}};
}

json JobOf(const char* kind, const char* specs, const std::vector<RoleSpec>& roles) {
  json object = {{"apiVersion", "kubeflow.org/v1"},
                 {"kind", kind},
                 {"metadata", {{"name", "bench-1"}}},
                 {"spec", {{specs, json::object()}, {"runPolicy", json::object()}}}};
  for (const RoleSpec& role : roles) {
    object["spec"][specs][role.type] = RoleOf(role);
  }
  return object;
}

json PyTorch(const std::string& master, const std::string& worker) {
  return JobOf("PyTorchJob", "pytorchReplicaSpecs",
               {{.type = "Master", .script = master}, {.type = "Worker", .script = worker}});
}

LaunchSpec SpecOf(const LocalBench& bench, TrialNumber number, const json& object) {
  LaunchSpec spec = bench.Spec(number, DumpJson(object));
  spec.primary_labels = {{"training.kubeflow.org/job-role", "master"}};
  spec.success_condition = R"(status.conditions.#(type=="Succeeded")#|#(status=="True")#)";
  spec.failure_condition = R"(status.conditions.#(type=="Failed")#|#(status=="True")#)";
  return spec;
}

Ending Run(LocalBench& bench, TrialNumber number, const json& object) {
  REQUIRE(bench.Launch(SpecOf(bench, number, object)).has_value());
  return bench.WaitForEnd(number).ending.value();
}

std::string LogOf(const LocalBench& bench, const std::string& replica) {
  return ReadFile(bench.AttemptFolder(1) / ("replica-" + replica + ".log")).value_or("no log");
}

// A script that runs a program of Python.
std::string Python(const LocalBench& bench, const char* program,
                   const std::string& interpreter = "python3") {
  const auto file = bench.folder / "program.py";
  REQUIRE(WriteFile(file, program).has_value());
  return "exec " + interpreter + " " + file.string();
}

bool Works(const std::vector<std::string>& command) {
  const auto child = Spawn({.argv = command, .env = {"PATH=/usr/bin:/bin"}, .working_folder = {}});
  if (!child.has_value()) {
    return false;
  }
  const auto status = WaitFor(*child, std::chrono::seconds(60));
  return status.has_value() && status->exit_code == 0 && status->signal == 0;
}

TEST_CASE("training: replicas find each other; the primary's output is the trial's",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const std::string script = Python(bench, kRendezvous);
  json object = PyTorch(script, script);
  object["spec"]["pytorchReplicaSpecs"]["Worker"]["replicas"] = 2;
  const Ending ending = Run(bench, 1, object);
  CHECK(ending.kind == EndingKind::kSucceeded);
  CHECK(ending.message.empty());
  CHECK(bench.Output(1) == "sum=3\n");
  CHECK(LogOf(bench, "worker-0") == "rank 1 of 3 got 3\n");
  CHECK(LogOf(bench, "worker-1") == "rank 2 of 3 got 3\n");
}

TEST_CASE("training: a replica that fails ends the job and is named", "[trial-runner]") {
  struct Case {
    const char* name;
    const char* master;
    const char* worker;
    EndingKind kind;
    const char* message;
  };
  const auto c = GENERATE(values<Case>({
      {"it dies", "sleep 60", "echo boom; exit 3", EndingKind::kExitCode,
       "replica worker-0: exit code 3; last lines: boom"},
      {"it is killed", "sleep 60", "kill -SEGV $BASHPID", EndingKind::kSignal,
       "replica worker-0: killed by SIGSEGV"},
      {"the master dies", "exit 1", "sleep 60", EndingKind::kExitCode,
       "replica master-0: exit code 1"},
  }));
  INFO(c.name);
  LocalBench bench;
  bench.Start();
  const Ending ending = Run(bench, 1, PyTorch(c.master, c.worker));
  CHECK(ending.kind == c.kind);
  CHECK(ending.message == c.message);
  CHECK(ProcessesOf(bench.WorkFolder(1)).empty());
}

TEST_CASE("training: a replica that cannot start takes the others with it", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  json object = PyTorch("sleep 60", "");
  object["spec"]["pytorchReplicaSpecs"]["Worker"]["template"]["spec"]["containers"][0]["command"] =
      {"no-such-program-here"};
  const Ending ending = Run(bench, 1, object);
  CHECK(ending.kind == EndingKind::kFailedToStart);
  CHECK(ending.message ==
        "replica worker-0: cannot run the program no-such-program-here: No such file or directory");
  CHECK(ProcessesOf(bench.WorkFolder(1)).empty());
}

TEST_CASE("training: a job that hangs ends at its deadline, and who still ran is named",
          "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  // One never joins, and takes no hint either.
  json object = PyTorch("sleep 600", "trap '' TERM; while :; do sleep 600; done");
  object["spec"]["runPolicy"]["activeDeadlineSeconds"] = 1;
  const Ending ending = Run(bench, 1, object);
  CHECK(ending.kind == EndingKind::kTimeout);
  CHECK(ending.message ==
        "replicas master-0, worker-0 still ran: the job ran longer than its deadline of 1 s");
  CHECK(ProcessesOf(bench.WorkFolder(1)).empty());
}

TEST_CASE("training: when the master has succeeded, the others are ended", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const Ending ending = Run(bench, 1, PyTorch("echo loss=1", "sleep 600 & sleep 600"));
  CHECK(ending.kind == EndingKind::kSucceeded);
  CHECK(ProcessesOf(bench.WorkFolder(1)).empty());
}

TEST_CASE("training: restartPolicy and backoffLimit", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const std::string second_time =
      "echo run >> $HONE_TRIAL_DIR/runs; "
      "[ $(wc -l < $HONE_TRIAL_DIR/runs) -ge 2 ] || exit ";
  const auto runs = [&] {
    const std::string text = ReadFile(bench.WorkFolder(1) / "runs").value_or("");
    return std::ranges::count(text, '\n');
  };
  json object = PyTorch("", "sleep 600");
  json& master = object["spec"]["pytorchReplicaSpecs"]["Master"];
  const auto set = [&](const std::string& policy, const std::string& script) {
    master["restartPolicy"] = policy;
    master["template"]["spec"]["containers"][0]["command"] = {"bash", "-c", script};
  };
  SECTION("OnFailure starts it again") {
    set("OnFailure", second_time + "7");
    CHECK(Run(bench, 1, object).kind == EndingKind::kSucceeded);
    CHECK(runs() == 2);
    CHECK(bench.Output(1).find("master-0 ended with exit code 7; it is started again") !=
          std::string::npos);
  }
  SECTION("until backoffLimit is reached") {
    set("OnFailure", second_time + "7; exit 8");
    object["spec"]["runPolicy"]["backoffLimit"] = 1;
    CHECK(Run(bench, 1, object).exit_code == 8);
    CHECK(runs() == 2);
  }
  SECTION("ExitCode: what may pass") {
    set("ExitCode", second_time + "143");
    CHECK(Run(bench, 1, object).kind == EndingKind::kSucceeded);
    CHECK(runs() == 2);
  }
  SECTION("ExitCode: what will not pass") {
    set("ExitCode", second_time + "1");
    CHECK(Run(bench, 1, object).exit_code == 1);
    CHECK(runs() == 1);
  }
}

TEST_CASE("training: a TFJob's GPUs are taken together, and each replica sees its own",
          "[trial-runner]") {
  LocalBench bench;
  bench.options.gpus = 4;
  bench.Start();
  const std::string tell =
      "echo \"$CUDA_VISIBLE_DEVICES|$TF_CONFIG\" > $HONE_TRIAL_DIR/$HONE_REPLICA; ";
  const json object =
      JobOf("TFJob", "tfReplicaSpecs",
            {{.type = "Chief",
              .script = tell + "until [ -e $HONE_TRIAL_DIR/go ]; do sleep 0.01; "
                               "done",
              .gpus = 1},
             {.type = "PS", .script = tell + "sleep 600"},
             {.type = "Worker", .script = tell + "sleep 600", .replicas = 2, .gpus = 1},
             {.type = "Evaluator", .script = tell + "sleep 600"}});
  REQUIRE(bench.Launch(SpecOf(bench, 1, object)).has_value());
  const std::vector<std::pair<const char*, const char*>> gpus = {
      {"chief-0", "0"}, {"ps-0", ""}, {"worker-0", "1"}, {"worker-1", "2"}, {"evaluator-0", ""}};
  json cluster;
  for (const auto& [replica, wanted] : gpus) {
    CAPTURE(replica);
    const std::string told = bench.WaitForFile(1, replica);
    CHECK(told.substr(0, told.find('|')) == wanted);
    const json config = ParseJsonOrThrow(told.substr(told.find('|') + 1));
    cluster = cluster.is_null() ? config.at("cluster") : cluster;
    CHECK(config.at("cluster") == cluster);
    const json& task = config.at("task");
    CHECK(task.at("type").get<std::string>() + "-" + std::to_string(task.at("index").get<int>()) ==
          replica);
  }
  CHECK(cluster.at("worker").size() == 2);
  CHECK_FALSE(cluster.contains("evaluator"));
  // All or none: of the three that a second job wants, one is free.
  CHECK(bench.Launch(SpecOf(bench, 2, object)).error().code == Code::kResourceExhausted);
  REQUIRE(WriteFile(bench.WorkFolder(1) / "go", "").has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kSucceeded);
  CHECK(ProcessesOf(bench.WorkFolder(1)).empty());
  CHECK(bench.Launch(SpecOf(bench, 2, object)).has_value());
}

TEST_CASE("training: the conditions of the trial template have the last word", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const auto run = [&](const char* success, const char* failure) {
    LaunchSpec spec = SpecOf(bench, 1, PyTorch("true", "sleep 600"));
    spec.success_condition = success;
    spec.failure_condition = failure;
    REQUIRE(bench.Launch(spec).has_value());
    return bench.WaitForEnd(1).ending.value();
  };
  SECTION("a status that meets the success condition") {
    CHECK(run("status.[@this].#(replicaStatuses.Master.succeeded==1)", "status.no").kind ==
          EndingKind::kSucceeded);
  }
  SECTION("a status that meets the failure condition") {
    CHECK(run("status.no", "status.completionTime").message ==
          "the job succeeded, but its status meets the failureCondition");
  }
  SECTION("a status that meets neither") {
    CHECK(run("status.no", "status.neither").kind == EndingKind::kExitCode);
  }
}

TEST_CASE("training: a killed engine's job is adopted and runs once", "[trial-runner]") {
  LocalBench bench;
  const auto runs_file = bench.folder / "runs";
  const std::string script = "echo $HONE_REPLICA >> " + runs_file.string() +
                             "; until [ -e $HONE_TRIAL_DIR/go ]; do sleep 0.01; done; exit ";
  const json object = PyTorch(script + "5", script + "0");
  const auto runs = [&] {
    const std::string text = ReadFile(runs_file).value_or("");
    return std::ranges::count(text, '\n');
  };
  const auto engine =
      Spawn({.argv = {HONE_ENGINE_CHILD, bench.options.work_folder.string(),
                      bench.options.shim.string(), bench.experiment.text, "1", DumpJson(object)},
             .env = {"PATH=/usr/bin:/bin"},
             .working_folder = {}});
  REQUIRE(engine.has_value());
  REQUIRE(Eventually([&] { return runs() == 2; }));
  REQUIRE(::kill(engine->pid, SIGKILL) == 0);
  REQUIRE(WaitFor(*engine, std::chrono::seconds(20)).has_value());
  bench.Start();
  REQUIRE(bench.Launch(SpecOf(bench, 1, object)).has_value());
  REQUIRE(WriteFile(bench.WorkFolder(1) / "go", "").has_value());
  CHECK(bench.WaitForEnd(1).ending->message == "replica master-0: exit code 5");
  CHECK(runs() == 2);
}

TEST_CASE("training: when the shim is killed, no replica outlives it", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const std::string script = "echo up > $HONE_TRIAL_DIR/$HONE_REPLICA; sleep 600";
  REQUIRE(bench.Launch(SpecOf(bench, 1, PyTorch(script, script))).has_value());
  bench.WaitForFile(1, "master-0");
  bench.WaitForFile(1, "worker-0");
  REQUIRE(::kill(bench.Claim(1).shim.pid, SIGKILL) == 0);
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kLost);
  CHECK(Eventually([&] { return ProcessesOf(bench.WorkFolder(1)).empty(); }));
}

TEST_CASE("training: a stop reaches every replica", "[trial-runner]") {
  LocalBench bench;
  bench.Start();
  const std::string script =
      "trap 'echo saved; exit 0' TERM; echo up > $HONE_TRIAL_DIR/"
      "$HONE_REPLICA; while :; do sleep 0.01; done";
  REQUIRE(bench.Launch(SpecOf(bench, 1, PyTorch(script, script))).has_value());
  bench.WaitForFile(1, "master-0");
  bench.WaitForFile(1, "worker-0");
  REQUIRE(bench.Stop(1).has_value());
  CHECK(bench.WaitForEnd(1).ending->kind == EndingKind::kStopped);
  CHECK(LogOf(bench, "worker-0").ends_with("saved\n"));
}

TEST_CASE("training: a real Open MPI job", "[trial-runner]") {
  if (!Works({"mpirun", "--version"})) {
    WARN("skipped: no Open MPI here (Debian: openmpi-bin)");
    return;
  }
  LocalBench bench;
  bench.Start();
  const json object =
      JobOf("MPIJob", "mpiReplicaSpecs",
            {{.type = "Launcher",
              .script = "exec mpirun --allow-run-as-root -np 2 bash -c "
                        "'echo rank $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE'"},
             {.type = "Worker", .script = "sleep 600", .replicas = 2}});
  const Ending ending = Run(bench, 1, object);
  INFO(ending.message << bench.Output(1));
  CHECK(ending.kind == EndingKind::kSucceeded);
  CHECK(bench.Output(1).find("rank 0 of 2") != std::string::npos);
  CHECK(bench.Output(1).find("rank 1 of 2") != std::string::npos);
  CHECK(ProcessesOf(bench.WorkFolder(1)).empty());
}

constexpr char kGloo[] = R"(
import torch, torch.distributed as dist
dist.init_process_group("gloo")
value = torch.tensor([float(dist.get_rank() + 1)])
dist.all_reduce(value)
print("sum=%g" % value.item())
dist.destroy_process_group()
)";

TEST_CASE("training: a real job of torch.distributed", "[trial-runner][slow]") {
  if (!Works({"/usr/bin/python3", "-c", "import torch"})) {
    WARN("skipped: no torch for /usr/bin/python3 (Debian: python3-torch)");
    return;
  }
  LocalBench bench;
  bench.Start();
  const std::string script = Python(bench, kGloo, "/usr/bin/python3");
  const Ending ending = Run(bench, 1, PyTorch(script, script));
  INFO(ending.message);
  CHECK(ending.kind == EndingKind::kSucceeded);
  CHECK(bench.Output(1).find("sum=3\n") != std::string::npos);
}

// As the operator's own example: the master starts the tracker, and all of them train together.
constexpr char kXgboost[] = R"(
import os, numpy, xgboost
from xgboost import collective
from xgboost.tracker import RabitTracker
rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
where, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
if rank == 0:
    tracker = RabitTracker(host_ip=where, n_workers=world, port=port, sortby="task")
    tracker.start(world)
with collective.CommunicatorContext(DMLC_TRACKER_URI=where, DMLC_TRACKER_PORT=str(port),
                                    DMLC_TASK_ID=str(rank), DMLC_NUM_WORKER=str(world)):
    x = numpy.arange(100.0).reshape(-1, 1)
    y = (x[:, 0] > 50).astype(float)
    mine = slice(rank, None, world)
    rows = collective.allreduce(numpy.array([float(len(x[mine]))]), collective.Op.SUM)[0]
    seen = {}
    data = xgboost.DMatrix(x[mine], label=y[mine])
    xgboost.train({"objective": "binary:logistic", "nthread": 1, "eval_metric": "error"}, data, 3,
                  evals=[(data, "train")], evals_result=seen, verbose_eval=False)
    print("rank %d: rows=%g error=%g" % (rank, rows, seen["train"]["error"][-1]))
if rank == 0:
    tracker.join()
)";

TEST_CASE("training: a real job of XGBoost", "[trial-runner][slow]") {
  // The tracker is another one from version 2 on.
  if (!Works({"/usr/bin/python3", "-c", "import xgboost; assert xgboost.__version__ < '2'"})) {
    WARN("skipped: no xgboost 1.7 for /usr/bin/python3 (Debian 12: python3-xgboost)");
    return;
  }
  LocalBench bench;
  bench.Start();
  const std::string script = Python(bench, kXgboost, "/usr/bin/python3");
  const Ending ending =
      Run(bench, 1,
          JobOf("XGBoostJob", "xgbReplicaSpecs",
                {{.type = "Master", .script = script}, {.type = "Worker", .script = script}}));
  INFO(ending.message << bench.Output(1));
  CHECK(ending.kind == EndingKind::kSucceeded);
  CHECK(bench.Output(1).find("rank 0: rows=100 error=0\n") != std::string::npos);
}

}  // namespace
}  // namespace hone
