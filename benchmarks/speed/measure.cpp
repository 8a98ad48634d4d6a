// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/speed/measure.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <future>

#include "base/json.h"
#include "base/log.h"
#include "controller/engine.h"
#include "core/spec_codec.h"
#include "suggestion/inprocess/factory.h"

namespace hone::bench {

using Json = nlohmann::json;

void Die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::quick_exit(1);
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string NoOpDocument(int trials, int in_flight, const std::string& command) {
  Json document = Json::parse(R"({
    "apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "metadata": {"name": "throughput"},
    "spec": {
      "objective": {"type": "maximize", "objectiveMetricName": "acc"},
      "algorithm": {"algorithmName": "random"}, "seed": 1, "parameters": [],
      "trialTemplate": {
        "primaryContainerName": "main", "trialParameters": [],
        "trialSpec": {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {
          "restartPolicy": "Never",
          "containers": [{"name": "main", "image": "none", "args": []}]}}}}}}})");
  Json& spec = document["spec"];
  spec["parallelTrialCount"] = in_flight;
  spec["maxTrialCount"] = trials;
  Json& container = spec["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"][0];
  container["command"] = Json::parse(command);
  for (int i = 0; i < 8; ++i) {
    const std::string name = "x" + std::to_string(i);
    spec["parameters"].push_back({{"name", name},
                                  {"parameterType", "double"},
                                  {"feasibleSpace", {{"min", "0"}, {"max", "1"}}}});
    spec["trialTemplate"]["trialParameters"].push_back({{"name", name}, {"reference", name}});
    std::string argument = "--" + name;
    argument += "=${trialParameters." + name + "}";
    container["args"].push_back(argument);
  }
  return DumpJson(document);
}

ExperimentId RunToEnd(Store& store, TrialRunner& runner, const std::string& document,
                      double& seconds) {
  ConfigureLog(LogLevel::kWarn, LogFormat::kLogfmt);
  const SystemClock clock;
  AsioExecutor control("hone-ctl", 2, AsioExecutor::Help::kTaken);
  AsioExecutor io("hone-io", 2);
  AsioExecutor compute("hone-compute", 1);
  InProcessSuggesterFactory suggesters(compute);
  const auto engine = Engine::Create({store, suggesters, runner, control, io, clock}, {});
  if (!engine.has_value()) {
    Die(engine.error().Text());
  }
  Problems problems;
  const ExperimentSpec spec =
      DecodeSpec(Json::parse(document), [](std::string_view) { return std::nullopt; }, problems);
  const auto start = std::chrono::steady_clock::now();
  std::promise<Result<std::string>> created;
  (*engine)->Handle(request::Create{spec.document},
                    [&](Result<std::string> reply) { created.set_value(std::move(reply)); });
  const auto id = created.get_future().get();
  if (!id.has_value()) {
    Die(id.error().Text());
  }
  std::promise<void> idle;
  (*engine)->WhenIdle([&] { idle.set_value(); });
  idle.get_future().get();
  seconds = SecondsSince(start);
  std::promise<void> stopped;
  (*engine)->Stop([&] { stopped.set_value(); });
  stopped.get_future().get();
  compute.Stop();
  io.Stop();
  control.Stop();
  return ExperimentId{*id};
}

Json Usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto cpu = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return {{"cpu_seconds", cpu(usage.ru_utime) + cpu(usage.ru_stime)},
          {"peak_memory_mb", static_cast<double>(usage.ru_maxrss) / 1024}};
}

Scratch::Scratch(const char* below)
    : path_((below != nullptr ? std::filesystem::path(below)
                              : std::filesystem::temp_directory_path()) /
            ("hone-bench-" + std::to_string(getpid()))) {
  std::filesystem::create_directories(path_);
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace hone::bench
