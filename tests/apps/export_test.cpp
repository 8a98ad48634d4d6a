// SPDX-License-Identifier: Apache-2.0
// hone export, with the real program, and the CSV that it writes.
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/cli/csv.h"
#include "base/file.h"
#include "tests/catch.h"
#include "tests/support/hone_program.h"

using namespace hone;  // NOLINT(google-build-using-namespace): the subject of this file
using hone::test::HoneProgram;

namespace {

/// Two parameters and two metrics, of which one name each is taken already.
ExperimentState AwkwardState() {
  ExperimentSpec spec;
  spec.name = "demo";
  spec.objective.direction = Direction::kMinimize;
  spec.objective.metric = "loss";
  spec.objective.additional_metrics = {"a,b"};
  spec.objective.strategies = {{"loss", Strategy::kMin}, {"a,b", Strategy::kLatest}};
  spec.space.parameters = {{"loss", CategoricalDomain{{"x", "y"}}, {}, {}},
                           {"status", CategoricalDomain{{"x", "y"}}, {}, {}}};
  ExperimentState state;
  state.spec = std::make_shared<const ExperimentSpec>(spec);
  TrialState trial;
  trial.number = 1;
  trial.phase = TrialPhase::kSucceeded;
  trial.given_name = "demo-1";
  trial.started_at = Timestamp(std::chrono::seconds(1));
  trial.values = {{"say \"hi\"", true}, {"y", false}};
  trial.observation = {{"loss", "0.1", "0.9", "0.9", true}, {"a,b", "", "", "two\nlines", true}};
  state.trials.push_back(trial);
  trial.number = 2;
  trial.given_name = "demo-2";
  trial.phase = TrialPhase::kMetricsUnavailable;
  trial.observation = {{"loss", "", "", "nan", true}, {"a,b", "", "", "", false}};
  state.trials.push_back(trial);
  trial.number = 3;
  trial.phase = TrialPhase::kWithdrawn;
  state.trials.push_back(trial);
  return state;
}

}  // namespace

TEST_CASE("csv: fields are quoted where they must be, and names that are taken get a prefix",
          "[apps]") {
  CHECK(cli::TrialsCsv(AwkwardState()) ==
        "trial,status,start,end,loss,parameter.status,metric.loss,\"a,b\"\n"
        "demo-1,Succeeded,1970-01-01T00:00:01.000000Z,,\"say \"\"hi\"\"\",,0.1,\"two\nlines\"\n"
        "demo-2,MetricsUnavailable,1970-01-01T00:00:01.000000Z,,\"say \"\"hi\"\"\",,nan,\n");
}

TEST_CASE("hone export --csv: a line for each trial, never over another file", "[apps]") {
  HoneProgram hone;
  const auto run = hone.Run({"run", hone.Write({.script = "echo loss=${x}", .trials = 2})});
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  std::string expected = "trial,status,start,end,x,loss\n";
  const auto trials = hone.Json({"trials", "demo"});
  for (const auto& trial : trials.at("items")) {
    const std::string x = trial.at("spec").at("parameterAssignments").at(0).at("value");
    const std::string row = trial.at("metadata").at("name").get<std::string>() + ",Succeeded,";
    expected.append(row).append(",").append(x).append(",").append(x).append("\n");
  }
  const auto printed = hone.Run({"export", "demo", "--csv"});
  CHECK(printed.exit_code == 0);
  std::string without_times;
  std::istringstream lines(printed.out);
  for (std::string line; std::getline(lines, line); without_times += line + "\n") {
    const auto start = line.find(",20");  // the two times of a row
    if (start != std::string::npos) {
      line.erase(start + 1, 2 * std::string("2026-01-31T12:00:00.000000Z").size() + 1);
    }
  }
  CHECK(without_times == expected);

  const std::string file = hone.Write("taken.csv", "mine\n");
  const auto refused = hone.Run({"export", "demo", "--csv", "-O", file});
  CHECK(refused.exit_code == 2);
  CHECK(refused.err.find("exists; --force replaces it") != std::string::npos);
  CHECK(ReadFile(file).value() == "mine\n");
  CHECK(hone.Run({"export", "demo", "--csv", "-O", file, "--force"}).exit_code == 0);
  CHECK(ReadFile(file).value() == printed.out);
  CHECK(hone.Run({"export", "demo", "--csv", "-O", "-"}).out == printed.out);
  CHECK(hone.Run({"export", "dema", "--csv"}).err.find("did you mean 'demo'") != std::string::npos);
}
