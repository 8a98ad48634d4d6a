// SPDX-License-Identifier: Apache-2.0
// Reports of metrics from many clients at a time, and the same rows as plain inserts.
//   report_log grpc ADDRESS CLIENTS ROWS SECONDS    DBManager.ReportObservationLog, ROWS a call
//   report_log sql URL CLIENTS ROWS SECONDS         a connection each, an INSERT of ROWS rows
// Prints one line of JSON: calls and rows a second.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <pqxx/pqxx>
#include <string>
#include <thread>
#include <vector>

#include "api/proto/katib_v1beta1.grpc.pb.h"

namespace {

namespace pb = ::api::v1::beta1;
using Clock = std::chrono::steady_clock;

struct Plan {
  std::string target;
  int clients;
  int rows;
  int seconds;
};

/// What one client does again and again.
using Call = std::function<void()>;

Call Reporting(const Plan& plan, int client) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("hone.load.channel", client);  // so that each has a connection of its own
  const std::shared_ptr<pb::DBManager::Stub> stub = pb::DBManager::NewStub(
      grpc::CreateCustomChannel(plan.target, grpc::InsecureChannelCredentials(), arguments));
  pb::ReportObservationLogRequest request;
  request.set_trial_name("trial-" + std::to_string(client));
  for (int i = 0; i < plan.rows; ++i) {
    pb::MetricLog& log = *request.mutable_observation_log()->add_metric_logs();
    log.set_time_stamp("2024-05-01T00:00:00.123456Z");
    log.mutable_metric()->set_name("loss");
    log.mutable_metric()->set_value("0.12345");
  }
  return [stub, request] {
    grpc::ClientContext context;
    pb::ReportObservationLogReply reply;
    const grpc::Status status = stub->ReportObservationLog(&context, request, &reply);
    if (!status.ok()) {
      std::fprintf(stderr, "report: %s\n", status.error_message().c_str());
      std::_Exit(1);
    }
  };
}

Call Inserting(const Plan& plan, int client) {
  const auto connection = std::make_shared<pqxx::connection>(plan.target);
  std::string sql = "INSERT INTO observation_logs (trial_name, time, metric_name, value) VALUES ";
  for (int i = 0; i < plan.rows; ++i) {
    sql += (i == 0 ? "('trial-" : ", ('trial-") + std::to_string(client) +
           "', '2024-05-01 00:00:00.123456', 'loss', '0.12345')";
  }
  connection->prepare("rows", sql);
  return [connection] {
    pqxx::nontransaction alone(*connection);
    alone.exec_prepared("rows");
  };
}

int Run(const std::string& kind, const Plan& plan) {
  std::atomic<bool> ending = false;
  std::atomic<std::int64_t> calls = 0;
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (int i = 0; i < plan.clients; ++i) {
    threads.emplace_back([&, i] {
      const Call call = kind == "sql" ? Inserting(plan, i) : Reporting(plan, i);
      while (!ending) {
        call();
        ++calls;
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::seconds(plan.seconds));
  ending = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double rate = static_cast<double>(calls) / seconds;
  std::printf(
      "{\"kind\": \"%s\", \"clients\": %d, \"rows\": %d, \"calls_per_second\": %.1f, "
      "\"rows_per_second\": %.1f}\n",
      kind.c_str(), plan.clients, plan.rows, rate, rate * plan.rows);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kArguments = 5;
  if (argc != kArguments + 1) {
    std::fputs("report_log grpc|sql TARGET CLIENTS ROWS SECONDS\n", stderr);
    return 2;
  }
  return Run(argv[1], {argv[2], std::atoi(argv[3]), std::atoi(argv[4]), std::atoi(argv[5])});
}
