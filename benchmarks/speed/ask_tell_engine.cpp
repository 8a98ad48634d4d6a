// SPDX-License-Identifier: Apache-2.0
// Round trips of ask and tell: the whole engine, without the API in front of it, and workers that
// are threads beside it. Prints one JSON object with the processor time of both for a round trip.
//
//   ask_tell_engine TRIALS WORKERS FOLDER [postgresql://...]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "base/json.h"
#include "benchmarks/speed/measure.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"
#include "trial-runner/asktell/asktell_runner.h"

namespace hone::bench {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Document(int trials, int workers) {
  Json document = Json::parse(NoOpDocument(trials, workers, "[]"));
  Json& spec = document["spec"];
  spec.erase("trialTemplate");
  spec["runner"] = {{"kind", "AskTell"}};
  return DumpJson(document);
}

std::unique_ptr<Store> Open(const std::filesystem::path& folder, const char* url) {
  const auto checked = [](auto store) -> std::unique_ptr<Store> {
    if (!store.has_value()) {
      Die(store.error().Text());
    }
    return *std::move(store);
  };
  return url != nullptr ? checked(PostgresStore::Create(url, {}))
                        : checked(SqliteStore::Create(folder / "hone.db", {}));
}

/// Asks, tells a value, and again, until the experiment has ended.
void Work(Store& store, Workers& workers, const std::atomic<bool>& over) {
  Result<ExperimentRow> row = store.FindExperiment("default", "throughput");
  for (; !row.has_value() && !over; row = store.FindExperiment("default", "throughput")) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  while (!over) {
    std::promise<std::vector<LeasedTrial>> given;
    workers.Ask({row->id, 1, seconds(60), milliseconds(200), "bench"},
                [&](std::vector<LeasedTrial> trials) { given.set_value(std::move(trials)); });
    for (const LeasedTrial& trial : given.get_future().get()) {
      std::promise<void> told;
      workers.Tell(trial.id, trial.attempt, {{"acc", "0.5", std::nullopt, 1.0}}, {},
                   [&](const Status& /*also when the experiment ended*/) { told.set_value(); });
      told.get_future().get();
    }
  }
}

void Main(int trials, int count, const std::filesystem::path& folder, const char* url) {
  const std::unique_ptr<Store> store = Open(folder, url);
  const SystemClock clock;
  AsioExecutor timers("hone-lease", 1);
  AskTellRunner runner(nullptr, timers, clock,
                       [](const TrialId&, Attempt) { return std::vector<MetricRecord>(); }, {});
  std::atomic<bool> over = false;
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&] { Work(*store, runner, over); });
  }
  double took = 0;
  RunToEnd(*store, runner, Document(trials, count), took);
  Json result = Usage();
  over = true;
  threads.clear();
  timers.Stop();
  result["benchmark"] = "ask_tell_engine";
  result["store"] = url != nullptr ? "postgres" : "sqlite";
  result["workers"] = count;
  result["per_second"] = trials / took;
  result["processor_ms"] = result["cpu_seconds"].get<double>() / trials * 1000;
  std::printf("%s\n", DumpJson(result).c_str());
}

}  // namespace
}  // namespace hone::bench

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("ask_tell_engine TRIALS WORKERS FOLDER [postgresql://...]\n", stderr);
    return 2;
  }
  const hone::bench::Scratch scratch(argv[3]);
  hone::bench::Main(std::atoi(argv[1]), std::atoi(argv[2]), scratch.path(),
                    argc > 4 ? argv[4] : nullptr);
}
