// SPDX-License-Identifier: Apache-2.0
// Many clients of one `hone serve` at a time: watchers, and workers that ask, report and tell.
// serve_load ADDRESS HTTP_PORT WATCHERS WORKERS SECONDS THINK_MS EXPERIMENTS: prints one line of
// JSON; ends with 1, and the first errors on stderr, if a call failed or a watcher missed an event.
// HTTP_PORT 0: nobody asks for /healthz. THINK_MS -1: nothing is reported, the value is told; -2:
// and the next question goes along with it.
#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "api/proto/hone/v1/hone.grpc.pb.h"
#include "base/executor.h"
#include "base/guarded.h"

namespace {

namespace pb = ::hone::v1;
using Clock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kChannels = 16;
constexpr int kArguments = 7;
constexpr std::size_t kMostErrors = 5;

/// What all clients share.
struct Load {
  std::atomic<bool> ending = false;
  std::atomic<std::int64_t> running = 0;  // clients that have not ended
  std::atomic<std::int64_t> told = 0;     // trials
  std::atomic<std::int64_t> events = 0;
  std::atomic<std::int64_t> failed = 0;
  hone::Guarded<std::vector<std::string>> errors;
  hone::AsioExecutor timers{"think", 1};

  void Fail(const std::string& what) {
    ++failed;
    errors.WithLock([&](auto& all) {
      if (all.size() < kMostErrors) {
        all.push_back(what);
      }
    });
  }
};

/// Follows one experiment from its beginning; its events must come one after the other.
class Watcher final : public grpc::ClientReadReactor<pb::WatchResponse> {
 public:
  Watcher(Load& load, pb::Experiments::Stub& stub, const std::string& experiment) : load_(load) {
    request_.set_name(experiment);
    stub.async()->Watch(&context_, &request_, this);
    StartRead(&response_);
    ++load_.running;
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) {
      return;
    }
    ++load_.events;
    if (response_.seq() != seq_ + 1) {
      load_.Fail("a watcher got event " + std::to_string(response_.seq()) + " after " +
                 std::to_string(seq_));
    }
    seq_ = response_.seq();
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    if (!load_.ending) {
      load_.Fail("watch: " + status.error_message());
    }
    --load_.running;
  }
  void End() { context_.TryCancel(); }

 private:
  Load& load_;
  grpc::ClientContext context_;
  pb::WatchRequest request_;
  pb::WatchResponse response_;
  std::int64_t seq_ = 0;
};

/// Asks for a trial, reports a value of it after a while, tells its end, and again.
class Worker {
 public:
  Worker(Load& load, pb::Workers::Stub& stub, const std::string& experiment, milliseconds think)
      : load_(load), stub_(stub), think_(think) {
    ask_.set_experiment(experiment);
    ask_.mutable_wait()->set_seconds(1);
    ++load_.running;
    Ask();
  }

 private:
  grpc::ClientContext* Fresh() {
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    return context_.get();
  }
  /// @returns whether to go on
  bool Goes(const grpc::Status& status, const char* what) {
    if (!status.ok()) {
      load_.Fail(std::string(what) + ": " + status.error_message());
    }
    if (load_.ending || !status.ok()) {
      --load_.running;
      return false;
    }
    return true;
  }

  bool Together() const { return think_ < milliseconds(-1); }
  void Ask() {
    stub_.async()->Ask(Fresh(), &ask_, &asked_, [this](const grpc::Status& status) {
      if (Goes(status, "ask")) {
        asked_.trials().empty() ? Ask() : Think();
      }
    });
  }
  void Think() {
    if (think_ < milliseconds(0)) {
      return Tell();
    }
    think_ == milliseconds(0) ? Report() : load_.timers.PostAfter(think_, [this] { Report(); });
  }
  static void AddLoss(google::protobuf::RepeatedPtrField<pb::MetricValue>& values) {
    values.Clear();
    pb::MetricValue& value = *values.Add();
    value.set_name("loss");
    value.set_value("0.5");
    value.set_step(1);
  }
  void Report() {
    report_.set_trial(asked_.trials(0).trial());
    report_.set_attempt(asked_.trials(0).attempt());
    AddLoss(*report_.mutable_values());
    stub_.async()->Report(Fresh(), &report_, &reported_, [this](const grpc::Status& status) {
      if (Goes(status, "report")) {
        Tell();
      }
    });
  }
  void Tell() {
    tell_.set_trial(asked_.trials(0).trial());
    tell_.set_attempt(asked_.trials(0).attempt());
    AddLoss(*tell_.mutable_values());
    tell_.set_state(pb::TellRequest::SUCCEEDED);
    if (Together()) {
      *tell_.mutable_next() = ask_;
    }
    stub_.async()->Tell(Fresh(), &tell_, &answer_, [this](const grpc::Status& status) {
      if (Goes(status, "tell")) {
        ++load_.told;
        asked_.Swap(answer_.mutable_next());
        asked_.trials().empty() ? Ask() : Think();
      }
    });
  }

  Load& load_;
  pb::Workers::Stub& stub_;
  milliseconds think_;
  std::unique_ptr<grpc::ClientContext> context_;
  pb::AskRequest ask_;
  pb::AskResponse asked_;
  pb::ReportRequest report_;
  pb::ReportResponse reported_;
  pb::TellRequest tell_;
  pb::TellResponse answer_;
};

/// One GET /healthz on a connection of its own. @returns nothing: it was not answered with 200
bool Healthy(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string ask = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
      ::send(fd, ask.data(), ask.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(ask.size())) {
    char part[1024];
    for (ssize_t got = 1; got > 0;) {
      got = ::recv(fd, part, sizeof part, 0);
      answer.append(part, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
  }
  ::close(fd);
  return answer.starts_with("HTTP/1.1 200");
}

/// Asks for the health every 20 ms. @returns microseconds, sorted
std::vector<std::int64_t> ProbeHealth(Load& load, int port) {
  std::vector<std::int64_t> took;
  while (port > 0 && !load.ending) {
    const auto begin = Clock::now();
    if (!Healthy(port)) {
      load.Fail("healthz did not answer with 200");
    }
    took.push_back(duration_cast<microseconds>(Clock::now() - begin).count());
    std::this_thread::sleep_for(milliseconds(20));
  }
  std::ranges::sort(took);
  return took;
}

std::string Document(const std::string& name, int parallel) {
  return "{apiVersion: kubeflow.org/v1beta1, kind: Experiment, metadata: {name: " + name +
         "}, spec: {runner: {kind: AskTell}, objective: {type: minimize, objectiveMetricName: "
         "loss}, algorithm: {algorithmName: random}, parallelTrialCount: " +
         std::to_string(parallel) +
         ", maxTrialCount: 1000000, maxFailedTrialCount: 1000000, parameters: [{name: x, "
         "parameterType: double, feasibleSpace: {min: '0', max: '1'}}]}}";
}

bool Create(pb::Experiments::Stub& stub, const std::string& name, int parallel) {
  grpc::ClientContext context;
  pb::CreateExperimentRequest request;
  request.set_document(Document(name, parallel));
  pb::Experiment experiment;
  const grpc::Status status = stub.Create(&context, request, &experiment);
  if (!status.ok()) {
    std::fprintf(stderr, "create %s: %s\n", name.c_str(), status.error_message().c_str());
  }
  return status.ok();
}

struct Plan {
  std::string address;
  int http_port;
  int watchers;
  int workers;
  int seconds;
  int think_ms;
  int experiments;
};

std::int64_t At(const std::vector<std::int64_t>& sorted, double quantile) {
  return sorted.empty()
             ? 0
             : sorted[static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * quantile)];
}

std::vector<std::shared_ptr<grpc::Channel>> Channels(const std::string& address) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < kChannels; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("hone.load.channel", i);  // so that each has a connection of its own
    channels.push_back(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  }
  return channels;
}

int Run(const Plan& plan) {
  Load load;
  std::vector<std::unique_ptr<pb::Experiments::Stub>> experiments;
  std::vector<std::unique_ptr<pb::Workers::Stub>> workers;
  for (const auto& channel : Channels(plan.address)) {
    experiments.push_back(pb::Experiments::NewStub(channel));
    workers.push_back(pb::Workers::NewStub(channel));
  }
  const std::string prefix = "load" + std::to_string(::getpid()) + "x";
  const auto name_of = [&](int i) { return prefix + std::to_string(i % plan.experiments); };
  for (int i = 0; i < plan.experiments; ++i) {
    if (!Create(*experiments.front(), name_of(i), std::max(plan.workers, 1))) {
      return 1;
    }
  }
  std::deque<Watcher> watching;
  std::deque<Worker> working;
  for (int i = 0; i < plan.watchers; ++i) {
    watching.emplace_back(load, *experiments[static_cast<std::size_t>(i % kChannels)], name_of(i));
  }
  const auto begin = Clock::now();
  for (int i = 0; i < plan.workers; ++i) {
    working.emplace_back(load, *workers[static_cast<std::size_t>(i % kChannels)], name_of(i),
                         milliseconds(plan.think_ms));
  }
  std::vector<std::int64_t> health;
  std::thread prober([&] { health = ProbeHealth(load, plan.http_port); });
  std::this_thread::sleep_for(std::chrono::seconds(plan.seconds));
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const std::int64_t told = load.told;
  load.ending = true;
  prober.join();
  for (Watcher& watcher : watching) {
    watcher.End();
  }
  const auto patience = Clock::now() + std::chrono::seconds(60);
  while (load.running > 0 && Clock::now() < patience) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  std::printf(
      "{\"watchers\": %d, \"workers\": %d, \"seconds\": %.1f, \"told\": %lld, \"per_second\": "
      "%.1f, "
      "\"events\": %lld, \"failed\": %lld, \"healthz_ms\": {\"count\": %zu, \"p50\": %.2f, "
      "\"p99\": %.2f, \"max\": %.2f}}\n",
      plan.watchers, plan.workers, seconds, static_cast<long long>(told),
      static_cast<double>(told) / seconds, static_cast<long long>(load.events.load()),
      static_cast<long long>(load.failed.load()), health.size(),
      static_cast<double>(At(health, 0.5)) / 1000, static_cast<double>(At(health, 0.99)) / 1000,
      static_cast<double>(At(health, 1)) / 1000);
  std::fflush(stdout);
  for (const std::string& error : load.errors.WithLock([](const auto& all) { return all; })) {
    std::fprintf(stderr, "%s\n", error.c_str());
  }
  const bool good = load.failed == 0 && load.running == 0;
  if (load.running > 0) {
    std::fprintf(stderr, "%lld clients did not end\n", static_cast<long long>(load.running));
    std::_Exit(1);  // their reactors are still in use
  }
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != kArguments + 1) {
    std::fputs("serve_load ADDRESS HTTP_PORT WATCHERS WORKERS SECONDS THINK_MS EXPERIMENTS\n",
               stderr);
    return 2;
  }
  return Run({argv[1], std::atoi(argv[2]), std::atoi(argv[3]), std::atoi(argv[4]),
              std::atoi(argv[5]), std::atoi(argv[6]), std::atoi(argv[7])});
}
