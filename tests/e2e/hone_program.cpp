// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/hone_program.h"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <fstream>

#include "base/file.h"
#include "base/text.h"
#include "core/transitions.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace hone::test {
namespace {

std::vector<std::string> Environment() {
  std::vector<std::string> env;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    env.emplace_back(*variable);
  }
  return env;
}

UniqueFd OpenForWriting(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  REQUIRE(fd.valid());
  return fd;
}

std::unique_ptr<SqliteStore> OpenForReading(const std::filesystem::path& data) {
  SqliteOptions options;
  options.read_only = true;
  auto store = SqliteStore::Create(data / "hone.db", options);
  INFO((store.has_value() ? "" : store.error().Text()));
  REQUIRE(store.has_value());
  return std::move(*store);
}

}  // namespace

HoneProgram::HoneProgram(std::filesystem::path folder, std::filesystem::path data)
    : folder_(std::move(folder)), data_(data.empty() ? folder_ / "data" : std::move(data)) {
  std::filesystem::create_directories(folder_);
}

HoneProgram::Started HoneProgram::Start(std::vector<std::string> arguments) {
  const std::string run = std::to_string(++runs_);
  Started started{{}, folder_ / ("out-" + run), folder_ / ("err-" + run)};
  const UniqueFd out = OpenForWriting(started.out);
  const UniqueFd err = OpenForWriting(started.err);
  arguments.insert(arguments.begin(), ProgramFolder() / "hone");
  arguments.insert(arguments.end(), {"--data-dir", data_.string()});
  auto child = Spawn({arguments, Environment(), folder_, out.get(), err.get()});
  INFO((child.has_value() ? "" : child.error().Text()));
  REQUIRE(child.has_value());
  started.child = std::move(*child);
  return started;
}

HoneRun HoneProgram::Wait(Started& started, Duration timeout) {
  const auto status = WaitFor(started.child, timeout);
  if (!status.has_value()) {
    ::kill(started.child.pid, SIGKILL);
    CHECK(WaitFor(started.child, std::chrono::seconds(5)).has_value());
    FAIL("hone did not end in time; it wrote: " << ReadFile(started.err).value_or("nothing"));
  }
  return {status->exit_code, status->signal, ReadFile(started.out).value_or(""),
          ReadFile(started.err).value_or("")};
}

HoneRun HoneProgram::Run(std::vector<std::string> arguments, Duration timeout) {
  Started started = Start(std::move(arguments));
  return Wait(started, timeout);
}

ExperimentState HoneProgram::StateOf(const std::string& name) const {
  const auto store = OpenForReading(data_);
  const auto row = store->FindExperiment("default", name);
  REQUIRE(row.has_value());
  const auto events = store->Read(row->id, 0, 1'000'000);
  REQUIRE(events.has_value());
  ExperimentState state;
  state.id = row->id;
  for (const Recorded& recorded : *events) {
    Evolve(state, recorded);
  }
  return state;
}

std::size_t HoneProgram::RowsOf(const TrialId& trial) const {
  const auto rows = OpenForReading(data_)->ReadRecords(trial, 0, "");
  REQUIRE(rows.has_value());
  return rows->size();
}

std::filesystem::path WriteExperiment(const std::filesystem::path& folder, const std::string& name,
                                      int trials, int parallel, const std::string& script,
                                      const std::string& more) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / (name + ".sh")) << script << "\n";
  const auto path = folder / (name + ".yaml");
  std::ofstream(path)
      << "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nmetadata: {name: " << name
      << "}\nspec:\n  seed: 11\n  objective: {type: maximize, objectiveMetricName: acc}\n"
      << "  algorithm: {algorithmName: random}\n  maxTrialCount: " << trials
      << "\n  parallelTrialCount: " << parallel << "\n"
      << more << R"(  parameters:
    - {name: x, parameterType: double, feasibleSpace: {min: "0", max: "1"}}
    - {name: k, parameterType: int, feasibleSpace: {min: "1", max: "4"}}
  trialTemplate:
    primaryContainerName: main
    trialParameters:
      - {name: x, reference: x}
      - {name: k, reference: k}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: main
                image: none
                command: ["bash", ")"
      << (folder / (name + ".sh")).string() << R"(", "${trialParameters.x}", "${trialParameters.k}"]
)";
  return path;
}

std::vector<pid_t> ProcessesWith(const std::string& environment_text) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto pid = ParseInt(entry.path().filename().string());
    if (!pid) {
      continue;
    }
    std::ifstream file(entry.path() / "environ", std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    if (text.find(environment_text) != std::string::npos) {
      found.push_back(static_cast<pid_t>(*pid));
    }
  }
  return found;
}

}  // namespace hone::test
