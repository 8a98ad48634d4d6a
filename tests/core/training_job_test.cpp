// SPDX-License-Identifier: Apache-2.0
#include "core/training_job.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "core/training_environment.h"
#include "core/training_status.h"
#include "tests/catch.h"

namespace hone {
namespace {

using nlohmann::json;
using Variables = std::vector<std::pair<std::string, std::string>>;

json Role(int replicas, const json& limits = json::object()) {
  const json container = {
      {"name", "main"}, {"command", json::array({"run"})}, {"resources", {{"limits", limits}}}};
  return {{"replicas", replicas},
          {"template", {{"spec", {{"containers", json::array({container})}}}}}};
}

json JobOf(const char* kind, const char* specs, const json& roles) {
  return {{"apiVersion", "kubeflow.org/v1"},
          {"kind", kind},
          {"metadata", {{"name", "trial-7"}}},
          {"spec", {{specs, roles}}}};
}

TrainingJob Decode(const json& object) {
  const auto kind = TrainingKindOf(object.at("apiVersion").get<std::string>(),
                                   object.at("kind").get<std::string>());
  REQUIRE(kind);
  Problems problems;
  TrainingJob job = DecodeTrainingJob(DumpJson(object), *kind, "x", problems);
  for (const Problem& problem : problems.list()) {
    FAIL_CHECK(problem.field << ": " << problem.message);
  }
  return job;
}

std::string FirstProblem(const json& object) {
  const auto kind = TrainingKindOf(object.at("apiVersion").get<std::string>(),
                                   object.at("kind").get<std::string>());
  Problems problems;
  DecodeTrainingJob(DumpJson(object), kind.value(), "x", problems);
  REQUIRE_FALSE(problems.list().empty());
  return problems.list().front().field + ": " + problems.list().front().message;
}

// Replica number i is at 127.0.0.1, port 20000 + i.
Variables EnvironmentAt(const TrainingJob& job, std::size_t i) {
  std::vector<Endpoint> endpoints;
  for (std::size_t n = 0; n < ReplicasOf(job).size(); ++n) {
    endpoints.push_back({"127.0.0.1", static_cast<std::uint16_t>(20000 + n)});
  }
  return EnvironmentOf(job, ReplicasOf(job).at(i), endpoints, "/files");
}

TEST_CASE("training job: the exact environment of a PyTorchJob", "[core]") {
  json object =
      JobOf("PyTorchJob", "pytorchReplicaSpecs", {{"Master", Role(1)}, {"Worker", Role(2)}});
  CHECK(EnvironmentAt(Decode(object), 0) == Variables{{"PYTHONUNBUFFERED", "1"},
                                                      {"MASTER_PORT", "20000"},
                                                      {"PET_MASTER_PORT", "20000"},
                                                      {"MASTER_ADDR", "127.0.0.1"},
                                                      {"PET_MASTER_ADDR", "127.0.0.1"},
                                                      {"WORLD_SIZE", "3"},
                                                      {"RANK", "0"},
                                                      {"PET_NPROC_PER_NODE", "auto"},
                                                      {"PET_NODE_RANK", "0"},
                                                      {"PET_NNODES", "3"}});
  object["spec"]["nprocPerNode"] = "2";
  const Variables second = EnvironmentAt(Decode(object), 2);
  CHECK(second.at(5) == std::pair<std::string, std::string>("WORLD_SIZE", "6"));
  CHECK(second.at(6) == std::pair<std::string, std::string>("RANK", "2"));
  CHECK(second.at(7) == std::pair<std::string, std::string>("PET_NPROC_PER_NODE", "2"));
}

TEST_CASE("training job: an elastic PyTorchJob meets at worker 0", "[core]") {
  json object = JobOf("PyTorchJob", "pytorchReplicaSpecs", {{"Worker", Role(2)}});
  object["spec"]["elasticPolicy"] = {
      {"maxRestarts", 3},
      {"nProcPerNode", 4},
      {"rdzvId", "id"},
      {"rdzvConf", json::array({{{"key", "a"}, {"value", "1"}}, {{"key", "b"}, {"value", "2"}}})}};
  CHECK(EnvironmentAt(Decode(object), 1) == Variables{{"PYTHONUNBUFFERED", "1"},
                                                      {"PET_RDZV_ENDPOINT", "127.0.0.1:20000"},
                                                      {"PET_RDZV_BACKEND", "c10d"},
                                                      {"PET_NNODES", "2:2"},
                                                      {"PET_MAX_RESTARTS", "3"},
                                                      {"PET_NPROC_PER_NODE", "4"},
                                                      {"PET_RDZV_ID", "id"},
                                                      {"PET_RDZV_CONF", "a=1,b=2"}});
}

TEST_CASE("training job: TF_CONFIG of each replica of a TFJob", "[core]") {
  const TrainingJob job = Decode(
      JobOf("TFJob", "tfReplicaSpecs",
            {{"Chief", Role(1)}, {"PS", Role(2)}, {"Worker", Role(2)}, {"Evaluator", Role(1)}}));
  const std::string cluster =
      R"({"cluster":{"chief":["127.0.0.1:20000"],"ps":["127.0.0.1:20001","127.0.0.1:20002"],)"
      R"("worker":["127.0.0.1:20003","127.0.0.1:20004"]},"task":)";
  const std::vector<std::string> tasks = {
      R"({"type":"chief","index":0})",  R"({"type":"ps","index":0})",
      R"({"type":"ps","index":1})",     R"({"type":"worker","index":0})",
      R"({"type":"worker","index":1})", R"({"type":"evaluator","index":0})"};
  REQUIRE(ReplicasOf(job).size() == tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    CAPTURE(i);
    CHECK(EnvironmentAt(job, i) ==
          Variables{{"TF_CONFIG", cluster + tasks[i] + R"(,"environment":"cloud"})"}});
  }
  // A single process is not distributed.
  CHECK(EnvironmentAt(Decode(JobOf("TFJob", "tfReplicaSpecs", {{"Worker", Role(1)}})), 0).empty());
}

TEST_CASE("training job: the environment of XGBoostJob, PaddleJob, MPIJob and TrainJob", "[core]") {
  SECTION("XGBoostJob") {
    const TrainingJob job =
        Decode(JobOf("XGBoostJob", "xgbReplicaSpecs", {{"Master", Role(1)}, {"Worker", Role(2)}}));
    CHECK(EnvironmentAt(job, 2) == Variables{{"MASTER_PORT", "20000"},
                                             {"MASTER_ADDR", "127.0.0.1"},
                                             {"WORLD_SIZE", "3"},
                                             {"RANK", "2"},
                                             {"PYTHONUNBUFFERED", "1"},
                                             {"WORKER_PORT", "20001"},
                                             {"WORKER_ADDRS", "127.0.0.1,127.0.0.1"}});
  }
  SECTION("PaddleJob without a master") {
    const TrainingJob job = Decode(JobOf("PaddleJob", "paddleReplicaSpecs", {{"Worker", Role(2)}}));
    CHECK(EnvironmentAt(job, 0) == Variables{{"PYTHONUNBUFFERED", "1"},
                                             {"PADDLE_JOB_ID", "trial-7"},
                                             {"PADDLE_NNODES", "2"},
                                             {"POD_IP_DUMMY", "127.0.0.1"},
                                             {"PADDLE_MASTER", "127.0.0.1:20000"}});
    CHECK(EnvironmentAt(job, 1).back().second == "127.0.0.1:20000");
  }
  SECTION("PaddleJob with servers") {
    const TrainingJob job = Decode(
        JobOf("PaddleJob", "paddleReplicaSpecs", {{"Master", Role(1)}, {"Worker", Role(1)}}));
    CHECK(EnvironmentAt(job, 0).back().first == "PADDLE_SERVER_NUM");
    CHECK(EnvironmentAt(job, 1).back().first == "PADDLE_TRAINER_NUM");
  }
  SECTION("MPIJob") {
    json object = JobOf("MPIJob", "mpiReplicaSpecs", {{"Launcher", Role(1)}, {"Worker", Role(2)}});
    object["spec"]["slotsPerWorker"] = 2;
    const TrainingJob job = Decode(object);
    CHECK(EnvironmentAt(job, 0) == Variables{{"OMPI_MCA_plm_rsh_agent", "/files/kubexec.sh"},
                                             {"OMPI_MCA_orte_default_hostfile", "/files/hostfile"},
                                             {"NVIDIA_VISIBLE_DEVICES", ""},
                                             {"NVIDIA_DRIVER_CAPABILITIES", ""},
                                             {"I_MPI_HYDRA_BOOTSTRAP", "rsh"},
                                             {"I_MPI_HYDRA_BOOTSTRAP_EXEC", "/files/kubexec.sh"}});
    CHECK(EnvironmentAt(job, 1).empty());
    CHECK(TrainingFilesOf(job).at(0).text == "localhost slots=4\n");
  }
  SECTION("TrainJob") {
    json object = {{"apiVersion", "trainer.kubeflow.org/v1alpha1"},
                   {"kind", "TrainJob"},
                   {"spec",
                    {{"runtimeRef", {{"name", "torch-distributed"}}},
                     {"trainer", {{"numNodes", 2}, {"command", json::array({"run"})}}}}}};
    CHECK(EnvironmentAt(Decode(object), 1) == Variables{{"PET_NNODES", "2"},
                                                        {"PET_NPROC_PER_NODE", "auto"},
                                                        {"PET_NODE_RANK", "1"},
                                                        {"PET_MASTER_ADDR", "127.0.0.1"},
                                                        {"PET_MASTER_PORT", "20000"}});
    object["spec"]["trainer"]["resourcesPerNode"] = {{"limits", {{"cpu", 3}}}};
    CHECK(EnvironmentAt(Decode(object), 1).at(1).second == "3");
    object["spec"]["runtimeRef"]["name"] = "xgboost-distributed";
    CHECK(EnvironmentAt(Decode(object), 1) == Variables{{"DMLC_TRACKER_URI", "127.0.0.1"},
                                                        {"DMLC_TRACKER_PORT", "20000"},
                                                        {"DMLC_TASK_ID", "1"},
                                                        {"DMLC_NUM_WORKER", "2"}});
  }
}

std::string Deciders(const TrainingJob& job) {
  std::string names;
  for (const Replica& replica : ReplicasOf(job)) {
    names += replica.decides ? replica.name + " " : "";
  }
  return names;
}

TEST_CASE("training job: whose success is the job's, and who is read", "[core]") {
  struct Case {
    const char* name;
    json object;
    const char* deciders;
    const char* primary;  // with the default labels
  };
  json all_workers = JobOf("TFJob", "tfReplicaSpecs", {{"Worker", Role(2)}, {"PS", Role(1)}});
  all_workers["spec"]["successPolicy"] = "AllWorkers";
  const Case cases[] = {
      {"a master leads",
       JobOf("PyTorchJob", "pytorchReplicaSpecs", {{"Master", Role(1)}, {"Worker", Role(2)}}),
       "master-0 ", "master-0"},
      {"workers alone", JobOf("PyTorchJob", "pytorchReplicaSpecs", {{"Worker", Role(2)}}),
       "worker-0 worker-1 ", ""},
      {"a chief leads", JobOf("TFJob", "tfReplicaSpecs", {{"Chief", Role(1)}, {"Worker", Role(1)}}),
       "chief-0 ", "chief-0"},
      {"worker 0 stands for a TFJob",
       JobOf("TFJob", "tfReplicaSpecs", {{"Worker", Role(2)}, {"PS", Role(1)}}), "worker-0 ",
       "worker-0"},
      {"successPolicy AllWorkers", all_workers, "worker-0 worker-1 ", "worker-0"},
      {"a launcher leads",
       JobOf("MPIJob", "mpiReplicaSpecs", {{"Launcher", Role(1)}, {"Worker", Role(2)}}),
       "launcher-0 ", "launcher-0"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const TrainingJob job = Decode(c.object);
      CHECK(Deciders(job) == c.deciders);
      const auto primary = PrimaryOf(job, {{"training.kubeflow.org/job-role", "master"}});
      CHECK((primary ? ReplicasOf(job).at(*primary).name : "") == c.primary);
      CHECK_FALSE(PrimaryOf(job, {{"team", "vision"}}));
    }
  }
}

TEST_CASE("training job: policies and their defaults", "[core]") {
  json object = JobOf("PyTorchJob", "pytorchReplicaSpecs", {{"Master", Role(1)}});
  CHECK(Decode(object).roles.at(0).restart == RestartPolicy::kOnFailure);
  CHECK(Decode(object).backoff_limit == 6);
  CHECK(Decode(JobOf("TFJob", "tfReplicaSpecs", {{"Worker", Role(1)}})).roles.at(0).restart ==
        RestartPolicy::kNever);
  object["spec"]["pytorchReplicaSpecs"]["Master"]["restartPolicy"] = "ExitCode";
  object["spec"]["runPolicy"] = {
      {"backoffLimit", 2}, {"activeDeadlineSeconds", 60}, {"cleanPodPolicy", "None"}};
  const TrainingJob job = Decode(object);
  CHECK(job.roles.at(0).restart == RestartPolicy::kExitCode);
  CHECK(job.backoff_limit == 2);
  CHECK(job.deadline == std::chrono::seconds(60));
}

TEST_CASE("training job: what cannot be honoured is told by name", "[core]") {
  json object = JobOf("PyTorchJob", "pytorchReplicaSpecs", {{"Master", Role(1)}});
  SECTION("a role of another kind") {
    object["spec"]["pytorchReplicaSpecs"]["Chief"] = Role(1);
    CHECK(FirstProblem(object) == "x.spec.pytorchReplicaSpecs.Chief: is no role of a PyTorchJob");
  }
  SECTION("two masters") {
    object["spec"]["pytorchReplicaSpecs"]["Master"]["replicas"] = 2;
    CHECK(FirstProblem(object) == "x.spec.pytorchReplicaSpecs.Master.replicas: must be 1");
  }
  SECTION("no replicas") {
    object["spec"]["pytorchReplicaSpecs"]["Master"]["replicas"] = 0;
    CHECK(FirstProblem(object).starts_with(
        "x.spec.pytorchReplicaSpecs.Master.replicas: must be between 1 and 256"));
  }
  SECTION("an unknown restart policy") {
    object["spec"]["pytorchReplicaSpecs"]["Master"]["restartPolicy"] = "Sometimes";
    CHECK(FirstProblem(object) ==
          "x.spec.pytorchReplicaSpecs.Master.restartPolicy: must be Never, OnFailure, Always or "
          "ExitCode");
  }
  SECTION("a misspelt field") {
    object["spec"]["runPolicy"]["backofLimit"] = 1;
    CHECK(FirstProblem(object) ==
          "x.spec.runPolicy.backofLimit: unknown field; did you mean 'backoffLimit'? As it is, it "
          "has no effect");
  }
  SECTION("an unknown runtime") {
    const json train = {
        {"apiVersion", "trainer.kubeflow.org/v1alpha1"},
        {"kind", "TrainJob"},
        {"spec",
         {{"runtimeRef", {{"name", "deepspeed-distributed"}}}, {"trainer", {{"numNodes", 1}}}}}};
    CHECK(FirstProblem(train).starts_with(
        "x.spec.runtimeRef.name: 'deepspeed-distributed' is not known here"));
  }
  CHECK_FALSE(TrainingKindOf("kubeflow.org/v2beta1", "MPIJob"));
}

constexpr char kSuccess[] = R"(status.conditions.#(type=="Succeeded")#|#(status=="True")#)";
constexpr char kFailure[] = R"(status.conditions.#(type=="Failed")#|#(status=="True")#)";

TEST_CASE("training job: the status that the operator leaves, and what conditions say of it",
          "[core]") {
  TrainingEnd end{.kind = "TFJob",
                  .name = "trial-7",
                  .succeeded = true,
                  .message = "",
                  .started_at = Timestamp(Duration(1'000'000)),
                  .ended_at = Timestamp(Duration(3'000'000)),
                  .replicas = {{"chief-0", ReplicaOutcome::State::kSucceeded, 0, 0},
                               {"ps-0", ReplicaOutcome::State::kEnded, 143, 0}}};
  const json status = ParseJsonOrThrow(StatusOfTraining(end)).at("status");
  CHECK(status.at("conditions").size() == 3);
  CHECK(status.at("conditions").at(0).at("reason") == "TFJobCreated");
  CHECK(status.at("conditions").at(1).at("status") == "False");
  CHECK(status.at("conditions").at(2).at("type") == "Succeeded");
  CHECK(status.at("replicaStatuses") ==
        json({{"Chief", {{"succeeded", 1}}}, {"PS", {{"succeeded", 1}}}}));
  CHECK(status.at("startTime") == "1970-01-01T00:00:01Z");
  CHECK(JudgeByConditions(StatusOfTraining(end), kSuccess, kFailure) ==
        ConditionVerdict::kSucceeded);
  CHECK(JudgeByConditions(StatusOfTraining(end), "status.no", kFailure) ==
        ConditionVerdict::kNeither);
  end.succeeded = false;
  end.replicas[0].state = ReplicaOutcome::State::kFailed;
  CHECK(JudgeByConditions(StatusOfTraining(end), kSuccess, kFailure) == ConditionVerdict::kFailed);
  CHECK(JudgeByConditions(StatusOfTraining(end), kSuccess, "status.no") ==
        ConditionVerdict::kNeither);
  end.kind = "TrainJob";
  end.succeeded = true;
  CHECK(ParseJsonOrThrow(StatusOfTraining(end)).at("status").at("conditions").at(0).at("type") ==
        "Complete");
}

}  // namespace
}  // namespace hone
