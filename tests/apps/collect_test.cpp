// SPDX-License-Identifier: Apache-2.0
// hone collect, and collecting under load with real processes and the store on the disk.
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

using nlohmann::json;

TEST_CASE("hone collect: a log's records with their lines, and why others gave none", "[apps]") {
  HoneProgram hone;
  const std::string log = hone.Write("train.log",
                                     "epoch 1 loss=0.5 acc=.1\nno metric\n"
                                     "2024-01-01T00:00:00Z loss=nan\r\nloss: 3\nacc=.7");
  const ProgramRun table = hone.Run({"collect", "--metrics", "loss;acc", "-o", "table", log});
  CHECK(table.exit_code == 0);
  CHECK(table.err.empty());
  CHECK(table.out ==
        "LINE  TIME                         METRIC  VALUE  NOTE\n"
        "1                                  loss    0.5\n"
        "1                                  acc     .1\n"
        "3     2024-01-01T00:00:00.000000Z  loss           an empty value: never a best one\n"
        "4                                                 names a metric, but no filter matches\n"
        "5                                  acc     .7\n");
  const json document = ParseJsonOrThrow(hone.Run({"collect", "--metrics", "loss;acc", log}).out);
  CHECK(document.at("metricLogs").size() == 4);
  CHECK(document.at("metricLogs").at(3) ==
        ParseJsonOrThrow(R"({"line": 5, "timeStamp": "0001-01-01T00:00:00Z",
                        "metric": {"name": "acc", "value": ".7"}})"));
  CHECK(document.at("skippedLines").at(0).at("line") == 4);
  CHECK_FALSE(document.contains("withoutObjective"));
}

TEST_CASE("hone collect: without the objective Katib's entry stands for the log", "[apps]") {
  HoneProgram hone;
  const std::string log = hone.Write("train.log", "{\"acc\": 0.5}\nrubbish\n");
  const ProgramRun run = hone.Run({"collect", "--metrics", "loss;acc", "--format", "JSON", log});
  CHECK(run.exit_code == 0);
  CHECK_FALSE(run.err.empty());
  const json document = ParseJsonOrThrow(run.out);
  REQUIRE(document.at("metricLogs").size() == 1);
  CHECK(document.at("metricLogs").at(0).at("metric").at("value") == "unavailable");
  CHECK(document.at("withoutObjective").at(0).at("metric").at("value") == "0.5");
  CHECK(document.at("skippedLines").at(0) == json{{"line", 2}, {"why", "is no JSON object"}});
}

TEST_CASE("hone collect: event files below a folder, with steps; damage is told", "[apps]") {
  HoneProgram hone;
  const std::string folder = (SourceFolder() / "tests/metrics-collector/data").string();
  const std::vector<std::string> command = {"collect",  "--metrics", "train/loss;accuracy",
                                            "--format", "TFEVENT",   folder};
  const ProgramRun run = hone.Run(command);
  CHECK(run.exit_code == 0);
  const json document = ParseJsonOrThrow(run.out);
  const json& logs = document.at("metricLogs");
  REQUIRE(logs.size() == 8);
  CHECK(logs.at(1) == ParseJsonOrThrow(R"({"file": "train/events.out.tfevents.2", "step": 10.0,
                                      "timeStamp": "2023-11-14T22:13:21.000000Z",
                                      "metric": {"name": "train/loss", "value": "1.5"}})"));
  CHECK(logs.at(5).at("metric") == json{{"name", "accuracy"}, {"value", "0.5"}});
  CHECK(document.at("damaged").empty());

  const std::string bytes =
      ReadText(SourceFolder() / "tests/metrics-collector/data/train/events.out.tfevents.2");
  const std::string cut = hone.Write("events.out.tfevents.3", bytes.substr(0, bytes.size() - 7));
  const std::string cut_folder = std::filesystem::path(cut).parent_path().string();
  const ProgramRun damaged =
      hone.Run({"collect", "--metrics", "loss", "--format", "TFEVENT", "-o", "table", cut_folder});
  CHECK(damaged.exit_code == 0);
  CHECK(std::ranges::count(damaged.out, '\n') >= 6);
  CHECK(hone.Run({"collect", "--metrics", "loss", "--format", "TFEVENT", "/nowhere"}).exit_code ==
        1);
  CHECK(hone.Run({"collect", "--metrics", "loss", "--format", "TFEVENT"}).exit_code == 2);
}

TEST_CASE("hone collect: an experiment file names metrics; bad usage is refused", "[apps]") {
  HoneProgram hone;
  const std::string file = hone.Write(ScriptExperiment{});
  const std::string log = hone.Write("train.log", "loss=2\n");
  const ProgramRun good = hone.Run({"collect", "--experiment", file, log});
  CHECK(good.exit_code == 0);
  CHECK(ParseJsonOrThrow(good.out).at("metricLogs").size() == 1);
  const std::vector<std::vector<std::string>> bad = {
      {"collect", log},
      {"collect", "--metrics", "loss;;acc", log},
      {"collect", "--metrics", "loss", "--filter", "(", log},
      {"collect", "--metrics", "loss", "--format", "JSON", "--filter", "(a)=(b)", log},
      {"collect", "--metrics", "loss", "--experiment", file, log},
      {"collect", "--experiment", log, log},
  };
  for (const auto& arguments : bad) {
    const ProgramRun run = hone.Run(arguments);
    CAPTURE(arguments);
    CHECK(run.exit_code == 2);
    CHECK_FALSE(run.err.empty());
  }
  CHECK(hone.Run({"collect", "--metrics", "loss", "absent.log"}).exit_code == 1);
}

/// Whether a trial's stored losses are 0, 1, 2, ... in this order.
void CheckCounted(HoneProgram& hone, const std::string& trial, int lines) {
  const json items = hone.Json({"metrics", trial}).at("items");
  REQUIRE(items.size() == static_cast<std::size_t>(lines));
  int wrong = 0;
  for (int i = 0; i < lines; ++i) {
    wrong += items.at(static_cast<std::size_t>(i)).at("metric").at("value") != std::to_string(i);
  }
  CHECK(wrong == 0);
}

/// Of the largest process waited for so far: the engines here.
long PeakKilobytes() {
  struct rusage usage = {};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return usage.ru_maxrss;
}

constexpr long kMostKilobytes = 200L * 1024;

TEST_CASE("collecting: 10000 metrics a second from one trial, none lost", "[apps][slow]") {
  HoneProgram hone;
  ScriptExperiment experiment;
  experiment.trials = 1;
  experiment.parallel = 1;
  experiment.script =
      "b=0; while [ $b -lt 30 ]; do seq -f loss=%g $((b*1000)) $((b*1000+999)); b=$((b+1)); "
      "sleep 0.1; done; : ${x}";
  REQUIRE(hone.Run({"run", hone.Write(experiment)}).exit_code == 0);
  CheckCounted(hone, hone.Trials("demo").at(0), 30000);
  CHECK(PeakKilobytes() < kMostKilobytes);
}

TEST_CASE("collecting: 100 trials at once, none lost", "[apps][slow]") {
  HoneProgram hone;
  ScriptExperiment experiment;
  experiment.trials = 100;
  experiment.parallel = 100;
  experiment.script = "seq -f loss=%g 0 999; sleep 1; seq -f loss=%g 1000 1999; : ${x}";
  REQUIRE(hone.Run({"run", "--cpus", "100", hone.Write(experiment)}).exit_code == 0);
  const auto trials = hone.Trials("demo");
  REQUIRE(trials.size() == 100);
  for (std::size_t i = 0; i < trials.size(); i += 9) {  // each look-up is a process
    CheckCounted(hone, trials[i], 2000);
  }
  CHECK(PeakKilobytes() < kMostKilobytes);
}

}  // namespace
}  // namespace hone::test
