// SPDX-License-Identifier: Apache-2.0
// A daemon's engine and API under many threads at a time: all but the ways in.
#include <atomic>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "api/server/daemon/apis.h"
#include "api/server/daemon/event_feed.h"
#include "api/server/daemon/known_states.h"
#include "api/server/daemon/rest.h"
#include "api/server/daemon/streams_api.h"
#include "base/check.h"
#include "base/log.h"
#include "store/sqlite/sqlite_store.h"
#include "suggestion/inprocess/factory.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"
#include "trial-runner/asktell/asktell_runner.h"

namespace hone::daemon {
namespace {

constexpr int kTrials = 40;  // of an experiment
constexpr int kWorkers = 6;
constexpr int kWatchers = 4;
constexpr int kReports = 3;  // of a trial, before it is told
const std::string kNames[] = {"first", "second"};

template <class T>
T Must(Result<T> result) {
  HONE_CHECK(result.has_value(), result ? "" : result.error().Text());
  return *std::move(result);
}

/// `hone serve` without gRPC and HTTP.
class SmallDaemon {
 public:
  SmallDaemon()
      : store_(Must(SqliteStore::Create(folder_.path() / "hone.db", {}))),
        runner_(nullptr, io_, clock_, [](const TrialId&, Attempt) { return Rows(); }, {}),
        suggesters_(compute_),
        gate_(Must(auth::Gate::Create({.file = folder_.path() / "tokens.json"}, clock_))),
        door_(*gate_, *store_),
        feed_(Must(EventFeed::Start(*store_, watchers_))),
        states_(*store_) {
    ConfigureLog(LogLevel::kOff, LogFormat::kLogfmt);
    EngineOptions options;
    options.drive_all = true;
    options.on_change = [this] { OnChange(); };
    engine_ = Must(Engine::Create({*store_, suggesters_, runner_, control_, io_, clock_}, options));
    parts_ = std::make_unique<Parts>(Parts{.engine = *engine_,
                                           .store = *store_,
                                           .workers = runner_,
                                           .runner = runner_,
                                           .readers = readers_,
                                           .watchers = watchers_,
                                           .compute = insight_,
                                           .feed = *feed_,
                                           .states = states_,
                                           .clock = clock_,
                                           .draining = draining_,
                                           .door = door_,
                                           .limits = {},
                                           .token_file = folder_.path() / "tokens.json"});
    apis_ = std::make_unique<Apis>(*parts_);
    rest_ = std::make_unique<Rest>(*parts_, *apis_);
    workers_.WithLock([&](auto& workers) { workers = apis_->workers; });
  }

  ~SmallDaemon() {
    apis_->workers->Close();
    feed_->Close();
    for (AsioExecutor* executor : {&watchers_, &readers_, &insight_}) {
      executor->Stop();
    }
    std::promise<void> stopped;
    engine_->Stop([&] { stopped.set_value(); });
    stopped.get_future().wait();
    for (AsioExecutor* executor : {&compute_, &io_, &control_}) {
      executor->Stop();
    }
    engine_.reset();
  }
  SmallDaemon(const SmallDaemon&) = delete;
  SmallDaemon& operator=(const SmallDaemon&) = delete;

  [[nodiscard]] const Parts& parts() const { return *parts_; }
  [[nodiscard]] Apis& apis() { return *apis_; }
  [[nodiscard]] Rest& rest() { return *rest_; }

  /// What a call answers: on the readers, or here.
  template <class Reply, class Call>
  Result<Reply> Wait(Call call, bool here = false) {
    const auto promise = std::make_shared<std::promise<Result<Reply>>>();  // with the answer
    const auto task = [promise, call] {
      call([promise](Result<Reply> reply) { promise->set_value(std::move(reply)); });
    };
    if (here) {
      const LentThread lent;
      task();
    } else {
      readers_.Post(task);
    }
    return promise->get_future().get();
  }

  /// What a worker's call answers: taken here if all that it asks is known, as gRPC does it.
  template <class Reply, class Request, class Call>
  Result<Reply> WaitFor(const Request& request, Call call) {
    return Wait<Reply>(call, apis_->workers->IsKnown(request));
  }

 private:
  using Rows = std::vector<MetricRecord>;

  void OnChange() {
    const auto weak = workers_.WithLock([](const auto& workers) { return workers; });
    if (const auto workers = weak.lock()) {
      workers->OnChange();
    }
  }

  testing::TempFolder folder_;
  SystemClock clock_;
  std::atomic<bool> draining_ = false;
  Guarded<std::weak_ptr<WorkersApi>> workers_;
  AsioExecutor control_{"control", 2, AsioExecutor::Help::kTaken};
  AsioExecutor io_{"io", 2};
  AsioExecutor compute_{"compute", 2};
  AsioExecutor readers_{"read", 4};
  AsioExecutor watchers_{"watch", 2};
  AsioExecutor insight_{"insight", 1};
  std::unique_ptr<SqliteStore> store_;
  AskTellRunner runner_;
  InProcessSuggesterFactory suggesters_;
  std::unique_ptr<auth::Gate> gate_;
  Door door_;
  std::shared_ptr<EventFeed> feed_;  // shared with its looks
  KnownStates states_;
  std::shared_ptr<Engine> engine_;  // shared with its own callbacks
  std::unique_ptr<Parts> parts_;
  std::unique_ptr<Apis> apis_;
  std::unique_ptr<Rest> rest_;
};

std::string Document(const std::string& name) {
  return "{apiVersion: kubeflow.org/v1beta1, kind: Experiment, metadata: {name: " + name +
         "}, spec: {runner: {kind: AskTell}, objective: {type: minimize, objectiveMetricName: "
         "loss}, algorithm: {algorithmName: tpe}, parallelTrialCount: 6, maxTrialCount: " +
         std::to_string(kTrials) +
         ", parameters: [{name: x, parameterType: double, feasibleSpace: {min: '0', max: '1'}}]}}";
}

Status Create(SmallDaemon& daemon, const std::string& name) {
  pb::CreateExperimentRequest request;
  request.set_document(Document(name));
  const auto made = daemon.Wait<pb::Experiment>([&](const Answer<pb::Experiment>& answer) {
    daemon.apis().experiments.Create(request, Caller{}, answer);
  });
  return made ? Status() : tl::make_unexpected(made.error());
}

void AddLoss(google::protobuf::RepeatedPtrField<pb::MetricValue>& values, int step) {
  pb::MetricValue& value = *values.Add();
  value.set_name("loss");
  value.set_value("0." + std::to_string(step));
  value.set_step(step);
}

/// Trains one trial. @param next  is asked with its end if it has an experiment
Result<pb::TellResponse> Train(SmallDaemon& daemon, const pb::GivenTrial& given,
                               const pb::AskRequest& next) {
  for (int step = 1; step <= kReports; ++step) {
    pb::ReportRequest report;
    report.set_trial(given.trial());
    report.set_attempt(given.attempt());
    AddLoss(*report.mutable_values(), step);
    const auto told = daemon.WaitFor<pb::ReportResponse>(
        report, [&](const auto& answer) { daemon.apis().workers->Report(report, answer); });
    if (!told) {
      return tl::make_unexpected(told.error());
    }
  }
  pb::TellRequest tell;
  if (!next.experiment().empty()) {
    *tell.mutable_next() = next;
  }
  tell.set_trial(given.trial());
  tell.set_attempt(given.attempt());
  tell.set_state(pb::TellRequest::SUCCEEDED);
  AddLoss(*tell.mutable_values(), kReports + 1);
  return daemon.WaitFor<pb::TellResponse>(
      tell, [&](const auto& answer) { daemon.apis().workers->Tell(tell, answer, {}); });
}

/// Asks for trials until there are no more. @param together  an end and the next question are one
/// call
std::string Work(SmallDaemon& daemon, const std::string& name, bool together) {
  pb::AskRequest ask;
  ask.set_experiment(name);
  ask.mutable_wait()->set_seconds(1);
  pb::AskResponse asked;
  while (!asked.ended()) {
    if (asked.trials().empty()) {
      auto answer = daemon.WaitFor<pb::AskResponse>(
          ask, [&](const auto& give) { daemon.apis().workers->Ask(ask, give, {}); });
      if (!answer) {
        return answer.error().Text();
      }
      asked = *std::move(answer);
      continue;
    }
    auto told = Train(daemon, asked.trials(0), together ? ask : pb::AskRequest());
    if (!told) {
      return told.error().Text();
    }
    asked = std::move(*told->mutable_next());
  }
  return "";
}

/// Follows an experiment to its end; its events must come one after the other.
std::string Follow(SmallDaemon& daemon, const std::string& name) {
  pb::WatchRequest request;
  request.set_name(name);
  const auto source = Watch(daemon.parts(), Caller{}, request);
  if (!source) {
    return source.error().Text();
  }
  for (std::int64_t seq = 0;;) {
    const auto found = (*source)->Next();
    if (!found) {
      return found.error().Text();
    }
    for (const Told& told : *found) {
      pb::WatchResponse event;
      if (!event.ParseFromString(*told) || event.seq() != ++seq) {
        return "event " + std::to_string(event.seq()) + " instead of " + std::to_string(seq);
      }
      if (event.kind() == "ExperimentEnded") {
        return "";
      }
    }
    if (found->empty()) {
      const auto woken = std::make_shared<std::promise<void>>();  // with who wakes
      (*source)->Await([woken] { woken->set_value(); });
      woken->get_future().wait();
    }
  }
}

Result<pb::ListTrialsResponse> TrialsOf(SmallDaemon& daemon, const std::string& name) {
  pb::ListTrialsRequest request;
  request.set_experiment(name);
  return daemon.Wait<pb::ListTrialsResponse>(
      [&](const auto& answer) { daemon.apis().experiments.ListTrials(request, answer); });
}

/// The values of a trial, by pages of two.
Result<std::vector<std::string>> ValuesOf(SmallDaemon& daemon, const std::string& trial) {
  pb::GetMetricsRequest request;
  request.set_trial(trial);
  request.set_page_size(2);
  std::vector<std::string> values;
  do {
    HONE_ASSIGN_OR_RETURN(const auto page,
                          daemon.Wait<pb::GetMetricsResponse>([&](const auto& answer) {
                            daemon.apis().experiments.Metrics(request, answer);
                          }));
    for (const pb::MetricValue& value : page.values()) {
      values.push_back(value.value());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return values;
}

int HttpStatus(SmallDaemon& daemon, const std::string& path) {
  const auto status = std::make_shared<std::promise<int>>();  // with the answer
  daemon.rest().Handle(
      {.method = "GET", .path = path, .query = {}, .body = ""},
      [status](const HttpResponse& response) { status->set_value(response.status); });
  return status->get_future().get();
}

/// Looks at everything, again and again.
std::string Look(SmallDaemon& daemon, const std::atomic<bool>& over) {
  while (!over) {
    for (const std::string& name : kNames) {
      const auto trials = TrialsOf(daemon, name);
      if (!trials) {
        return trials.error().Text();
      }
      if (trials->trials_size() > 0) {
        const auto values = ValuesOf(daemon, trials->trials(0).name());
        if (!values) {
          return values.error().Text();
        }
      }
    }
    for (const char* const path :
         {"/api/v1/experiments", "/api/v1/experiments/first", "/metrics"}) {
      if (const int status = HttpStatus(daemon, path); status != 200) {
        return std::string(path) + " gave " + std::to_string(status);
      }
    }
  }
  return "";
}

TEST_CASE("daemon: workers, watchers and readers at a time see one truth", "[api]") {
  SmallDaemon daemon;
  for (const std::string& name : kNames) {
    REQUIRE(Create(daemon, name));
  }
  std::atomic<bool> over = false;
  std::vector<std::future<std::string>> clients;
  std::vector<std::future<std::string>> lookers;
  for (int i = 0; i < kWorkers + kWatchers; ++i) {
    clients.push_back(std::async(std::launch::async, [&, i] {
      const std::string& name = kNames[i % 2];
      return i < kWorkers ? Work(daemon, name, i % 4 < 2) : Follow(daemon, name);
    }));
  }
  for (int i = 0; i < 2; ++i) {
    lookers.push_back(std::async(std::launch::async, [&] { return Look(daemon, over); }));
  }
  for (auto& client : clients) {
    CHECK(client.get().empty());
  }
  over = true;
  for (auto& looker : lookers) {
    CHECK(looker.get().empty());
  }
  for (const std::string& name : kNames) {
    const auto trials = TrialsOf(daemon, name).value();
    CHECK(trials.trials_size() == kTrials);
    std::size_t whole = 0;
    for (const pb::Trial& trial : trials.trials()) {
      const std::vector<std::string> all{"0.1", "0.2", "0.3", "0.4"};
      whole += trial.phase() == "Succeeded" && ValuesOf(daemon, trial.name()).value() == all;
    }
    CHECK(whole == std::size_t{kTrials});
  }
}

}  // namespace
}  // namespace hone::daemon
