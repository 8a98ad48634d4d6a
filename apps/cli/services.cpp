// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/services.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "api/server/db_manager_service.h"
#include "api/server/grpc_host.h"
#include "apps/cli/open_store.h"
#include "apps/cli/output.h"
#include "apps/cli/postgres.h"
#include "apps/cli/waiter.h"
#include "base/executor.h"
#include "base/file.h"
#include "base/guarded.h"
#include "base/log.h"
#include "controller/read_state.h"
#include "core/remote_service.h"
#include "earlystop/server/early_stopping_service.h"
#include "store/sqlite/observation_logs.h"
#include "store/trial_logs.h"
#include "suggestion/server/suggestion_service.h"

namespace hone::cli {
namespace {

// They wait for a db-manager, most of the time.
constexpr int kLogReaders = 4;
constexpr Duration kLookEvery = std::chrono::seconds(1);

int ComputeThreads() {
  return std::thread::hardware_concurrency() > 1 ? 2 : 1;
}

/// What is served, and how it is.
struct Served {
  std::vector<std::shared_ptr<grpc::Service>> services;
  std::vector<std::string> health_names;
  std::function<Status()> check = nullptr;  ///< of what it depends on; may be empty
};

/// Until the first signal; then calls under way have the grace to end.
Result<int> Serve(const Config& config, const ListenOptions& options, Waiter& waiter,
                  Served served) {
  HONE_ASSIGN_OR_RETURN(ListenAddress listen, ParseListenAddress(options.listen));
  HONE_RETURN_IF_ERROR(CheckReach(listen, options.insecure));
  HONE_ASSIGN_OR_RETURN(const auto host, GrpcHost::Start({.listen = std::move(listen),
                                                          .health_names = served.health_names},
                                                         std::move(served.services)));
  HONE_RETURN_IF_ERROR(PrintText("listening on " + host->address().Text() + "\n"));
  bool serving = true;
  auto woke = Waiter::Woke::kTimeout;
  while (woke != Waiter::Woke::kSignal && woke != Waiter::Woke::kClosed) {
    woke = waiter.Wait(kLookEvery);
    const Status status = served.check ? served.check() : Status();
    if (status.has_value() != serving) {
      serving = status.has_value();
      host->SetServing(serving);
      HONE_LOG(kWarn, "health_changed", {"serving", serving},
               {"why", serving ? "" : status.error().Text()});
    }
  }
  host->Drain(config.grace);
  return kExitOk;
}

}  // namespace

Result<int> ServeSuggestion(const Config& config, const SuggestionOptions& options) {
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  AsioExecutor compute("hone-compute", ComputeThreads());
  return Serve(config, options.grpc, *waiter,
               {.services = {MakeSuggestionService(compute, {}, options.trial_data)},
                // Kubernetes asks by the first name, which is not the service's own.
                .health_names = {"manager.v1beta1.Suggestion", "api.v1.beta1.Suggestion"}});
}

Result<int> ServeEarlyStop(const Config& config, const ListenOptions& options) {
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  AsioExecutor work("hone-earlystop", kLogReaders);
  return Serve(config, options, *waiter,
               {.services = {MakeEarlyStoppingService(work, {}, AccountHere())},
                .health_names = {"api.v1.beta1.EarlyStopping"}});
}

namespace {

/// What trials report, and the lock of the folder that it lies in, if it does.
struct KeptLogs {
  std::optional<FileLock> lock;
  std::unique_ptr<ObservationLogs> logs;
};

/// A database may have several db-managers, a file has one.
Result<KeptLogs> OpenLogs(const Config& config) {
  KeptLogs kept;
  if (!config.store_url.empty()) {
    HONE_ASSIGN_OR_RETURN(kept.logs, OpenPostgresLogs(config));
    return kept;
  }
  HONE_RETURN_IF_ERROR(MakeFolders(config.data_dir));
  HONE_ASSIGN_OR_RETURN(kept.lock, FileLock::Acquire(config.data_dir / "db-manager.lock"));
  HONE_ASSIGN_OR_RETURN(kept.logs, OpenObservationLogs(config.data_dir / "observation-logs.db"));
  return kept;
}

/// Of the experiments of a store, those whose user wants a service to know what trials report.
TrialLogs::Admits OfEarlyStoppingServices(Store& store) {
  const auto known = std::make_shared<Guarded<std::map<ExperimentId, bool>>>();  // by all copies
  return [&store, known](const ExperimentId& id) {
    const auto before = known->WithLock([&](const auto& all) {
      const auto found = all.find(id);
      return found == all.end() ? std::optional<bool>() : found->second;
    });
    if (before) {
      return *before;
    }
    const auto spec = ReadSpec(store, id);
    const bool wanted = spec && RemoteEarlyStopping(*spec);
    if (spec) {
      known->WithLock([&](auto& all) { all[id] = wanted; });
    }
    return wanted;
  };
}

Result<int> ServeOwnTrials(const Config& config, const DbManagerOptions& options, Waiter& waiter) {
  HONE_ASSIGN_OR_RETURN(const auto store, OpenStore(config, StoreAccess::kGuest));
  TrialLogs logs(*store, nullptr, OfEarlyStoppingServices(*store));
  AsioExecutor readers("hone-read", 1);
  return Serve(config, options.grpc, waiter,
               {.services = {MakeDbManagerService(logs, readers)},
                .health_names = {"api.v1.beta1.DBManager"},
                .check = [&logs] { return logs.Check(); }});
}

}  // namespace

Result<int> ServeDbManager(const Config& config, const DbManagerOptions& options) {
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  if (options.until_input_closes) {
    HONE_RETURN_IF_ERROR(waiter->WatchInput());
  }
  if (options.own_trials) {
    return ServeOwnTrials(config, options, *waiter);
  }
  HONE_ASSIGN_OR_RETURN(const KeptLogs kept, OpenLogs(config));
  AsioExecutor readers("hone-read", 1);
  return Serve(config, options.grpc, *waiter,
               {.services = {MakeDbManagerService(*kept.logs, readers)},
                .health_names = {"api.v1.beta1.DBManager"},
                .check = [&kept] { return kept.logs->Check(); }});
}

}  // namespace hone::cli
