// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/executor.h"
#include "controller/engine.h"
#include "core/transitions.h"
#include "store/memory/memory_store.h"
#include "suggestion/inprocess/factory.h"
#include "tests/support/experiment.h"
#include "trial-runner/simulated/simulated_runner.h"

namespace hone::test {

/// A whole hone in virtual time: engine, store in memory, simulated world. The engine can die at
/// any write to the store and be started again over what is left: the store and the world.
class Simulation {
 public:
  Simulation(SimulatedWorld::Behaviour behaviour, std::uint32_t cpus)
      : Simulation(std::move(behaviour), Capacity{cpus, 0}, {}) {}
  /// @param demand_of  what a trial takes; empty: one CPU
  Simulation(SimulatedWorld::Behaviour behaviour, Capacity capacity,
             SimulatedRunner::DemandOfSpec demand_of);
  ~Simulation();

  /// @returns the answer once there is one; nothing if the store crashed before
  std::optional<Result<std::string>> Ask(EngineRequest request);
  /// Starts an engine over what is left of the former one. @param drive_all  as EngineOptions
  void StartEngine(bool drive_all);
  /// What kill -9 does to the engine.
  void KillEngine();
  /// Runs until all experiments are over or suspended, or the store crashed, or virtual time is up.
  /// @returns whether everything came to its end
  bool RunToEnd(Duration limit = std::chrono::hours(24));
  /// Runs until `done`, the store crashed, or virtual time is up. @returns what `done` says then
  bool RunUntil(const std::function<bool()>& done, Duration limit = std::chrono::hours(24));

  /// The state as the ledger tells it.
  ExperimentState StateOf(const std::string& name);
  std::vector<Recorded> LedgerOf(const std::string& name);

  SimExecutor executor;
  MemoryStore store;
  SimulatedWorld world;
  std::unique_ptr<SimulatedRunner> runner;
  std::unique_ptr<SuggesterFactory> suggesters;
  std::shared_ptr<Engine> engine;      // shared with its own callbacks
  std::filesystem::path crash_folder;  ///< of the next engine
  /// What the next engines ask instead of the search algorithms; empty: those.
  std::function<std::unique_ptr<SuggesterFactory>(std::unique_ptr<SuggesterFactory>)> around_search;

 private:
  Capacity capacity_;
  SimulatedRunner::DemandOfSpec demand_of_;
};

/// Begins an experiment, which must be accepted.
void Create(Simulation& simulation, const ExperimentOptions& options);

}  // namespace hone::test
