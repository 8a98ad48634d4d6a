// SPDX-License-Identifier: Apache-2.0
#include "suggestion/remote/katib_call.h"

#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include "api/proto/katib_v1beta1.grpc.pb.h"

namespace hone {
namespace {

namespace pb = ::api::v1::beta1;
namespace json = ::google::protobuf::util;

std::shared_ptr<grpc::Channel> Connect(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("grpc.enable_http_proxy", 0);  // services are near; a proxy for the web is not
  arguments.SetMaxSendMessageSize(-1);
  return grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
}

KatibAnswer Failed(grpc::StatusCode code, std::string message) {
  return {static_cast<int>(code), {}, std::move(message)};
}

/// @param method  of the stub
template <class Request, class Reply, class Method>
KatibAnswer Call(const std::string& text, Duration timeout, const Method& method) {
  Request request;
  if (const auto read = json::JsonStringToMessage(text, &request); !read.ok()) {
    return Failed(grpc::StatusCode::INTERNAL, "the request: " + std::string(read.message()));
  }
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  Reply reply;
  if (const grpc::Status status = method(&context, request, &reply); !status.ok()) {
    // gRPC's words for bytes that it could not read, with a code that means something else.
    if (status.error_message().starts_with("No message returned")) {
      return Failed(grpc::StatusCode::UNAVAILABLE, "the reply is no such message");
    }
    return Failed(status.error_code(), status.error_message());
  }
  KatibAnswer answer;
  if (const auto written = json::MessageToJsonString(reply, &answer.reply); !written.ok()) {
    return Failed(grpc::StatusCode::UNAVAILABLE, "the reply: " + std::string(written.message()));
  }
  return answer;
}

}  // namespace

KatibAnswer CallKatib(const std::string& method, const std::string& endpoint,
                      const std::string& request, Duration timeout) {
  const auto suggestion = pb::Suggestion::NewStub(Connect(endpoint));
  if (method == "GetSuggestions") {
    return Call<pb::GetSuggestionsRequest, pb::GetSuggestionsReply>(
        request, timeout, [&](auto* context, const auto& question, auto* reply) {
          return suggestion->GetSuggestions(context, question, reply);
        });
  }
  if (method == "ValidateAlgorithmSettings") {
    return Call<pb::ValidateAlgorithmSettingsRequest, pb::ValidateAlgorithmSettingsReply>(
        request, timeout, [&](auto* context, const auto& question, auto* reply) {
          return suggestion->ValidateAlgorithmSettings(context, question, reply);
        });
  }
  const auto stopping = pb::EarlyStopping::NewStub(Connect(endpoint));
  if (method == "GetEarlyStoppingRules") {
    return Call<pb::GetEarlyStoppingRulesRequest, pb::GetEarlyStoppingRulesReply>(
        request, timeout, [&](auto* context, const auto& question, auto* reply) {
          return stopping->GetEarlyStoppingRules(context, question, reply);
        });
  }
  if (method == "ValidateEarlyStoppingSettings") {
    return Call<pb::ValidateEarlyStoppingSettingsRequest, pb::ValidateEarlyStoppingSettingsReply>(
        request, timeout, [&](auto* context, const auto& question, auto* reply) {
          return stopping->ValidateEarlyStoppingSettings(context, question, reply);
        });
  }
  if (method == "SetTrialStatus") {
    return Call<pb::SetTrialStatusRequest, pb::SetTrialStatusReply>(
        request, timeout, [&](auto* context, const auto& question, auto* reply) {
          return stopping->SetTrialStatus(context, question, reply);
        });
  }
  return Failed(grpc::StatusCode::UNIMPLEMENTED, "hone-bridge knows no method " + method);
}

}  // namespace hone
