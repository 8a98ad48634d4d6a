// SPDX-License-Identifier: Apache-2.0
#include "suggestion/server/suggestion_service.h"

#include <string>
#include <utility>

#include "api/proto/bounded_work.h"
#include "api/proto/checked_call.h"
#include "api/proto/katib_v1beta1.grpc.pb.h"
#include "api/proto/message_bytes.h"
#include "base/last_used.h"
#include "base/log.h"
#include "base/text.h"
#include "suggestion/server/experiment_wire.h"
#include "suggestion/server/request_parts.h"
#include "suggestion/server/study.h"

namespace hone {
namespace {

namespace pb = ::api::v1::beta1;

// Searchers that are kept between requests; one more is made anew from its next request.
constexpr std::size_t kMostDesks = 64;
// A status travels in a header of HTTP/2, and clients take 8 KiB of those.
constexpr std::size_t kLongestMessage = 2000;

/// Where one experiment's requests are worked on.
struct Desk {
  std::shared_ptr<Executor> strand;
  std::unique_ptr<Study> study{};  // used on the strand only; null before the first request
};

grpc::Status Refusal(std::string_view rpc, const pb::Experiment& experiment, const Error& error) {
  const std::string message = Printable(error.Text(), kLongestMessage);
  HONE_LOG(kInfo, "request_refused", {"rpc", rpc},
           {"experiment", Printable(experiment.name(), 100)}, {"code", CodeName(error.code)},
           {"why", message});
  return {static_cast<grpc::StatusCode>(error.code), message};
}

/// A request and the bytes that it looks into.
struct Question {
  grpc::Slice bytes;
  RequestParts parts;

  /// Null: it is no such message.
  static std::shared_ptr<const Question> Of(const grpc::ByteBuffer& buffer) {
    auto question = std::make_shared<Question>();  // shared with the task that answers
    if (!buffer.DumpToSingleSlice(&question->bytes).ok()) {
      return nullptr;
    }
    const grpc::Slice& bytes = question->bytes;
    auto parts = SplitRequest({reinterpret_cast<const char*>(bytes.begin()), bytes.size()});
    if (!parts) {
      return nullptr;
    }
    question->parts = *std::move(parts);
    return question;
  }
};

using Bytes = grpc::ByteBuffer;
using Base = pb::Suggestion::WithRawCallbackMethod_GetSuggestions<
    pb::Suggestion::WithRawCallbackMethod_ValidateAlgorithmSettings<pb::Suggestion::Service>>;

class SuggestionService final : public Base {
 public:
  SuggestionService(Executor& compute, CallCheck check, std::filesystem::path trial_data)
      : compute_(compute), check_(std::move(check)), trial_data_(std::move(trial_data)) {}

  grpc::ServerUnaryReactor* GetSuggestions(grpc::CallbackServerContext* context, const Bytes* bytes,
                                           Bytes* reply_bytes) override {
    if (auto* const refused =
            RefusedCall(check_, *context, "api.v1.beta1.Suggestion/GetSuggestions")) {
      return refused;
    }
    const std::shared_ptr<const Question> question = Question::Of(*bytes);
    if (question == nullptr) {
      return RefuseBytes(*context);
    }
    const pb::Experiment& experiment = question->parts.rest.experiment();
    // The namespace is not told: experiments of one name are told apart by their content.
    const std::shared_ptr<Desk> desk =
        desks_.Find(WithoutPublished(experiment).SerializeAsString(),
                    [this] { return std::make_shared<Desk>(Desk{compute_.MakeStrand()}); });
    return answers_.Run(context, *desk->strand, [this, desk, question, reply_bytes] {
      pb::GetSuggestionsReply reply;
      const Status status = Answer(*desk, question->parts, reply);
      return Finish("GetSuggestions", question->parts.rest.experiment(), status, reply,
                    *reply_bytes);
    });
  }

  grpc::ServerUnaryReactor* ValidateAlgorithmSettings(grpc::CallbackServerContext* context,
                                                      const Bytes* bytes,
                                                      Bytes* reply_bytes) override {
    if (auto* const refused =
            RefusedCall(check_, *context, "api.v1.beta1.Suggestion/ValidateAlgorithmSettings")) {
      return refused;
    }
    const auto request = ParseMessage<pb::ValidateAlgorithmSettingsRequest>(*bytes);
    if (request == nullptr) {
      return RefuseBytes(*context);
    }
    return answers_.Run(context, compute_, [this, request, reply_bytes] {
      const auto study = Study::Create(request->experiment(), trial_data_);
      return Finish("ValidateAlgorithmSettings", request->experiment(),
                    study ? Status() : tl::make_unexpected(study.error()),
                    pb::ValidateAlgorithmSettingsReply(), *reply_bytes);
    });
  }

 private:
  template <class Reply>
  static grpc::Status Finish(std::string_view rpc, const pb::Experiment& experiment,
                             const Status& status, const Reply& reply, Bytes& bytes) {
    if (!status) {
      return Refusal(rpc, experiment, status.error());
    }
    return SerializeMessage(reply, bytes);
  }

  Status Answer(Desk& desk, const RequestParts& request, pb::GetSuggestionsReply& reply) const {
    if (desk.study == nullptr) {
      HONE_ASSIGN_OR_RETURN(desk.study, Study::Create(request.rest.experiment(), trial_data_));
    }
    return desk.study->Answer(request, reply);
  }

  Executor& compute_;
  CallCheck check_;
  std::filesystem::path trial_data_;
  LastUsed<Desk> desks_{kMostDesks};
  BoundedWork answers_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeSuggestionService(Executor& compute, CallCheck check,
                                                     std::filesystem::path trial_data) {
  return std::make_shared<SuggestionService>(compute, std::move(check), std::move(trial_data));
}

}  // namespace hone
