// SPDX-License-Identifier: Apache-2.0
#include "tests/support/hone_program.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "core/transitions.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace hone::test {
namespace {

UniqueFd NewFile(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  REQUIRE(fd.valid());
  return fd;
}

std::string ReplaceAll(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
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

std::string ReadText(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool Eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

std::vector<pid_t> ProcessesWith(const std::string& environment_text) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto pid = ParseInt(entry.path().filename().string());
    if (pid && ReadText(entry.path() / "environ").find(environment_text) != std::string::npos) {
      found.push_back(static_cast<pid_t>(*pid));
    }
  }
  return found;
}

RunningProgram::RunningProgram(Child child, std::filesystem::path out, std::filesystem::path err)
    : child_(std::move(child)), out_(std::move(out)), err_(std::move(err)) {}

RunningProgram::~RunningProgram() {
  if (child_.pidfd.valid() && !waited_) {
    Signal(SIGKILL);
    [[maybe_unused]] const auto ended = EndsWithin(std::chrono::seconds(10));  // it is dead anyway
  }
}

void RunningProgram::Signal(int signal) const {
  ::kill(child_.pid, signal);
}

bool RunningProgram::EndsWithin(Duration time) {
  waited_ = WaitFor(child_, time).has_value();
  return waited_;
}

ProgramRun RunningProgram::Wait(Duration patience) {
  const auto status = WaitFor(child_, patience);
  INFO("stderr: " << ErrSoFar());
  REQUIRE(status.has_value());
  waited_ = true;
  return {status->signal == 0 ? status->exit_code : 128 + status->signal, OutSoFar(), ErrSoFar()};
}

RunningProgram HoneProgram::StartProgram(std::vector<std::string> argv) {
  const std::string number = std::to_string(++started_);
  const auto out = folder_ / ("stdout-" + number);
  const auto err = folder_ / ("stderr-" + number);
  const UniqueFd out_fd = NewFile(out);
  const UniqueFd err_fd = NewFile(err);
  ProcessSpec spec;
  spec.argv = std::move(argv);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    spec.env.emplace_back(*variable);
  }
  spec.env.push_back("HONE_DATA_DIR=" + data().string());
  spec.working_folder = folder_.path();
  spec.stdout_fd = out_fd.get();
  spec.stderr_fd = err_fd.get();
  auto child = Spawn(spec);
  REQUIRE(child.has_value());
  return {std::move(*child), out, err};
}

RunningProgram HoneProgram::Start(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {ProgramFolder() / "hone"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return StartProgram(std::move(argv));
}

ProgramRun HoneProgram::Run(const std::vector<std::string>& arguments) {
  return Start(arguments).Wait();
}

nlohmann::json HoneProgram::Json(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"-o", "json"});
  const ProgramRun run = Run(arguments);
  INFO(Join(arguments, " ") << "\n" << run.err);
  REQUIRE(run.exit_code == 0);
  return ParseJsonOrThrow(run.out);
}

std::string HoneProgram::Write(const std::string& file_name, const std::string& text) {
  const auto path = folder_ / file_name;
  std::ofstream(path) << text;
  return path.string();
}

std::string HoneProgram::Write(const ScriptExperiment& experiment) {
  auto document = ParseJsonOrThrow(R"({
    "apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment",
    "spec": {
      "objective": {"type": "minimize", "objectiveMetricName": "loss"},
      "algorithm": {"algorithmName": "random"}, "seed": 42,
      "parameters": [
        {"name": "x", "parameterType": "double", "feasibleSpace": {"min": "0", "max": "1"}}],
      "trialTemplate": {
        "primaryContainerName": "main",
        "trialParameters": [{"name": "x", "reference": "x"}],
        "trialSpec": {
          "apiVersion": "batch/v1", "kind": "Job",
          "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [
            {"name": "main", "image": "none", "command": ["bash", "-c"]}]}}}}}}})");
  document["metadata"]["name"] = experiment.name;
  auto& spec = document["spec"];
  spec["maxTrialCount"] = experiment.trials;
  spec["parallelTrialCount"] = experiment.parallel;
  // A parameter that no template uses would be refused.
  const std::string script =
      ReplaceAll("x=${x}; " + experiment.script, "${x}", "${trialParameters.x}");
  spec["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"][0]["args"] = {
      script};
  if (experiment.extra != nullptr) {
    spec.merge_patch(*experiment.extra);
  }
  return Write(experiment.name + ".json", DumpJson(document, 2));
}

std::vector<std::string> HoneProgram::Trials(const std::string& experiment) {
  std::vector<std::string> names;
  const auto document = Json({"trials", experiment});
  for (const auto& item : document.at("items")) {
    names.push_back(item.at("metadata").at("name").get<std::string>());
  }
  return names;
}

std::string HoneProgram::Status(const std::string& experiment) {
  std::string type;
  const auto object = Json({"get", experiment});
  for (const auto& condition : object.at("status").at("conditions")) {
    if (condition.at("status") == "True") {
      type = condition.at("type").get<std::string>();
    }
  }
  return type;
}

ExperimentState HoneProgram::StateOf(const std::string& experiment) const {
  const auto store = OpenForReading(data());
  const auto row = store->FindExperiment("default", experiment);
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
  const auto rows = OpenForReading(data())->ReadRecords(trial, 0, "");
  REQUIRE(rows.has_value());
  return rows->size();
}

}  // namespace hone::test
