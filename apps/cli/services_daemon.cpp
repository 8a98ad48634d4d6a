// SPDX-License-Identifier: Apache-2.0
// hone serve: an engine and the services in front of it, in one process.
#include <atomic>
#include <cstdio>
#include <memory>
#include <utility>

#include "api/server/daemon/experiments_api.h"
#include "api/server/daemon/grpc_services.h"
#include "api/server/daemon/rest.h"
#include "api/server/daemon/workers_api.h"
#include "api/server/db_manager_service.h"
#include "api/server/grpc_host.h"
#include "api/server/http/http_server.h"
#include "apps/cli/engine_host.h"
#include "apps/cli/output.h"
#include "apps/cli/services.h"
#include "base/guarded.h"
#include "base/log.h"
#include "earlystop/server/early_stopping_service.h"
#include "store/sqlite/observation_logs.h"
#include "suggestion/server/suggestion_service.h"

namespace hone::cli {
namespace {

constexpr int kReaders = 4;
constexpr std::uint32_t kAdoptedLease = 60;
constexpr Duration kLookEvery = std::chrono::seconds(1);

/// The API is told of changes once it is there.
struct ChangeHook {
  Guarded<std::weak_ptr<daemon::WorkersApi>> api;

  void Tell() {
    const auto told = api.WithLock([](const auto& weak) { return weak; });
    if (const auto workers = told.lock()) {
      workers->OnChange();
    }
  }
};

/// Everything in its order: what stands later is stopped first.
class Daemon {
 public:
  static Result<std::unique_ptr<Daemon>> Start(const Config& config, const ServeOptions& options,
                                               ListenAddress listen) {
    std::unique_ptr<Daemon> daemon(new Daemon());
    HONE_RETURN_IF_ERROR(daemon->Begin(config, options, std::move(listen)));
    return daemon;
  }
  ~Daemon() {
    http_.reset();
    grpc_.reset();
    log_readers_.Stop();
    readers_.Stop();
    compute_.Stop();
    workers_.reset();
    host_.reset();
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  [[nodiscard]] std::string Address() const { return grpc_->address().Text(); }

  /// Empty: there is none.
  [[nodiscard]] std::string HttpAddress() const {
    return http_ == nullptr ? "" : http_->address().Text();
  }

  void Drain(Duration within) {
    draining_ = true;
    grpc_->SetServing(false);
    workers_->Close();
    if (http_ != nullptr) {
      http_->Drain(within);
    }
    grpc_->Drain(within);
  }

 private:
  Daemon() = default;

  Status Begin(const Config& config, const ServeOptions& options, ListenAddress listen) {
    const auto hook = std::make_shared<ChangeHook>();  // the engine's and the API's
    HONE_ASSIGN_OR_RETURN(
        host_,
        EngineHost::Create(
            config, EngineHost::DaemonOptions{
                        [hook] { hook->Tell(); },
                        std::chrono::seconds(options.adopted_lease.value_or(kAdoptedLease))}));
    if (host_ == nullptr) {
      HONE_ASSIGN_OR_RETURN(const int holder, FileLock::Holder(config.LockFile()));
      return Fail(Code::kFailedPrecondition, "process " + std::to_string(holder) + " holds " +
                                                 config.data_dir.string() +
                                                 " already; stop it, or give another --data-dir");
    }
    HONE_ASSIGN_OR_RETURN(logs_, OpenObservationLogs(config.data_dir / "observation-logs.db"));
    const daemon::Parts parts{host_->engine(), host_->store(), host_->workers(), host_->runner(),
                              readers_,        clock_,         draining_};
    experiments_ = std::make_unique<daemon::ExperimentsApi>(parts);
    workers_ = std::make_shared<daemon::WorkersApi>(parts);
    hook->api.WithLock([&](auto& api) { api = workers_; });
    auto services = daemon::MakeServices(parts, *experiments_, workers_);
    services.push_back(MakeSuggestionService(compute_));
    services.push_back(MakeEarlyStoppingService(log_readers_));
    services.push_back(MakeDbManagerService(*logs_, readers_));
    const GrpcHost::Options grpc{
        std::move(listen),
        {"hone.v1.Experiments", "hone.v1.Trials", "hone.v1.Workers", "manager.v1beta1.Suggestion",
         "api.v1.beta1.Suggestion", "api.v1.beta1.EarlyStopping", "api.v1.beta1.DBManager"}};
    HONE_ASSIGN_OR_RETURN(grpc_, GrpcHost::Start(grpc, std::move(services)));
    return options.http.empty() ? Status() : BeginHttp(parts, options);
  }

  Status BeginHttp(const daemon::Parts& parts, const ServeOptions& options) {
    HttpServer::Options http;
    HONE_ASSIGN_OR_RETURN(http.listen, ParseListenAddress(options.http));
    HONE_RETURN_IF_ERROR(CheckReach(http.listen, options.grpc.insecure));
    rest_ = std::make_unique<daemon::Rest>(parts, *experiments_, workers_);
    HONE_ASSIGN_OR_RETURN(
        http_, HttpServer::Start(http, [rest = rest_.get()](const HttpRequest& request,
                                                            const HttpServer::Answer& answer) {
          rest->Handle(request, answer);
        }));
    return {};
  }

  SystemClock clock_;
  std::atomic<bool> draining_ = false;
  std::unique_ptr<EngineHost> host_;
  std::unique_ptr<ObservationLogs> logs_;
  AsioExecutor readers_{"hone-read", kReaders};
  AsioExecutor compute_{"hone-katib", 1};
  AsioExecutor log_readers_{"hone-earlystop", 2};  // they wait for a db-manager, maybe this one
  std::unique_ptr<daemon::ExperimentsApi> experiments_;
  std::shared_ptr<daemon::WorkersApi> workers_;  // shared with its own callbacks
  std::unique_ptr<daemon::Rest> rest_;
  std::unique_ptr<GrpcHost> grpc_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace

Result<int> ServeDaemon(const Config& config, const ServeOptions& options) {
  HONE_ASSIGN_OR_RETURN(ListenAddress listen, ParseListenAddress(options.grpc.listen));
  HONE_RETURN_IF_ERROR(CheckReach(listen, options.grpc.insecure));
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  if (options.until_input_closes) {
    HONE_RETURN_IF_ERROR(waiter->WatchInput());
  }
  HONE_ASSIGN_OR_RETURN(const auto daemon, Daemon::Start(config, options, std::move(listen)));
  std::fputs(
      "who can reach this address can run programs as this user: creating an experiment "
      "runs its code\n",
      stderr);
  const std::string http = daemon->HttpAddress();
  HONE_RETURN_IF_ERROR(PrintText((http.empty() ? "" : "HTTP on " + http + "\n") + "listening on " +
                                 daemon->Address() + "\n"));
  auto woke = Waiter::Woke::kTimeout;
  while (woke != Waiter::Woke::kSignal && woke != Waiter::Woke::kClosed) {
    woke = waiter->Wait(kLookEvery);
  }
  daemon->Drain(config.grace);
  return kExitOk;
}

}  // namespace hone::cli
