// SPDX-License-Identifier: Apache-2.0
#include "earlystop/server/early_stopping_service.h"

#include <chrono>
#include <string>
#include <utility>

#include "api/proto/bounded_work.h"
#include "api/proto/checked_call.h"
#include "api/proto/katib_v1beta1.grpc.pb.h"
#include "api/proto/message_bytes.h"
#include "base/last_used.h"
#include "base/log.h"
#include "base/text.h"
#include "earlystop/server/standing_rules.h"

namespace hone {
namespace {

namespace pb = ::api::v1::beta1;
using Bytes = grpc::ByteBuffer;
using Base = pb::EarlyStopping::WithRawCallbackMethod_GetEarlyStoppingRules<
    pb::EarlyStopping::WithRawCallbackMethod_SetTrialStatus<
        pb::EarlyStopping::WithRawCallbackMethod_ValidateEarlyStoppingSettings<
            pb::EarlyStopping::Service>>>;

constexpr std::size_t kMostDesks = 64;
// Reports of one metric of one trial; whoever asks names the service that gives them.
constexpr int kLargestLog = 64 << 20;
// A status travels in a header of HTTP/2, and clients take 8 KiB of those.
constexpr std::size_t kLongestMessage = 2000;
// Katib's controller waits 60 s for the rules. What was learnt by then is kept for its next try.
constexpr auto kLongestAnswer = std::chrono::seconds(50);
constexpr auto kLongestCall = std::chrono::seconds(10);

/// Where one experiment's requests are worked on.
struct Desk {
  std::shared_ptr<Executor> strand;
  std::unique_ptr<StandingRules> rules{};  // used on the strand only; null before the first request
  std::shared_ptr<grpc::Channel> channel{};
};

grpc::Status Refusal(std::string_view rpc, const Error& error) {
  const std::string message = Printable(error.Text(), kLongestMessage);
  HONE_LOG(kInfo, "request_refused", {"rpc", rpc}, {"code", CodeName(error.code)},
           {"why", message});
  return {static_cast<grpc::StatusCode>(error.code), message};
}

/// Logs of trials from the DBManager at the other end of a channel.
TrialLog LogOf(std::shared_ptr<grpc::Channel> channel) {
  const auto end = std::chrono::system_clock::now() + kLongestAnswer;
  return
      [channel = std::move(channel), end](
          const std::string& trial, const std::string& metric) -> Result<std::vector<std::string>> {
        pb::GetObservationLogRequest request;
        request.set_trial_name(trial);
        request.set_metric_name(metric);
        grpc::ClientContext context;
        context.set_deadline(std::min(end, std::chrono::system_clock::now() + kLongestCall));
        pb::GetObservationLogReply reply;
        const grpc::Status status =
            pb::DBManager::NewStub(channel)->GetObservationLog(&context, request, &reply);
        if (!status.ok()) {
          return Fail(Code::kUnavailable, "the db-manager: " + status.error_message());
        }
        std::vector<std::string> texts;
        for (const pb::MetricLog& entry : reply.observation_log().metric_logs()) {
          texts.push_back(entry.metric().value());
        }
        return texts;
      };
}

class EarlyStoppingService final : public Base {
 public:
  EarlyStoppingService(Executor& work, CallCheck check, std::optional<KubernetesAccount> account)
      : work_(work), check_(std::move(check)), account_(std::move(account)) {}

  grpc::ServerUnaryReactor* GetEarlyStoppingRules(grpc::CallbackServerContext* context,
                                                  const Bytes* bytes, Bytes* reply_bytes) override {
    if (auto* const refused =
            RefusedCall(check_, *context, "api.v1.beta1.EarlyStopping/GetEarlyStoppingRules")) {
      return refused;
    }
    const auto request = ParseMessage<pb::GetEarlyStoppingRulesRequest>(*bytes);
    if (request == nullptr) {
      return RefuseBytes(*context);
    }
    // The namespace is not told: experiments of one name are told apart by their content.
    const std::shared_ptr<Desk> desk = desks_.Find(
        request->db_manager_address() + '\n' + request->experiment().SerializeAsString(),
        [this] { return std::make_shared<Desk>(Desk{work_.MakeStrand()}); });
    return answers_.Run(context, *desk->strand, [desk, request, reply_bytes] {
      pb::GetEarlyStoppingRulesReply reply;
      const Status status = Answer(*desk, *request, reply);
      return status ? SerializeMessage(reply, *reply_bytes)
                    : Refusal("GetEarlyStoppingRules", status.error());
    });
  }

  grpc::ServerUnaryReactor* ValidateEarlyStoppingSettings(grpc::CallbackServerContext* context,
                                                          const Bytes* bytes,
                                                          Bytes* reply_bytes) override {
    if (auto* const refused = RefusedCall(
            check_, *context, "api.v1.beta1.EarlyStopping/ValidateEarlyStoppingSettings")) {
      return refused;
    }
    const auto request = ParseMessage<pb::ValidateEarlyStoppingSettingsRequest>(*bytes);
    if (request == nullptr) {
      return RefuseBytes(*context);
    }
    return answers_.Run(context, work_, [request, reply_bytes] {
      const Status status = StandingRules::Check(request->early_stopping());
      return status ? SerializeMessage(pb::ValidateEarlyStoppingSettingsReply(), *reply_bytes)
                    : Refusal("ValidateEarlyStoppingSettings", status.error());
    });
  }

  grpc::ServerUnaryReactor* SetTrialStatus(grpc::CallbackServerContext* context, const Bytes* bytes,
                                           Bytes* reply_bytes) override {
    if (auto* const refused =
            RefusedCall(check_, *context, "api.v1.beta1.EarlyStopping/SetTrialStatus")) {
      return refused;
    }
    const auto request = ParseMessage<pb::SetTrialStatusRequest>(*bytes);
    if (request == nullptr) {
      return RefuseBytes(*context);
    }
    return answers_.Run(context, work_, [this, request, reply_bytes] {
      const Status status = Mark(request->trial_name());
      return status ? SerializeMessage(pb::SetTrialStatusReply(), *reply_bytes)
                    : Refusal("SetTrialStatus", status.error());
    });
  }

 private:
  Status Mark(const std::string& trial) {
    if (!account_) {
      return Fail(Code::kUnimplemented,
                  "this service does not run in Kubernetes, so it did not mark trial " +
                      Printable(trial, 100) + " as early stopped");
    }
    return MarkEarlyStopped(*account_, trial, SystemClock().Now());
  }

  static Status Answer(Desk& desk, const pb::GetEarlyStoppingRulesRequest& request,
                       pb::GetEarlyStoppingRulesReply& reply) {
    if (desk.rules == nullptr) {
      const pb::ExperimentSpec& spec = request.experiment().spec();
      HONE_ASSIGN_OR_RETURN(desk.rules,
                            StandingRules::Create(spec.early_stopping(), spec.objective()));
    }
    if (request.db_manager_address().empty()) {
      return Fail(Code::kInvalidArgument, "is empty; who knows what trials reported?",
                  "db_manager_address");
    }
    if (desk.channel == nullptr) {
      grpc::ChannelArguments arguments;
      arguments.SetInt("grpc.enable_http_proxy", 0);
      arguments.SetMaxReceiveMessageSize(kLargestLog);
      desk.channel = grpc::CreateCustomChannel(request.db_manager_address(),
                                               grpc::InsecureChannelCredentials(), arguments);
    }
    return desk.rules->Answer(request, LogOf(desk.channel), reply);
  }

  Executor& work_;
  CallCheck check_;
  const std::optional<KubernetesAccount> account_;
  LastUsed<Desk> desks_{kMostDesks};
  BoundedWork answers_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeEarlyStoppingService(Executor& work, CallCheck check,
                                                        std::optional<KubernetesAccount> account) {
  return std::make_shared<EarlyStoppingService>(work, std::move(check), std::move(account));
}

}  // namespace hone
