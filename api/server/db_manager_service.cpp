// SPDX-License-Identifier: Apache-2.0
#include "api/server/db_manager_service.h"

#include <string>
#include <utility>

#include "api/proto/checked_call.h"
#include "api/proto/katib_v1beta1.grpc.pb.h"
#include "api/proto/message_bytes.h"
#include "base/log.h"
#include "base/text.h"

namespace hone {
namespace {

namespace pb = ::api::v1::beta1;
using Bytes = grpc::ByteBuffer;
using Base = pb::DBManager::WithRawCallbackMethod_ReportObservationLog<
    pb::DBManager::WithRawCallbackMethod_GetObservationLog<
        pb::DBManager::WithRawCallbackMethod_DeleteObservationLog<pb::DBManager::Service>>>;

// Of Katib's columns, VARCHAR(255), so that what is kept here fits there.
constexpr std::size_t kLongestName = 255;
// A status travels in a header of HTTP/2, and clients take 8 KiB of those.
constexpr std::size_t kLongestMessage = 2000;

grpc::Status ToGrpc(const Status& status) {
  if (status) {
    return grpc::Status::OK;
  }
  const std::string message = Printable(status.error().Text(), kLongestMessage);
  HONE_LOG(kInfo, "request_refused", {"code", CodeName(status.error().code)}, {"why", message});
  return {static_cast<grpc::StatusCode>(status.error().code), message};
}

Status CheckName(const std::string& name, const std::string& field) {
  if (name.empty() || name.size() > kLongestName) {
    return Fail(Code::kInvalidArgument,
                "must have 1 to " + std::to_string(kLongestName) + " bytes, not " +
                    std::to_string(name.size()),
                field);
  }
  return {};
}

Result<Timestamp> ParseTime(const std::string& text, const std::string& field) {
  auto time = ParseTimestamp(text);
  if (!time) {
    return Fail(Code::kInvalidArgument, time.error().message, field);
  }
  return *time;
}

/// Entries without a time are left out, as Katib does.
Result<std::vector<LoggedMetric>> ReadLog(const pb::ObservationLog& log) {
  std::vector<LoggedMetric> metrics;
  for (int i = 0; i < log.metric_logs_size(); ++i) {
    const pb::MetricLog& entry = log.metric_logs(i);
    const std::string field = "observation_log.metric_logs[" + std::to_string(i) + "]";
    if (entry.time_stamp().empty()) {
      continue;
    }
    HONE_ASSIGN_OR_RETURN(const Timestamp at, ParseTime(entry.time_stamp(), field + ".time_stamp"));
    HONE_RETURN_IF_ERROR(CheckName(entry.metric().name(), field + ".metric.name"));
    metrics.push_back({at, entry.metric().name(), entry.metric().value()});
  }
  return metrics;
}

Result<LogQuery> ReadQuery(const pb::GetObservationLogRequest& request) {
  LogQuery query{request.trial_name(), request.metric_name(), {}, {}};
  if (!request.start_time().empty()) {
    HONE_ASSIGN_OR_RETURN(query.from, ParseTime(request.start_time(), "start_time"));
  }
  if (!request.end_time().empty()) {
    HONE_ASSIGN_OR_RETURN(query.until, ParseTime(request.end_time(), "end_time"));
  }
  return query;
}

/// As Go's RFC3339Nano: without the zeros at the end of the fraction.
std::string TimeText(Timestamp at) {
  std::string text = FormatMicros(at);
  text.pop_back();  // Z
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) {
    text.pop_back();
  }
  return text + "Z";
}

class DbManagerService final : public Base {
 public:
  DbManagerService(ObservationLogs& logs, Executor& readers, CallCheck check)
      : logs_(logs), readers_(readers), check_(std::move(check)) {}

  grpc::ServerUnaryReactor* ReportObservationLog(grpc::CallbackServerContext* context,
                                                 const Bytes* bytes, Bytes* reply) override {
    if (auto* const refused =
            RefusedCall(check_, *context, "api.v1.beta1.DBManager/ReportObservationLog")) {
      return refused;
    }
    const auto request = ParseMessage<pb::ReportObservationLogRequest>(*bytes);
    if (request == nullptr) {
      return RefuseBytes(*context);
    }
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    auto metrics = ReadLog(request->observation_log());
    const Status named = CheckName(request->trial_name(), "trial_name");
    if (!named || !metrics) {
      reactor->Finish(ToGrpc(named ? tl::make_unexpected(metrics.error()) : named));
    } else if (metrics->empty()) {
      reactor->Finish(SerializeMessage(pb::ReportObservationLogReply(), *reply));
    } else {
      logs_.Report(request->trial_name(), *std::move(metrics),
                   Finisher<pb::ReportObservationLogReply>(reactor, reply));
    }
    return reactor;
  }

  grpc::ServerUnaryReactor* GetObservationLog(grpc::CallbackServerContext* context,
                                              const Bytes* bytes, Bytes* reply) override {
    if (auto* const refused =
            RefusedCall(check_, *context, "api.v1.beta1.DBManager/GetObservationLog")) {
      return refused;
    }
    const auto request = ParseMessage<pb::GetObservationLogRequest>(*bytes);
    if (request == nullptr) {
      return RefuseBytes(*context);
    }
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    readers_.Post([this, request, reply, reactor] { reactor->Finish(Read(*request, *reply)); });
    return reactor;
  }

  grpc::ServerUnaryReactor* DeleteObservationLog(grpc::CallbackServerContext* context,
                                                 const Bytes* bytes, Bytes* reply) override {
    if (auto* const refused =
            RefusedCall(check_, *context, "api.v1.beta1.DBManager/DeleteObservationLog")) {
      return refused;
    }
    const auto request = ParseMessage<pb::DeleteObservationLogRequest>(*bytes);
    if (request == nullptr) {
      return RefuseBytes(*context);
    }
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    logs_.Delete(request->trial_name(), Finisher<pb::DeleteObservationLogReply>(reactor, reply));
    return reactor;
  }

 private:
  template <class Reply>
  static ObservationLogs::Done Finisher(grpc::ServerUnaryReactor* reactor, Bytes* reply) {
    return [reactor, reply](const Status& status) {
      reactor->Finish(status ? SerializeMessage(Reply(), *reply) : ToGrpc(status));
    };
  }

  grpc::Status Read(const pb::GetObservationLogRequest& request, Bytes& bytes) {
    const auto query = ReadQuery(request);
    if (!query) {
      return ToGrpc(tl::make_unexpected(query.error()));
    }
    const auto found = logs_.Get(*query);
    if (!found) {
      return ToGrpc(tl::make_unexpected(found.error()));
    }
    pb::GetObservationLogReply reply;
    reply.mutable_observation_log();  // there even if empty
    for (const LoggedMetric& metric : *found) {
      pb::MetricLog& entry = *reply.mutable_observation_log()->add_metric_logs();
      entry.set_time_stamp(TimeText(metric.at));
      entry.mutable_metric()->set_name(metric.metric);
      entry.mutable_metric()->set_value(metric.value);
    }
    return SerializeMessage(reply, bytes);
  }

  ObservationLogs& logs_;
  Executor& readers_;
  CallCheck check_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeDbManagerService(ObservationLogs& logs, Executor& readers,
                                                    CallCheck check) {
  return std::make_shared<DbManagerService>(logs, readers, std::move(check));
}

}  // namespace hone
