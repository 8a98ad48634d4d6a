// SPDX-License-Identifier: Apache-2.0
// The service over real sockets, in this process, with its SQLite file.
#include "api/server/db_manager_service.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <future>
#include <thread>

#include "api/proto/katib_v1beta1.grpc.pb.h"
#include "api/server/grpc_host.h"
#include "base/executor.h"
#include "base/rng.h"
#include "store/sqlite/observation_logs.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"

namespace hone {
namespace {

namespace pb = ::api::v1::beta1;
using grpc::StatusCode;

struct Entry {
  std::string time;
  std::string metric;
  std::string value;
  bool operator==(const Entry&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Entry& entry) {
  return out << entry.time << " " << entry.metric << "=" << entry.value;
}

class Served {
 public:
  explicit Served(const std::filesystem::path& folder) {
    auto logs = OpenObservationLogs(folder / "logs.db");
    INFO((logs ? "" : logs.error().Text()));
    REQUIRE(logs.has_value());
    logs_ = *std::move(logs);
    GrpcHost::Options options;
    options.listen.host = "127.0.0.1";
    auto host = GrpcHost::Start(options, {MakeDbManagerService(*logs_, readers_)});
    REQUIRE(host.has_value());
    host_ = *std::move(host);
    channel_ = grpc::CreateChannel(host_->address().Text(), grpc::InsecureChannelCredentials());
    stub_ = pb::DBManager::NewStub(channel_);
  }

  /// Any bytes to any method.
  StatusCode Send(const std::string& method, const std::string& bytes) {
    grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer reply;
    grpc::ClientContext context;
    std::promise<StatusCode> done;
    grpc::GenericStub(channel_).UnaryCall(
        &context, "/api.v1.beta1.DBManager/" + method, {}, &request, &reply,
        [&](const grpc::Status& status) { done.set_value(status.error_code()); });
    return done.get_future().get();
  }

  grpc::Status Report(const std::string& trial, const std::vector<Entry>& entries) {
    pb::ReportObservationLogRequest request;
    request.set_trial_name(trial);
    for (const Entry& entry : entries) {
      pb::MetricLog& log = *request.mutable_observation_log()->add_metric_logs();
      log.set_time_stamp(entry.time);
      log.mutable_metric()->set_name(entry.metric);
      log.mutable_metric()->set_value(entry.value);
    }
    grpc::ClientContext context;
    pb::ReportObservationLogReply reply;
    return stub_->ReportObservationLog(&context, request, &reply);
  }

  std::pair<grpc::Status, std::vector<Entry>> Get(const pb::GetObservationLogRequest& request) {
    grpc::ClientContext context;
    pb::GetObservationLogReply reply;
    const grpc::Status status = stub_->GetObservationLog(&context, request, &reply);
    std::vector<Entry> entries;
    for (const pb::MetricLog& log : reply.observation_log().metric_logs()) {
      entries.push_back({log.time_stamp(), log.metric().name(), log.metric().value()});
    }
    return {status, entries};
  }

  std::vector<Entry> All(const std::string& trial) {
    pb::GetObservationLogRequest request;
    request.set_trial_name(trial);
    const auto [status, entries] = Get(request);
    CHECK(status.ok());
    return entries;
  }

  StatusCode Delete(const std::string& trial) {
    grpc::ClientContext context;
    pb::DeleteObservationLogRequest request;
    request.set_trial_name(trial);
    pb::DeleteObservationLogReply reply;
    return stub_->DeleteObservationLog(&context, request, &reply).error_code();
  }

 private:
  std::unique_ptr<ObservationLogs> logs_;
  AsioExecutor readers_{"readers", 1};
  std::unique_ptr<GrpcHost> host_;
  std::shared_ptr<grpc::Channel> channel_;  // as gRPC hands it out
  std::unique_ptr<pb::DBManager::Stub> stub_;
};

TEST_CASE("db-manager: logs are kept verbatim, in the order of time and then of reporting",
          "[api]") {
  const testing::TempFolder folder;
  {
    Served served(folder.path());
    CHECK(served
              .Report("t1", {{"2026-01-31T12:00:02Z", "loss", "0.5"},
                             {"2026-01-31T13:00:01.25+01:00", "acc", "unavailable"},
                             {"2026-01-31T12:00:02Z", "loss", " 0.50 "},
                             {"", "loss", "no time"},
                             {"2026-01-31T12:00:02.000001Z", "loss", ""}})
              .ok());
    CHECK(served.Report("t1", {{"2026-01-31T12:00:02Z", "loss", "0.5"}}).ok());  // kept twice
    CHECK(served.Report("t2", {{"2026-01-31T12:00:00Z", "loss", "1"}}).ok());
    CHECK(served.Report("t2", {}).ok());
  }
  Served again(folder.path());  // after a restart
  CHECK(again.All("t1") == std::vector<Entry>{{"2026-01-31T12:00:01.25Z", "acc", "unavailable"},
                                              {"2026-01-31T12:00:02Z", "loss", "0.5"},
                                              {"2026-01-31T12:00:02Z", "loss", " 0.50 "},
                                              {"2026-01-31T12:00:02Z", "loss", "0.5"},
                                              {"2026-01-31T12:00:02.000001Z", "loss", ""}});
  CHECK(again.Delete("t1") == StatusCode::OK);
  CHECK(again.Delete("t1") == StatusCode::OK);
  CHECK(again.All("t1").empty());
  CHECK(again.All("t2").size() == 1);
}

TEST_CASE("db-manager: a log by metric and by window, both ends included", "[api]") {
  const testing::TempFolder folder;
  Served served(folder.path());
  std::vector<Entry> entries;
  for (int second = 0; second < 10; ++second) {
    const std::string at = "2026-01-31T12:00:0" + std::to_string(second) + "Z";
    entries.push_back({at, second % 2 == 0 ? "loss" : "acc", std::to_string(second)});
  }
  REQUIRE(served.Report("t", entries).ok());
  struct Case {
    const char* metric;
    const char* from;
    const char* until;
    std::string values;
  };
  const Case cases[] = {
      {"", "", "", "0123456789"},
      {"loss", "", "", "02468"},
      {"los", "", "", ""},
      {"", "2026-01-31T12:00:03Z", "2026-01-31T12:00:05Z", "345"},
      {"", "2026-01-31T12:00:03.5Z", "", "456789"},
      {"acc", "", "2026-01-31T13:00:03+01:00", "13"},
      {"", "2026-01-31T12:00:05Z", "2026-01-31T12:00:03Z", ""},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.metric << " from " << c.from << " until " << c.until) {
      pb::GetObservationLogRequest request;
      request.set_trial_name("t");
      request.set_metric_name(c.metric);
      request.set_start_time(c.from);
      request.set_end_time(c.until);
      const auto [status, found] = served.Get(request);
      CHECK(status.ok());
      std::string values;
      for (const Entry& entry : found) {
        values += entry.value;
      }
      CHECK(values == c.values);
    }
  }
}

TEST_CASE("db-manager: what makes no sense is refused, and nothing of it is kept", "[api]") {
  const testing::TempFolder folder;
  Served served(folder.path());
  const Entry good{"2026-01-31T12:00:00Z", "loss", "1"};
  const grpc::Status bad_time = served.Report("t", {good, {"yesterday", "loss", "2"}});
  CHECK(bad_time.error_code() == StatusCode::INVALID_ARGUMENT);
  CHECK(bad_time.error_message().find("observation_log.metric_logs[1].time_stamp") !=
        std::string::npos);
  CHECK(served.Report("", {good}).error_code() == StatusCode::INVALID_ARGUMENT);
  CHECK(served.Report(std::string(256, 't'), {good}).error_code() == StatusCode::INVALID_ARGUMENT);
  CHECK(served.Report("t", {{good.time, "", "1"}}).error_code() == StatusCode::INVALID_ARGUMENT);
  CHECK(served.All("t").empty());
  pb::GetObservationLogRequest request;
  request.set_end_time("never");
  CHECK(served.Get(request).first.error_code() == StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("db-manager: bytes of any kind get an answer, and what was kept stays", "[api]") {
  const testing::TempFolder folder;
  Served served(folder.path());
  REQUIRE(served.Report("kept", {{"2026-01-31T12:00:00Z", "loss", "1"}}).ok());
  pb::ReportObservationLogRequest whole;
  whole.set_trial_name("t");
  for (int i = 0; i < 3; ++i) {
    pb::MetricLog& log = *whole.mutable_observation_log()->add_metric_logs();
    log.set_time_stamp("2026-01-31T12:00:00Z");
    log.mutable_metric()->set_name("loss");
    log.mutable_metric()->set_value("1");
  }
  const std::string good = whole.SerializeAsString();
  for (const char* const method :
       {"ReportObservationLog", "GetObservationLog", "DeleteObservationLog"}) {
    CHECK(served.Send(method, "\xff\xff\xff") == StatusCode::INVALID_ARGUMENT);
    Rng rng(1, Scope::Experiment(), Purpose::kSimulation);
    for (int i = 0; i < 100; ++i) {
      std::string bytes = good;
      if (i % 2 == 0) {  // a few bytes changed, perhaps the end cut off
        for (std::uint32_t k = 0; k <= rng.Below(4); ++k) {
          bytes[rng.Below(static_cast<std::uint32_t>(bytes.size()))] = static_cast<char>(rng());
        }
        bytes.resize(bytes.size() - (i % 4 == 0 ? rng.Below(20) : 0));
      } else {
        bytes.resize(rng.Below(200));
        std::ranges::generate(bytes, [&] { return static_cast<char>(rng()); });
      }
      const StatusCode code = served.Send(method, bytes);
      CHECK((code == StatusCode::OK || code == StatusCode::INVALID_ARGUMENT));
    }
  }
  CHECK(served.All("kept").size() == 1);
}

TEST_CASE("db-manager: many reporters at once lose nothing", "[api]") {
  const testing::TempFolder folder;
  Served served(folder.path());
  std::vector<int> failed(8);
  {
    std::vector<std::jthread> reporters;
    for (std::size_t r = 0; r < failed.size(); ++r) {
      reporters.emplace_back([&served, &mine = failed[r], r] {
        for (int i = 0; i < 20; ++i) {
          const Entry entry{"2026-01-31T12:00:00Z", "loss", std::to_string(i)};
          mine += served.Report("t" + std::to_string(r), {entry, entry}).ok() ? 0 : 1;
        }
      });
    }
  }
  for (std::size_t r = 0; r < failed.size(); ++r) {
    CHECK(failed[r] == 0);
    CHECK(served.All("t" + std::to_string(r)).size() == 40);
  }
}

}  // namespace
}  // namespace hone
