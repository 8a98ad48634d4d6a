// SPDX-License-Identifier: Apache-2.0
// PrometheusMetric, Push and Custom with the real programs; the engine is killed meanwhile.
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/catch.h"
#include "tests/e2e/python.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

namespace fs = std::filesystem;

/// The experiment of an example, in whose commands files of the project are named.
std::string Example(const HoneProgram& hone, const std::string& file) {
  fs::create_directory_symlink(SourceFolder() / "examples", hone.work() / "examples");
  return "examples/collectors/" + file;
}

/// Every trial succeeded at the first attempt, with its latest value in the summary.
void CheckAllSucceeded(HoneProgram& hone, const std::string& name, std::size_t trials) {
  const ExperimentState state = hone.StateOf(name);
  CHECK(state.phase == ExperimentPhase::kSucceeded);
  CHECK(state.Count(TrialPhase::kSucceeded) == trials);
  for (const TrialState& trial : state.trials) {
    CHECK(trial.attempt == 1);
    CHECK(ObjectiveOf(state.spec->objective, trial.observation).number.has_value());
  }
  CHECK(ProcessesWith(hone.data().string()).empty());
}

TEST_CASE("collectors: scraped trials outlive a killed engine, and no value is lost or doubled",
          "[e2e][slow]") {
  HoneProgram hone;
  auto engine =
      hone.Start({"run", Example(hone, "prometheus.yaml"), "--set", "spec.maxTrialCount=2"});
  // Both run, and something of one has been recorded.
  REQUIRE(Eventually([&] {
    return hone.Run({"get", "collector-prometheus"}).exit_code == 0 &&
           hone.RowsOf({hone.StateOf("collector-prometheus").id, 1}) > 0;
  }));
  engine.Signal(SIGKILL);
  engine.Wait();
  const auto rest = hone.Run({"resume", "collector-prometheus"});
  INFO(rest.err);
  CHECK(rest.exit_code == 0);
  CheckAllSucceeded(hone, "collector-prometheus", 2);
  // Five epochs of 0.3 s, each with its own loss.
  const ExperimentState state = hone.StateOf("collector-prometheus");
  for (TrialNumber number = 1; number <= 2; ++number) {
    const auto rows = hone.Json({"metrics", state.NameOf(*state.Find(number)), "--metric", "loss"});
    std::set<std::string> values;
    for (const auto& item : rows.at("items")) {
      values.insert(item.at("metric").at("value").get<std::string>());
    }
    CHECK(values.size() == rows.at("items").size());
    CHECK(values.size() >= 4);
  }
}

TEST_CASE("collectors: trials push, and a process beside them does", "[e2e]") {
  HoneProgram hone;
  if (hone.StartProgram({kPython, "-c", "import grpc"}).Wait().exit_code != 0) {
    WARN("skipped: Python has no grpc (tools/setup.sh --test installs it)");
    return;
  }
  const std::string push = Example(hone, "push.yaml");
  const auto pushed = hone.Run({"run", push, "--set", "spec.maxTrialCount=2"});
  INFO(pushed.err);
  CHECK(pushed.exit_code == 0);
  CheckAllSucceeded(hone, "collector-push", 2);
  // Five epochs, four values each.
  CHECK(hone.RowsOf({hone.StateOf("collector-push").id, 1}) == 20);
  const auto custom =
      hone.Run({"run", "examples/collectors/custom.yaml", "--set", "spec.maxTrialCount=2"});
  INFO(custom.err);
  CHECK(custom.exit_code == 0);
  CheckAllSucceeded(hone, "collector-custom", 2);
}

TEST_CASE("collectors: what was wrong with an endpoint is explained", "[e2e]") {
  HoneProgram hone;
  nlohmann::json extra = {
      {"parallelTrialCount", 1},
      {"metricsCollectorSpec", {{"collector", {{"kind", "PrometheusMetric"}}}}}};
  const auto run = hone.Run({"run", hone.Write({.script = "sleep 0.3; : ${x} $HONE_METRICS_PORT",
                                                .trials = 1,
                                                .parallel = 1,
                                                .extra = &extra})});
  INFO(run.err);
  const ExperimentState state = hone.StateOf("demo");
  CHECK(state.Count(TrialPhase::kMetricsUnavailable) == 1);
  const auto explained = hone.Run({"explain", state.NameOf(state.trials.front())});
  CHECK(explained.out.find("nobody listens there") != std::string::npos);
}

}  // namespace
}  // namespace hone::test
