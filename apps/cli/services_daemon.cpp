// SPDX-License-Identifier: Apache-2.0
// hone serve: an engine and the services in front of it, in one process.
#include <atomic>
#include <cstdio>
#include <memory>
#include <utility>

#include "api/server/auth/gate.h"
#include "api/server/daemon/apis.h"
#include "api/server/daemon/door.h"
#include "api/server/daemon/event_feed.h"
#include "api/server/daemon/grpc_services.h"
#include "api/server/daemon/known_states.h"
#include "api/server/daemon/rest.h"
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
#include "store/trial_logs.h"
#include "suggestion/server/suggestion_service.h"

namespace hone::cli {
namespace {

constexpr int kReaders = 4;
constexpr int kWatchers = 2;
constexpr std::uint32_t kAdoptedLease = 60;
constexpr std::uint32_t kShortestLease = 3;
constexpr std::uint32_t kLongestLease = 3600;
constexpr Duration kLookEvery = std::chrono::seconds(1);
constexpr std::uint32_t kMostMebibytes = 1024;
constexpr int kMebibyte = 1 << 20;

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
  static Result<std::unique_ptr<Daemon>> Start(const Config& config, const ServeOptions& options) {
    std::unique_ptr<Daemon> daemon(new Daemon());
    HONE_RETURN_IF_ERROR(daemon->Protect(config, options));
    HONE_RETURN_IF_ERROR(daemon->Begin(config, options));
    return daemon;
  }
  ~Daemon() {
    http_.reset();
    grpc_.reset();
    watchers_.Stop();
    log_readers_.Stop();
    readers_.Stop();
    compute_.Stop();
    katib_.Stop();
    apis_.reset();
    host_.reset();
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  [[nodiscard]] std::string Address() const { return grpc_->address().Text(); }

  /// Empty: there is none.
  [[nodiscard]] std::string HttpAddress() const {
    return http_ == nullptr ? "" : http_->address().Text();
  }

  /// What people must know who start it.
  [[nodiscard]] std::string Warning() const {
    const std::string runs = "creating an experiment runs its code as this user: ";
    if (!protection_.asks) {
      return runs + "who can reach this address can do that\n";
    }
    const bool plain = protection_.insecure && !protection_.encrypts;
    return runs + "who shows a token with the role editor can do that\n" +
           (plain ? "nothing is encrypted: who listens on the network sees the tokens\n" : "");
  }

  /// Shows who connects from now on what the files of TLS have by now. Those that cannot be used
  /// are told, and the former stay.
  void RenewTls() {
    const std::string stamp = StampOf(grpc_options_.tls_files);
    if (!tls_ || stamp == tls_stamp_) {
      return;
    }
    tls_stamp_ = stamp;
    const auto fresh = LoadTls(grpc_options_.tls_files);
    const Status renewed = !fresh ? tl::make_unexpected(fresh.error())
                                  : (http_ == nullptr ? Status() : http_->SetTls(**fresh));
    if (renewed) {
      HONE_LOG(kInfo, "certificate_renewed", {"file", grpc_options_.tls_files.certificate});
    } else {
      HONE_LOG(kError, "certificate_not_renewed", {"reason", renewed.error().Text()});
    }
  }

  void Drain(Duration within) {
    draining_ = true;
    grpc_->SetServing(false);
    apis_->workers->Close();
    feed_->Close();
    if (http_ != nullptr) {
      http_->Drain(within);
    }
    grpc_->Drain(within);
  }

 private:
  Daemon() = default;

  /// Who is asked for what, and where it listens: refused before anything is begun.
  Status Protect(const Config& config, const ServeOptions& options) {
    HONE_ASSIGN_OR_RETURN(grpc_options_.listen, ParseListenAddress(options.grpc.listen));
    grpc_options_.tls_files = {options.tls_certificate, options.tls_key, options.tls_client_ca};
    tls_stamp_ = StampOf(grpc_options_.tls_files);
    HONE_ASSIGN_OR_RETURN(tls_, LoadTls(grpc_options_.tls_files));
    HONE_ASSIGN_OR_RETURN(
        gate_, auth::Gate::Create({.file = auth::TokenFile(config.data_dir),
                                   .required = options.require_tokens,
                                   .rate_per_second = options.rate.value_or(kMostRate),
                                   .most_streams = options.most_streams.value_or(kMostStreams)},
                                  clock_));
    protection_ = {
        .encrypts = tls_.has_value(), .asks = gate_->Asks(), .insecure = options.grpc.insecure};
    if (!options.http.empty()) {
      HONE_ASSIGN_OR_RETURN(http_options_.listen, ParseListenAddress(options.http));
      HONE_RETURN_IF_ERROR(CheckReach(http_options_.listen, protection_));
    }
    HONE_RETURN_IF_ERROR(CheckMessageSize(options));
    return CheckReach(grpc_options_.listen, protection_);
  }

  Status CheckMessageSize(const ServeOptions& options) {
    if (!options.most_message) {
      return {};
    }
    if (*options.most_message < 1 || *options.most_message > kMostMebibytes) {
      return Fail(Code::kInvalidArgument, "must be 1 to 1024", "--max-message");
    }
    grpc_options_.most_request_bytes = static_cast<int>(*options.most_message) * kMebibyte;
    http_options_.most_body_bytes = std::uint64_t{*options.most_message} * kMebibyte;
    return {};
  }

  Status Begin(const Config& config, const ServeOptions& options) {
    const auto hook = std::make_shared<ChangeHook>();  // the engine's and the API's
    EngineHost::DaemonOptions daemon;
    daemon.on_change = [hook] { hook->Tell(); };
    daemon.adopted_lease = std::chrono::seconds(options.adopted_lease.value_or(kAdoptedLease));
    if (options.lease) {
      daemon.lease = std::chrono::seconds(*options.lease);
    }
    if (options.lost_after) {
      daemon.lost_after = std::chrono::seconds(*options.lost_after);
    }
    HONE_ASSIGN_OR_RETURN(host_, EngineHost::Create(config, std::move(daemon)));
    if (host_ == nullptr) {
      HONE_ASSIGN_OR_RETURN(const int holder, FileLock::Holder(config.LockFile()));
      return Fail(Code::kFailedPrecondition, "process " + std::to_string(holder) + " holds " +
                                                 config.data_dir.string() +
                                                 " already; stop it, or give another --data-dir");
    }
    HONE_ASSIGN_OR_RETURN(katib_logs_,
                          OpenObservationLogs(config.data_dir / "observation-logs.db"));
    logs_ = std::make_unique<TrialLogs>(host_->store(), katib_logs_.get());
    door_ = std::make_unique<daemon::Door>(*gate_, host_->store());
    const daemon::Limits limits{options.most_experiments.value_or(kMostExperiments)};
    HONE_ASSIGN_OR_RETURN(feed_, daemon::EventFeed::Start(host_->store(), watchers_));
    states_ = std::make_unique<daemon::KnownStates>(host_->store());
    const daemon::Parts parts{.engine = host_->engine(),
                              .store = host_->store(),
                              .workers = host_->workers(),
                              .runner = host_->runner(),
                              .readers = readers_,
                              .watchers = watchers_,
                              .compute = compute_,
                              .feed = *feed_,
                              .states = *states_,
                              .clock = clock_,
                              .draining = draining_,
                              .door = *door_,
                              .limits = limits,
                              .token_file = auth::TokenFile(config.data_dir)};
    apis_ = std::make_unique<daemon::Apis>(parts);
    hook->api.WithLock([&](auto& api) { api = apis_->workers; });
    auto services = daemon::MakeServices(parts, *apis_);
    const CallCheck check = daemon::CheckBy(*gate_);
    services.push_back(MakeSuggestionService(katib_, check));
    services.push_back(MakeEarlyStoppingService(log_readers_, check));
    services.push_back(MakeDbManagerService(*logs_, readers_, check));
    grpc_options_.health_names = {"hone.v1.Experiments",     "hone.v1.Trials",
                                  "hone.v1.Workers",         "manager.v1beta1.Suggestion",
                                  "api.v1.beta1.Suggestion", "api.v1.beta1.EarlyStopping",
                                  "api.v1.beta1.DBManager"};
    grpc_options_.tls = tls_;
    HONE_ASSIGN_OR_RETURN(grpc_, GrpcHost::Start(grpc_options_, std::move(services)));
    return options.http.empty() ? Status() : BeginHttp(parts);
  }

  Status BeginHttp(const daemon::Parts& parts) {
    http_options_.tls = tls_;
    rest_ = std::make_unique<daemon::Rest>(parts, *apis_);
    HONE_ASSIGN_OR_RETURN(
        http_,
        HttpServer::Start(http_options_, [rest = rest_.get()](const HttpRequest& request,
                                                              const HttpServer::Answer& answer) {
          rest->Handle(request, answer);
        }));
    return {};
  }

  SystemClock clock_;
  GrpcHost::Options grpc_options_;
  HttpServer::Options http_options_;
  std::optional<TlsIdentity> tls_;
  std::string tls_stamp_;  // of the files that `tls_` was read from
  Protection protection_;
  std::unique_ptr<auth::Gate> gate_;
  std::atomic<bool> draining_ = false;
  std::unique_ptr<EngineHost> host_;
  std::unique_ptr<daemon::Door> door_;
  std::unique_ptr<ObservationLogs> katib_logs_;
  std::unique_ptr<ObservationLogs> logs_;    // of trials of Katib's and of its own
  std::shared_ptr<daemon::EventFeed> feed_;  // shared with its looks
  std::unique_ptr<daemon::KnownStates> states_;
  AsioExecutor readers_{"hone-read", kReaders};
  AsioExecutor watchers_{"hone-watch", kWatchers};
  AsioExecutor compute_{"hone-compute", 1};
  AsioExecutor katib_{"hone-katib", 1};
  AsioExecutor log_readers_{"hone-earlystop", 2};  // they wait for a db-manager, maybe this one
  std::unique_ptr<daemon::Apis> apis_;
  std::unique_ptr<daemon::Rest> rest_;
  std::unique_ptr<GrpcHost> grpc_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace

Result<int> ServeDaemon(const Config& config, const ServeOptions& options) {
  if (options.lease && (*options.lease < kShortestLease || *options.lease > kLongestLease)) {
    return Fail(Code::kInvalidArgument, "must be 3 to 3600 seconds", "--lease");
  }
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  if (options.until_input_closes) {
    HONE_RETURN_IF_ERROR(waiter->WatchInput());
  }
  HONE_ASSIGN_OR_RETURN(const auto daemon, Daemon::Start(config, options));
  std::fputs(daemon->Warning().c_str(), stderr);
  const std::string http = daemon->HttpAddress();
  HONE_RETURN_IF_ERROR(PrintText((http.empty() ? "" : "HTTP on " + http + "\n") + "listening on " +
                                 daemon->Address() + "\n"));
  auto woke = Waiter::Woke::kTimeout;
  while (woke != Waiter::Woke::kSignal && woke != Waiter::Woke::kClosed) {
    woke = waiter->Wait(kLookEvery);
    daemon->RenewTls();
  }
  daemon->Drain(config.grace);
  return kExitOk;
}

}  // namespace hone::cli
