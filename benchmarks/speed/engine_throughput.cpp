// SPDX-License-Identifier: Apache-2.0
// Durable no-op trials a second: the whole engine over SQLite with synchronous=FULL, the simulated
// runner, random search over 8 parameters, 1 metric. Beside it, in the same run, the disk's own
// commit rate. Prints one JSON object.
//
//   engine_throughput TRIALS [IN_FLIGHT] [FOLDER]
#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>
#include <string>

#include "base/executor.h"
#include "base/log.h"
#include "controller/engine.h"
#include "core/spec_codec.h"
#include "store/sqlite/sqlite_store.h"
#include "suggestion/inprocess/factory.h"
#include "trial-runner/simulated/simulated_runner.h"

namespace hone {
namespace {

using Json = nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

double Seconds(SteadyClock::duration d) {
  return std::chrono::duration<double>(d).count();
}

std::string Document(int trials, int in_flight) {
  Json document = Json::parse(R"({
    "apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "metadata": {"name": "throughput"},
    "spec": {
      "objective": {"type": "maximize", "objectiveMetricName": "acc"},
      "algorithm": {"algorithmName": "random"}, "seed": 1, "parameters": [],
      "trialTemplate": {
        "primaryContainerName": "main", "trialParameters": [],
        "trialSpec": {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {
          "restartPolicy": "Never",
          "containers": [{"name": "main", "image": "none", "command": ["true"], "args": []}]}}}}}}})");
  Json& spec = document["spec"];
  spec["parallelTrialCount"] = in_flight;
  spec["maxTrialCount"] = trials;
  Json& container = spec["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"][0];
  for (int i = 0; i < 8; ++i) {
    const std::string name = "x" + std::to_string(i);
    spec["parameters"].push_back({{"name", name},
                                  {"parameterType", "double"},
                                  {"feasibleSpace", {{"min", "0"}, {"max", "1"}}}});
    spec["trialTemplate"]["trialParameters"].push_back({{"name", name}, {"reference", name}});
    container["args"].push_back("--" + name + "=${trialParameters." + name + "}");
  }
  return document.dump();
}

/// Transactions of one small row a second, with the store's own settings.
double DiskCommitsPerSecond(const std::filesystem::path& folder) {
  SQLite::Database db((folder / "commits.db").string(),
                      SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  db.exec(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(a INTEGER PRIMARY KEY, b "
      "TEXT)");
  SQLite::Statement insert(db, "INSERT INTO t(b) VALUES('row')");
  const auto start = SteadyClock::now();
  int count = 0;
  while (Seconds(SteadyClock::now() - start) < 1.0) {
    insert.exec();
    insert.reset();
    ++count;
  }
  return count / Seconds(SteadyClock::now() - start);
}

/// Seconds that each tenth of the trials took, from the ledger's own times.
Json Tenths(Store& store, const ExperimentId& id, int trials, std::int64_t& rows) {
  Json tenths = Json::array();
  Version from = 0;
  int done = 0;
  Timestamp last{};
  int next = trials / 10;
  while (true) {
    const auto part = store.Read(id, from, 20000);
    if (!part.has_value() || part->empty()) {
      return tenths;
    }
    for (const Recorded& recorded : *part) {
      ++rows;
      last = last == Timestamp() ? recorded.at : last;
      if (std::holds_alternative<event::TrialSucceeded>(recorded.event) && ++done == next) {
        tenths.push_back(std::chrono::duration<double>(recorded.at - last).count());
        last = recorded.at;
        next += trials / 10;
      }
    }
    from = part->back().seq;
  }
}

int Main(int trials, int in_flight, const std::filesystem::path& folder) {
  ConfigureLog(LogLevel::kWarn, LogFormat::kLogfmt);
  const double commits = DiskCommitsPerSecond(folder);
  const SystemClock clock;
  AsioExecutor control("hone-ctl", 2);
  AsioExecutor io("hone-io", 2);
  AsioExecutor compute("hone-compute", 1);
  AsioExecutor world_threads("hone-sim", 1);
  auto store = SqliteStore::Create(folder / "hone.db", {});
  if (!store.has_value()) {
    std::fprintf(stderr, "%s\n", store.error().Text().c_str());
    return 1;
  }
  SimulatedWorld world(world_threads, clock, [](const LaunchSpec&) {
    SimulatedJob job;
    job.lines = {{{}, "acc=0.5"}};
    return job;
  });
  SimulatedRunner runner(world, {static_cast<std::uint32_t>(in_flight), 0});
  InProcessSuggesterFactory suggesters(compute);
  const auto engine = Engine::Create({**store, suggesters, runner, control, io, clock}, {});
  if (!engine.has_value()) {
    std::fprintf(stderr, "%s\n", engine.error().Text().c_str());
    return 1;
  }
  Problems problems;
  const ExperimentSpec spec = DecodeSpec(
      Json::parse(Document(trials, in_flight)), [](std::string_view) { return std::nullopt; },
      problems);
  const auto start = SteadyClock::now();
  std::promise<Result<std::string>> created;
  (*engine)->Handle(request::Create{spec.document},
                    [&](Result<std::string> reply) { created.set_value(std::move(reply)); });
  const auto id = created.get_future().get();
  if (!id.has_value()) {
    std::fprintf(stderr, "%s\n", id.error().Text().c_str());
    return 1;
  }
  std::promise<void> idle;
  (*engine)->WhenIdle([&] { idle.set_value(); });
  idle.get_future().get();
  const double seconds = Seconds(SteadyClock::now() - start);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::promise<void> stopped;
  (*engine)->Stop([&] { stopped.set_value(); });
  stopped.get_future().get();
  std::int64_t events = 0;
  const Json tenths = Tenths(**store, ExperimentId{*id}, trials, events);
  const double first = tenths.empty() ? 0 : tenths.front().get<double>();
  const double last = tenths.empty() ? 0 : tenths.back().get<double>();
  const auto cpu = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  std::printf("%s\n", Json{{"benchmark", "engine_throughput"},
                           {"trials", trials},
                           {"in_flight", in_flight},
                           {"trials_per_second", trials / seconds},
                           {"cpu_seconds", cpu(usage.ru_utime) + cpu(usage.ru_stime)},
                           {"disk_commits_per_second", commits},
                           {"events_per_trial", static_cast<double>(events) / trials},
                           {"last_tenth_over_first", first > 0 ? last / first : 0},
                           {"tenths_seconds", tenths},
                           {"peak_memory_mb", static_cast<double>(usage.ru_maxrss) / 1024}}
                          .dump(2)
                          .c_str());
  world_threads.Stop();
  compute.Stop();
  io.Stop();
  control.Stop();
  return 0;
}

}  // namespace
}  // namespace hone

int main(int argc, char** argv) {
  const int trials = argc > 1 ? std::atoi(argv[1]) : 10000;
  const int in_flight = argc > 2 ? std::atoi(argv[2]) : 64;
  const std::filesystem::path folder = argc > 3 ? argv[3]
                                                : std::filesystem::temp_directory_path() /
                                                      ("hone-bench-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const int code = hone::Main(trials, in_flight, folder);
  std::filesystem::remove_all(folder);
  return code;
}
