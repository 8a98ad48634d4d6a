// SPDX-License-Identifier: Apache-2.0
#include "api/client/posted_requests.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "api/proto/hone/v1/hone.grpc.pb.h"
#include "controller/request.h"

namespace hone::client {
namespace {

namespace pb = ::hone::v1;

/// A request as a call. The reply's text is the engine's own: the UID of what it created or
/// resumed.
class Caller {
 public:
  Caller(const Channel& channel, grpc::ClientContext& context)
      : channel_(channel), context_(context) {}

  Result<std::string> operator()(const request::Create& create) {
    pb::CreateExperimentRequest request;
    request.set_document(create.document);
    return Uid(request, [](auto& stub, auto&&... call) { return stub.Create(call...); });
  }
  Result<std::string> operator()(const request::Resume& resume) {
    if (resume.edit == event::BudgetEdited{}) {
      return Uid(Named<pb::ResumeExperimentRequest>(resume.experiment),
                 [](auto& stub, auto&&... call) { return stub.Resume(call...); });
    }
    auto request = Named<pb::EditBudgetRequest>(resume.experiment);
    if (resume.edit.max_trial_count) {
      request.set_max_trial_count(*resume.edit.max_trial_count);
    }
    if (resume.edit.parallel_trial_count) {
      request.set_parallel_trial_count(*resume.edit.parallel_trial_count);
    }
    if (resume.edit.max_failed_trial_count) {
      request.set_max_failed_trial_count(*resume.edit.max_failed_trial_count);
    }
    return Uid(request, [](auto& stub, auto&&... call) { return stub.EditBudget(call...); });
  }
  Result<std::string> operator()(const request::Stop& stop) {
    auto request = Named<pb::StopExperimentRequest>(stop.experiment);
    request.set_reason(stop.reason);
    return Uid(request, [](auto& stub, auto&&... call) { return stub.Stop(call...); });
  }
  Result<std::string> operator()(const request::Delete& remove) {
    pb::DeleteExperimentResponse reply;
    const auto status =
        pb::Experiments::NewStub(channel_.ToDaemon())
            ->Delete(&context_, Named<pb::DeleteExperimentRequest>(remove.experiment), &reply);
    return channel_.Read(status).map([&] { return remove.experiment.name; });
  }
  Result<std::string> operator()(const request::KillTrial& kill) {
    pb::KillTrialRequest request;
    request.set_trial(kill.trial);
    request.set_reason(kill.reason);
    pb::Trial reply;
    const auto status = pb::Trials::NewStub(channel_.ToDaemon())->Kill(&context_, request, &reply);
    return channel_.Read(status).map([&] { return kill.trial; });
  }
  Result<std::string> operator()(const request::Gone& /*gone*/) {
    return Fail(Code::kUnimplemented, "controllers tell this through the store");
  }

 private:
  template <class Message>
  static Message Named(const request::Name& name) {
    Message message;
    message.set_name(name.name);
    message.set_namespace_(name.name_space);
    return message;
  }

  template <class Message, class Method>
  Result<std::string> Uid(const Message& request, Method method) {
    pb::Experiment reply;
    const auto stub = pb::Experiments::NewStub(channel_.ToDaemon());
    return channel_.Read(method(*stub, &context_, request, &reply)).map([&] {
      return reply.uid();
    });
  }

  const Channel& channel_;
  grpc::ClientContext& context_;
};

}  // namespace

struct PostedRequests::Call {
  Request request;
  grpc::ClientContext context;
  Guarded<std::string> reply;  // empty: under way
  std::thread thread;
};

PostedRequests::PostedRequests(Channel channel) : channel_(std::move(channel)) {}

PostedRequests::~PostedRequests() {
  auto calls = calls_.WithLock([](auto& all) { return std::exchange(all, {}); });
  for (const auto& [id, call] : calls) {
    call->context.TryCancel();
    call->thread.join();
  }
}

Result<std::int64_t> PostedRequests::Post(const std::string& kind, const std::string& payload) {
  HONE_ASSIGN_OR_RETURN(const EngineRequest request, DecodeRequest(kind, payload));
  auto made = std::make_unique<Call>();
  Call& call = *made;
  // No deadline: what is asked for may take as long as a trial takes to end.
  channel_.Prepare(call.context, Duration::zero());
  const auto id = calls_.WithLock([&](auto& all) {
    call.request = {static_cast<std::int64_t>(all.size()) + 1, kind, payload, false, {}};
    all[call.request.id] = std::move(made);
    return call.request.id;
  });
  call.thread = std::thread([this, &call, request] {
    const std::string reply = EncodeReply(std::visit(Caller(channel_, call.context), request));
    call.reply.WithLock([&](std::string& out) { out = reply; });
  });
  return id;
}

Result<Request> PostedRequests::Get(std::int64_t id) {
  return calls_.WithLock([&](auto& all) -> Result<Request> {
    const auto found = all.find(id);
    if (found == all.end()) {
      return Fail(Code::kNotFound, "there is no request " + std::to_string(id));
    }
    Request request = found->second->request;
    request.reply = found->second->reply.WithLock([](const std::string& text) { return text; });
    request.answered = !request.reply.empty();
    return request;
  });
}

}  // namespace hone::client
