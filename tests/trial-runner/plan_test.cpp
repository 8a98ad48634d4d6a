// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/plan.h"

#include "tests/catch.h"

namespace hone::local {
namespace {

struct Bench {
  Layout layout{"/data"};
  Surroundings surroundings{.environment = {{"PATH", "/bin"}, {"HOME", "/home/u"}},
                            .folder = "/start",
                            .oom_counter = "/counter",
                            .grace = std::chrono::seconds(10)};
  LaunchSpec spec{.id = {{"e-1"}, 7},
                  .attempt = 2,
                  .experiment_name = "e",
                  .name_space = "default",
                  .trial_name = "e-abc",
                  .run_object = "",
                  .primary_container = "main",
                  .primary_labels = {},
                  .success_condition = "",
                  .failure_condition = "",
                  .parameters = "{}",
                  .working_folder = "",
                  .metrics_file = "",
                  .start_from = {},
                  .goes_on = {},
                  .checkpoint_path = "",
                  .budget = {},
                  .deadline = {}};
  LocalJob job{.image = {},
               .command = {"run"},
               .env = {},
               .working_folder = "",
               .deadline = {},
               .backoff_limit = 0,
               .demand = {}};

  [[nodiscard]] LaunchPlan Make(const std::vector<std::string>& gpus = {}) const {
    return MakePlan(spec, job, layout, surroundings, gpus);
  }
  [[nodiscard]] Variables Env(const std::vector<std::string>& gpus = {}) const {
    return SplitVariables(Make(gpus).env);
  }
};

TEST_CASE("plan: how far to train", "[trial-runner]") {
  Bench bench;
  bench.spec.budget = 27;
  CHECK(bench.Env().at("HONE_BUDGET") == "27");
}

TEST_CASE("plan: the port of a scraped trial replaces the declared one", "[trial-runner]") {
  Bench bench;
  bench.spec.collector.kind = CollectorKind::kPrometheus;
  bench.spec.collector.port = 9400;
  bench.spec.collector.own_port = 20001;
  bench.job.env = {{"PORT", "9400"}, {"URL", "http://:$(HONE_METRICS_PORT)"}, {"LR", "94001"}};
  const Variables env = bench.Env();
  CHECK(env.at("HONE_METRICS_PORT") == "20001");
  CHECK(env.at("PORT") == "20001");
  CHECK(env.at("URL") == "http://:20001");
  CHECK(env.at("LR") == "94001");
  // A replica that is not scraped must not take the port of the one that is.
  const LaunchPlan other =
      MakePlan(bench.spec, bench.job, bench.layout, bench.surroundings, {}, "worker-0");
  CHECK(SplitVariables(other.env).at("PORT") == "0");
}

TEST_CASE("plan: where a trial reports", "[trial-runner]") {
  Bench bench;
  bench.spec.collector.kind = CollectorKind::kPush;
  bench.spec.collector.own_port = 20001;
  const Variables env = bench.Env();
  CHECK(env.at("HONE_DB_MANAGER_ADDRESS") == "127.0.0.1:20001");
  CHECK(env.at("KATIB_DB_MANAGER_SERVICE_PORT") == "20001");
  CHECK(env.at("PYTHONPATH") == "/data/trials/e-1/7/attempt-2/python");
}

TEST_CASE("plan: hone's own variables", "[trial-runner]") {
  const Variables env = Bench().Env();
  CHECK(env.at("KATIB_TRIAL_NAME") == "e-abc");
  CHECK(env.at("HONE_TRIAL_NAME") == "e-abc");
  CHECK(env.at("HONE_TRIAL_DIR") == "/data/trials/e-1/7/work");
  CHECK(env.at("HONE_PARAMETERS") == "/data/trials/e-1/7/params.json");
  CHECK(env.at("HONE_ATTEMPT") == "2");
  CHECK_FALSE(env.contains("HONE_BUDGET"));
  CHECK(env.at("PYTHONUNBUFFERED") == "1");
  CHECK(env.at("HOME") == "/home/u");
  CHECK_FALSE(env.contains("CUDA_VISIBLE_DEVICES"));
}

TEST_CASE("plan: who wins when a variable is given twice", "[trial-runner]") {
  Bench bench;
  bench.surroundings.environment["PYTHONUNBUFFERED"] = "0";
  bench.job.env = {{"HOME", "/mine"}, {"HONE_ATTEMPT", "99"}, {"X", "1"}, {"X", "2"}};
  const Variables env = bench.Env();
  CHECK(env.at("HOME") == "/mine");      // the container over what is inherited
  CHECK(env.at("HONE_ATTEMPT") == "2");  // hone's own over the container
  CHECK(env.at("X") == "2");             // the later
  CHECK(env.at("PYTHONUNBUFFERED") == "0");
}

TEST_CASE("plan: references see what the Job defined before, and hone's own", "[trial-runner]") {
  Bench bench;
  bench.job.env = {{"LATE", "$(A)"}, {"A", "1"}, {"B", "$(A)$(A)"}, {"P", "$(HONE_PARAMETERS)"}};
  bench.job.command = {"run", "--b=$(B)", "$(KATIB_TRIAL_NAME)", "$(HOME)", "$$(A)"};
  const Variables env = bench.Env();
  CHECK(env.at("LATE") == "$(A)");
  CHECK(env.at("B") == "11");
  CHECK(env.at("P") == "/data/trials/e-1/7/params.json");
  // HOME is inherited, not defined: a container would not see it.
  CHECK(bench.Make().argv == std::vector<std::string>{"run", "--b=11", "e-abc", "$(HOME)", "$(A)"});
}

TEST_CASE("plan: the working folder", "[trial-runner]") {
  Bench bench;
  CHECK(bench.Make().folder == "/start");
  bench.spec.working_folder = "/experiment";
  CHECK(bench.Make().folder == "/experiment");
  bench.job.working_folder = "/container";
  CHECK(bench.Make().folder == "/container");
}

TEST_CASE("plan: the shorter deadline counts", "[trial-runner]") {
  Bench bench;
  CHECK_FALSE(bench.Make().deadline);
  bench.job.deadline = std::chrono::seconds(20);
  CHECK(bench.Make().deadline == Duration(std::chrono::seconds(20)));
  bench.spec.deadline = std::chrono::seconds(30);
  CHECK(bench.Make().deadline == Duration(std::chrono::seconds(20)));
  bench.spec.deadline = std::chrono::seconds(10);
  CHECK(bench.Make().deadline == Duration(std::chrono::seconds(10)));
}

TEST_CASE("plan: GPUs are passed to CUDA", "[trial-runner]") {
  const Variables env = Bench().Env({"0", "2"});
  CHECK(env.at("CUDA_VISIBLE_DEVICES") == "0,2");
  CHECK(env.at("CUDA_DEVICE_ORDER") == "PCI_BUS_ID");
}

TEST_CASE("plan: a metrics file that the Job names becomes the attempt's own", "[trial-runner]") {
  Bench bench;
  bench.spec.metrics_file = "/var/log/katib/m.log";
  const std::string own = "/data/trials/e-1/7/attempt-2/metrics/m.log";
  SECTION("in an argument") {
    bench.job.command = {"sh", "-c", "a > /var/log/katib/m.log; b >> /var/log/katib/m.log"};
    CHECK(bench.Make().argv[2] == "a > " + own + "; b >> " + own);
    CHECK(bench.Make().metrics_from == "/var/log/katib/m.log");
    CHECK(bench.Make().metrics_to == own);
  }
  SECTION("in a variable") {
    bench.job.env = {{"LOG", "/var/log/katib/m.log"}};
    CHECK(bench.Env().at("LOG") == own);
    CHECK(bench.Make().metrics_to == own);
  }
  SECTION("nowhere") {
    CHECK(bench.Make().metrics_to.empty());
  }
}

TEST_CASE("plan: trials do not inherit what is the engine's own", "[trial-runner]") {
  CHECK(InheritedEnvironment({"PATH=/bin", "HONE_TOKEN=s", "KATIB_TRIAL_NAME=x", "PWD=/",
                              "NOTIFY_SOCKET=/run/n", "LANG=C", "CUDA_VISIBLE_DEVICES=1"}) ==
        Variables{{"PATH", "/bin"}, {"LANG", "C"}, {"CUDA_VISIBLE_DEVICES", "1"}});
}

}  // namespace
}  // namespace hone::local
