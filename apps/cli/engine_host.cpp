// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/engine_host.h"

#include <unistd.h>

#include <future>
#include <string_view>
#include <thread>
#include <utility>

#include "accelerator/accelerator.h"
#include "apps/cli/open_accelerator.h"
#include "apps/cli/open_store.h"
#include "apps/cli/slot_options.h"
#include "base/crash.h"
#include "base/guarded.h"
#include "suggestion/inprocess/factory.h"
#include "suggestion/remote/bridge_caller.h"
#include "suggestion/remote/factory.h"
#include "suggestion/remote/ruled_factory.h"

namespace hone::cli {
namespace {

constexpr int kControlThreads = 2;
constexpr int kIoThreads = 3;  // one of them may wait for a store that is away
constexpr Duration kStopWithin = std::chrono::seconds(10);
constexpr Duration kAnswerWithin = std::chrono::seconds(2);
constexpr Duration kLostAfter = std::chrono::minutes(10);
constexpr Duration kLookEvery = std::chrono::milliseconds(10);

int ComputeThreads() {
  return std::thread::hardware_concurrency() > 1 ? 2 : 1;
}

/// What trials get of this process's. A password of the store is none of their business.
std::vector<std::string> Environment() {
  std::vector<std::string> all;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("HONE_STORE=")) {
      all.emplace_back(*variable);
    }
  }
  return all;
}

/// Whoever asked for what just ended this engine's work (a deletion, a stop) has its answer under
/// way.
void LetAnswersLeave(Store& store, const Clock& clock) {
  const Timestamp until = clock.Now() + kAnswerWithin;
  while (clock.Now() < until) {
    const auto open = store.OpenRequests();
    if (!open.has_value() || open->empty()) {
      return;
    }
    std::this_thread::sleep_for(kLookEvery);
  }
}

/// It lies beside this program.
std::filesystem::path BridgeProgram() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "hone-bridge";
}

LocalOptions RunnerOptions(const Config& config) {
  LocalOptions options = SlotOptions(config);
  options.work_folder = config.data_dir;
  options.grace = config.grace;
  options.log_quota = config.log_quota;
  options.environment = Environment();
  return options;
}

Result<std::vector<MetricRecord>> RecordsOf(Store& store, const TrialId& id, Attempt attempt) {
  HONE_ASSIGN_OR_RETURN(auto rows, store.ReadRecords(id, attempt, ""));
  std::vector<MetricRecord> records;
  records.reserve(rows.size());
  for (StoredRecord& row : rows) {
    records.push_back(std::move(row.record));
  }
  return records;
}

}  // namespace

Result<std::unique_ptr<EngineHost>> EngineHost::Create(const Config& config,
                                                       std::optional<DaemonOptions> daemon) {
  if (!config.server.empty()) {
    return nullptr;
  }
  const std::string folder = "the data folder " + config.data_dir.string() + " cannot be used";
  if (const Status made = MakeFolders(config.CrashFolder()); !made.has_value()) {
    return Annotate(made.error(), folder);
  }
  auto lock = FileLock::Acquire(config.LockFile());
  if (!lock.has_value()) {
    if (lock.error().code == Code::kFailedPrecondition) {
      return nullptr;
    }
    return Annotate(lock.error(), folder);
  }
  std::unique_ptr<EngineHost> host(new EngineHost(std::move(*lock)));
  HONE_RETURN_IF_ERROR(host->Start(config, std::move(daemon)));
  return host;
}

EngineHost::EngineHost(FileLock lock) : lock_(std::move(lock)) {}

Status EngineHost::Start(const Config& config, std::optional<DaemonOptions> daemon) {
  InstallCrashHandler(config.CrashFolder());
  HONE_ASSIGN_OR_RETURN(store_, OpenStore(config, StoreAccess::kOwner));
  HONE_ASSIGN_OR_RETURN(runner_, LocalRunner::Create(RunnerOptions(config), clock_));
  control_ =
      std::make_unique<AsioExecutor>("hone-ctl", kControlThreads, AsioExecutor::Help::kTaken);
  io_ = std::make_unique<AsioExecutor>("hone-io", kIoThreads);
  compute_ = std::make_unique<AsioExecutor>("hone-compute", ComputeThreads());
  accelerator_ = AcceleratorOrNone(config);
  own_suggesters_ = std::make_unique<InProcessSuggesterFactory>(
      *compute_, [device = accelerator_.get()](const std::string& level) -> const gp::Device* {
        return device == nullptr ? nullptr : device->For(level);
      });
  caller_ = std::make_unique<BridgeCaller>(BridgeProgram());
  log_service_ = std::make_unique<LogService>(config);
  searches_ = std::make_unique<RemoteSuggesterFactory>(RemoteSuggesterFactory::Parts{
      *own_suggesters_, *caller_, clock_, [store = store_.get()](const std::string& name) {
        return store->FindTrial(name).has_value();
      }});
  suggesters_ = std::make_unique<RuledSuggesterFactory>(RuledSuggesterFactory::Parts{
      *searches_, *caller_, [logs = log_service_.get()] { return logs->Address(); }});
  slots_ = std::make_shared<SlotsWriter>(SlotsFile(config), LocalGpus(SlotOptions(config)), *io_);
  EngineOptions options;
  options.on_slots = [slots = slots_] { slots->Changed(); };
  options.owner = OwnerName(config);
  if (accelerator_ != nullptr) {
    options.cpu_level = accelerator_->LevelFor(HONE_CPU_LEVEL);
  }
  options.crash_folder = config.CrashFolder();
  if (!config.store_url.empty()) {
    options.lost_after = daemon && daemon->lost_after ? *daemon->lost_after : kLostAfter;
  }
  if (daemon && daemon->lease) {
    options.lease = *daemon->lease;
  }
  TrialRunner* runner = runner_.get();
  if (daemon) {
    workers_ = std::make_unique<AskTellRunner>(
        runner_.get(), *io_, clock_,
        [store = store_.get()](const TrialId& id, Attempt attempt) {
          return RecordsOf(*store, id, attempt);
        },
        AskTellRunner::Options{daemon->adopted_lease});
    runner = workers_.get();
    options.drive_all = true;
    options.on_change = std::move(daemon->on_change);
  }
  HONE_ASSIGN_OR_RETURN(
      engine_, Engine::Create({*store_, *suggesters_, *runner, *control_, *io_, clock_}, options));
  slots_->Follow(engine_);
  return {};
}

EngineHost::~EngineHost() {
  if (engine_ != nullptr) {
    LetAnswersLeave(*store_, clock_);
    const auto stopped = std::make_shared<std::promise<void>>();  // may be kept beyond the time-out
    engine_->Stop([stopped] { stopped->set_value(); });
    stopped->get_future().wait_for(kStopWithin);
  }
  // Callbacks of each part post to the parts that are stopped after it.
  workers_.reset();
  runner_.reset();
  for (AsioExecutor* executor : {compute_.get(), io_.get(), control_.get()}) {
    if (executor != nullptr) {
      executor->Stop();
    }
  }
  engine_.reset();
}

Result<std::string> EngineHost::Ask(EngineRequest request, Waiter& waiter,
                                    const std::function<void()>& on_signal) {
  using Slot = Guarded<std::optional<Result<std::string>>>;
  const auto slot = std::make_shared<Slot>();  // shared with a callback that may come late
  engine_->Handle(std::move(request), [slot, &waiter](Result<std::string> reply) {
    slot->WithLock([&](auto& held) { held = std::move(reply); });
    waiter.Wake();
  });
  while (true) {
    if (auto reply = slot->WithLock([](auto& held) { return held; })) {
      return std::move(*reply);
    }
    if (waiter.Wait(std::chrono::seconds(1)) == Waiter::Woke::kSignal && on_signal) {
      on_signal();
    }
  }
}

}  // namespace hone::cli
