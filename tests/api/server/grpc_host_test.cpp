// SPDX-License-Identifier: Apache-2.0
// How a server ends while calls are under way.
#include "api/server/grpc_host.h"

#include <grpcpp/grpcpp.h>

#include <future>

#include "api/proto/katib_v1beta1.grpc.pb.h"
#include "api/server/db_manager_service.h"
#include "base/executor.h"
#include "base/guarded.h"
#include "tests/catch.h"

namespace hone {
namespace {

namespace pb = ::api::v1::beta1;
using namespace std::chrono_literals;
using grpc::StatusCode;

/// Keeps what waits for an answer until the test gives one.
class HeldLogs final : public ObservationLogs {
 public:
  void Report(std::string /*trial*/, std::vector<LoggedMetric> /*metrics*/, Done done) override {
    held_.WithLock([&](Done& held) { held = std::move(done); });
    arrived_.set_value();
  }
  Result<std::vector<LoggedMetric>> Get(const LogQuery& /*query*/) override {
    return std::vector<LoggedMetric>();
  }
  void Delete(std::string /*trial*/, Done done) override { done({}); }
  Status Check() override { return {}; }

  void AwaitReport() { arrived_.get_future().wait(); }
  void Answer() {
    const Done done = held_.WithLock([](Done& held) { return std::exchange(held, nullptr); });
    done({});
  }

 private:
  Guarded<Done> held_;
  std::promise<void> arrived_;
};

class Served {
 public:
  Served() {
    auto host = GrpcHost::Start({.listen = {.host = "127.0.0.1"}, .health_names = {}},
                                {MakeDbManagerService(logs, readers_)});
    REQUIRE(host.has_value());
    host_ = *std::move(host);
    stub_ = pb::DBManager::NewStub(
        grpc::CreateChannel(host_->address().Text(), grpc::InsecureChannelCredentials()));
  }

  /// A report that is held by the logs until they answer.
  std::future<StatusCode> ReportUnderWay() {
    auto code = std::async(std::launch::async, [this] {
      grpc::ClientContext context;
      pb::ReportObservationLogRequest request;
      request.set_trial_name("t");
      pb::MetricLog& log = *request.mutable_observation_log()->add_metric_logs();
      log.set_time_stamp("2026-01-31T12:00:00Z");
      log.mutable_metric()->set_name("loss");
      pb::ReportObservationLogReply reply;
      return stub_->ReportObservationLog(&context, request, &reply).error_code();
    });
    logs.AwaitReport();
    return code;
  }

  StatusCode Delete() {
    grpc::ClientContext context;
    pb::DeleteObservationLogReply reply;
    return stub_->DeleteObservationLog(&context, {}, &reply).error_code();
  }

  GrpcHost& host() { return *host_; }

  HeldLogs logs;

 private:
  AsioExecutor readers_{"readers", 1};
  std::unique_ptr<GrpcHost> host_;
  std::unique_ptr<pb::DBManager::Stub> stub_;
};

TEST_CASE("grpc host: a call that is under way when it drains gets its answer, new ones do not",
          "[api]") {
  Served served;
  CHECK(served.Delete() == StatusCode::OK);
  auto code = served.ReportUnderWay();
  auto drained = std::async(std::launch::async, [&] { served.host().Drain(60s); });
  while (served.Delete() == StatusCode::OK) {  // until it has begun to drain
  }
  const StatusCode refused = served.Delete();  // cancelled, if the connection still seemed good
  CHECK((refused == StatusCode::UNAVAILABLE || refused == StatusCode::CANCELLED));
  CHECK(drained.wait_for(0s) == std::future_status::timeout);
  served.logs.Answer();
  CHECK(code.get() == StatusCode::OK);
  drained.get();
}

TEST_CASE("grpc host: a call that does not end in time is cancelled for its caller", "[api]") {
  Served served;
  auto code = served.ReportUnderWay();
  auto drained = std::async(std::launch::async, [&] { served.host().Drain(10ms); });
  CHECK(code.get() != StatusCode::OK);
  served.logs.Answer();  // of work that nobody waits for any more
  drained.get();
}

}  // namespace
}  // namespace hone
