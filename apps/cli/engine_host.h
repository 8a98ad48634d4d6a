// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "apps/cli/config.h"
#include "apps/cli/log_service.h"
#include "apps/cli/slots_file.h"
#include "apps/cli/waiter.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/file.h"
#include "base/result.h"
#include "controller/engine.h"
#include "store/store.h"
#include "suggestion/remote/service_caller.h"
#include "suggestion/suggester.h"
#include "trial-runner/asktell/asktell_runner.h"
#include "trial-runner/local/local_runner.h"

namespace hone {
class Accelerator;
}

namespace hone::cli {

/// This process as the engine of a data folder: holds engine.lock and owns the store, the threads,
/// the runner and the engine.
/// Life: Create takes the lock and starts everything; destruction stops in the reverse order and
/// gives the lock back. Trials that run then go on running.
/// @threads  its own calls from the main thread only
class EngineHost {
 public:
  /// @returns null if another process holds the folder, or a daemon is asked (--server)
  /// @errors  the folder cannot be made or written, the store is not ours, the shim is missing
  /// What makes it a daemon, which drives all unfinished experiments and has workers.
  struct DaemonOptions {
    std::function<void()> on_change;       ///< something new is in the ledger
    Duration adopted_lease{};              ///< see AskTellRunner
    std::optional<Duration> lease{};       ///< see EngineOptions
    std::optional<Duration> lost_after{};  ///< see EngineOptions; counts with a shared store
  };
  static Result<std::unique_ptr<EngineHost>> Create(
      const Config& config, std::optional<DaemonOptions> daemon = std::nullopt);
  ~EngineHost();
  EngineHost(const EngineHost&) = delete;
  EngineHost& operator=(const EngineHost&) = delete;

  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] LocalRunner& runner() { return *runner_; }
  /// Of a daemon only.
  [[nodiscard]] Workers& workers() { return *workers_; }

  /// Asks the engine and waits for its answer. @param on_signal  called for each signal that comes
  /// meanwhile; may be empty
  Result<std::string> Ask(EngineRequest request, Waiter& waiter,
                          const std::function<void()>& on_signal);

 private:
  explicit EngineHost(FileLock lock);
  Status Start(const Config& config, std::optional<DaemonOptions> daemon);

  FileLock lock_;
  SystemClock clock_;
  std::unique_ptr<Accelerator> accelerator_;  // null: none; outlives all threads
  std::unique_ptr<Store> store_;
  std::unique_ptr<AsioExecutor> control_;
  std::unique_ptr<AsioExecutor> io_;
  std::unique_ptr<AsioExecutor> compute_;
  std::unique_ptr<LocalRunner> runner_;
  std::unique_ptr<AskTellRunner> workers_;  // null: no daemon
  std::unique_ptr<SuggesterFactory> own_suggesters_;
  std::unique_ptr<ServiceCaller> caller_;
  std::unique_ptr<LogService> log_service_;
  std::unique_ptr<SuggesterFactory> searches_;    // own ones and those of services
  std::unique_ptr<SuggesterFactory> suggesters_;  // with the rules of early-stopping services
  std::shared_ptr<SlotsWriter> slots_;            // shared with its own callbacks
  std::shared_ptr<Engine> engine_;                // shared with its own callbacks
};

}  // namespace hone::cli
