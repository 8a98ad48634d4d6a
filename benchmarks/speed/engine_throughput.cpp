// SPDX-License-Identifier: Apache-2.0
// Durable no-op trials a second: the whole engine over SQLite with synchronous=FULL, the simulated
// runner, random search over 8 parameters, 1 metric. Beside it, in the same run, the disk's own
// commit rate, and how long it takes to load the experiment again. Prints one JSON object.
//
//   engine_throughput TRIALS [IN_FLIGHT] [FOLDER]
#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "base/json.h"
#include "benchmarks/speed/measure.h"
#include "core/ledger_check.h"
#include "core/transitions.h"
#include "store/sqlite/sqlite_store.h"
#include "trial-runner/simulated/simulated_runner.h"

namespace hone::bench {
namespace {

using Json = nlohmann::json;

/// Transactions of one small row a second, with the store's own settings.
double DiskCommitsPerSecond(const std::filesystem::path& folder) {
  SQLite::Database db((folder / "commits.db").string(),
                      SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  db.exec(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
      "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)");
  SQLite::Statement insert(db, "INSERT INTO t(b) VALUES('row')");
  const auto start = std::chrono::steady_clock::now();
  int count = 0;
  while (SecondsSince(start) < 1.0) {
    insert.exec();
    insert.reset();
    ++count;
  }
  return count / SecondsSince(start);
}

/// All events of an experiment, in order.
void ForEachEvent(Store& store, const ExperimentId& id,
                  const std::function<void(const Recorded&)>& visit) {
  constexpr std::size_t kAtOnce = 10000;
  Version from = 0;
  for (auto part = store.Read(id, from, kAtOnce); part.has_value() && !part->empty();
       part = store.Read(id, from, kAtOnce)) {
    std::ranges::for_each(*part, visit);
    from = part->back().seq;
  }
}

/// Seconds that each tenth of the trials took, from the ledger's own times.
Json Tenths(Store& store, const ExperimentId& id, int trials, std::int64_t& events) {
  Json tenths = Json::array();
  int done = 0;
  int next = trials / 10;
  Timestamp last{};
  ForEachEvent(store, id, [&](const Recorded& recorded) {
    ++events;
    last = last == Timestamp() ? recorded.at : last;
    if (std::holds_alternative<event::TrialSucceeded>(recorded.event) && ++done == next) {
      tenths.push_back(std::chrono::duration<double>(recorded.at - last).count());
      last = recorded.at;
      next += trials / 10;
    }
  });
  return tenths;
}

/// Seconds that a restarted engine needs until it knows the experiment again: all events read,
/// checked and evolved.
double ReloadSeconds(Store& store, const ExperimentId& id) {
  const auto start = std::chrono::steady_clock::now();
  ExperimentState state;
  state.id = id;
  ForEachEvent(store, id, [&](const Recorded& recorded) {
    if (!CheckNext(state, recorded).has_value()) {
      Die("the ledger cannot be read back");
    }
    Evolve(state, recorded);
  });
  return SecondsSince(start);
}

void Main(int trials, int in_flight, const std::filesystem::path& folder) {
  const double commits = DiskCommitsPerSecond(folder);
  const SystemClock clock;
  AsioExecutor world_threads("hone-sim", 1);
  auto store = SqliteStore::Create(folder / "hone.db", {});
  if (!store.has_value()) {
    Die(store.error().Text());
  }
  SimulatedWorld world(world_threads, clock, [](const LaunchSpec&) {
    SimulatedJob job;
    job.lines = {{{}, "acc=0.5"}};
    return job;
  });
  SimulatedRunner runner(world, {static_cast<std::uint32_t>(in_flight), 0});
  double seconds = 0;
  const ExperimentId id =
      RunToEnd(**store, runner, NoOpDocument(trials, in_flight, R"(["true"])"), seconds);
  Json result = Usage();
  world_threads.Stop();
  std::int64_t events = 0;
  const Json tenths = Tenths(**store, id, trials, events);
  result["benchmark"] = "engine_throughput";
  result["trials"] = trials;
  result["in_flight"] = in_flight;
  result["trials_per_second"] = trials / seconds;
  result["disk_commits_per_second"] = commits;
  result["events_per_trial"] = static_cast<double>(events) / trials;
  result["last_tenth_over_first"] =
      tenths.empty() ? 0.0 : tenths.back().get<double>() / tenths.front().get<double>();
  result["tenths_seconds"] = tenths;
  result["reload_seconds"] = ReloadSeconds(**store, id);
  std::printf("%s\n", DumpJson(result).c_str());
}

}  // namespace
}  // namespace hone::bench

int main(int argc, char** argv) {
  const int trials = argc > 1 ? std::atoi(argv[1]) : 10000;
  const int in_flight = argc > 2 ? std::atoi(argv[2]) : 64;
  const hone::bench::Scratch scratch(argc > 3 ? argv[3] : nullptr);
  hone::bench::Main(trials, in_flight, scratch.path());
}
