// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/grpc_services.h"

#include <atomic>
#include <deque>
#include <utility>

#include "api/proto/checked_call.h"
#include "api/proto/hone/v1/hone.grpc.pb.h"
#include "api/proto/message_bytes.h"
#include "api/server/daemon/streams_api.h"
#include "base/text.h"

namespace hone::daemon {
namespace {

using Bytes = grpc::ByteBuffer;
using Context = grpc::CallbackServerContext;
using Unary = grpc::ServerUnaryReactor;
using Stream = grpc::ServerWriteReactor<Bytes>;

// A status travels in a header of HTTP/2, and clients take 8 KiB of those.
constexpr std::size_t kLongestMessage = 6000;
/// How often a stream asks whether its caller's token is still good.
constexpr Duration kCheckEvery = std::chrono::seconds(1);
/// Of a process; each costs a look at the store now and then.
constexpr int kMostStreams = 2000;

grpc::Status ToGrpc(const Error& error) {
  std::string text = error.Text();
  text = text.size() > kLongestMessage ? text.substr(0, kLongestMessage) + "..." : text;
  return {static_cast<grpc::StatusCode>(error.code), text};
}

grpc::Status ToGrpc(const auth::Refusal& refusal) {
  return {static_cast<grpc::StatusCode>(GrpcCodeOf(refusal)), refusal.message};
}

auth::Admission<Caller> Admit(const Parts& parts, const Context& context, const char* method) {
  const std::string peer = context.peer();
  return parts.door.Admit({method, AuthorizationOf(context), peer});
}

/// A call on its way in.
struct Visit {
  const char* method;
  Context* context;
  const Bytes* bytes;
  Bytes* reply;
};

Unary* RefuseCall(Context& context, const auth::Refusal& refusal) {
  Unary* const reactor = context.DefaultReactor();
  reactor->Finish(ToGrpc(refusal));
  return reactor;
}

/// Nothing is known of what most calls ask.
struct Unknown {
  template <class Request>
  bool IsKnown(const Request& /*request*/) const {
    return false;
  }
};

/// Runs it here if that takes no look at the store, else on the readers.
template <class Known, class Request>
void HereOrOnReaders(const Parts& parts, const Known& known, const Caller& caller,
                     const Request& request, Task task) {
  if (caller.pass.IsEverywhere() && known.IsKnown(request)) {
    const LentThread here;  // what the experiment decides on it, too
    task();
  } else {
    parts.readers.Post(std::move(task));
  }
}

/// A call that is answered once: by a task on the readers, unless what it asks is known.
template <class Request, class Reply, class Call, class Known = Unknown>
Unary* Serve(const Parts& parts, const Visit& visit, Call call, const Known& known = {}) {
  const auto caller = Admit(parts, *visit.context, visit.method);
  if (!caller) {
    return RefuseCall(*visit.context, caller.error());
  }
  const auto request = ParseMessage<Request>(*visit.bytes);
  if (request == nullptr) {
    return RefuseBytes(*visit.context);
  }
  Unary* const reactor = visit.context->DefaultReactor();
  HereOrOnReaders(
      parts, known, *caller, *request,
      [request, reactor, call, caller = *caller, reply = visit.reply, door = &parts.door] {
        if (const auto refusal = door->Enter(caller, *request)) {
          return reactor->Finish(ToGrpc(*refusal));
        }
        call(*request, caller, [reactor, reply](const Result<Reply>& answer) {
          reactor->Finish(answer ? SerializeMessage(*answer, *reply) : ToGrpc(answer.error()));
        });
      });
  return reactor;
}

/// The answer to a worker that asks, and may leave while it waits.
template <class Request, class Reply>
class AskReactor final : public Unary {
 public:
  using Call = void (WorkersApi::*)(const Request&, const Answer<Reply>&, const WorkersApi::Leave&);

  AskReactor(const std::shared_ptr<WorkersApi>& workers, const Parts& parts, const Caller& caller,
             const std::shared_ptr<Request>& request, Call call, Bytes* reply) {
    HereOrOnReaders(
        parts, *workers, caller, *request,
        [this, state = state_, door = &parts.door, caller, workers, request, call, reply] {
          if (const auto refusal = door->Enter(caller, *request)) {
            return Finish(ToGrpc(*refusal));
          }
          const auto give = [this, reply, door, caller](Result<Reply> answer) {
            Give(*door, caller, std::move(answer), *reply);
          };
          (*workers.*call)(*request, give, [state](const std::function<void()>& withdraw) {
            KeepFor(*state, withdraw);
          });
        });
  }

  void OnCancel() override {
    const auto withdraw = state_->WithLock([](State& s) {
      s.left = true;
      return s.withdraw;
    });
    if (withdraw) {
      withdraw();
    }
  }
  void OnDone() override { delete this; }

 private:
  struct State {
    std::function<void()> withdraw;
    bool left = false;
  };

  void Give(Door& door, const Caller& caller, Result<Reply> answer, Bytes& reply) {
    if (!answer) {
      return Finish(ToGrpc(answer.error()));
    }
    door.AddTokens(caller, *answer);
    Finish(SerializeMessage(*answer, reply));
  }

  /// Whoever has left already is withdrawn at once.
  static void KeepFor(Guarded<State>& state, const std::function<void()>& withdraw) {
    const bool left = state.WithLock([&](State& s) {
      s.withdraw = withdraw;
      return s.left;
    });
    if (left) {
      withdraw();
    }
  }

  // Shared with the task, which may go on when the reactor is gone.
  std::shared_ptr<Guarded<State>> state_ = std::make_shared<Guarded<State>>();
};

/// Writes what a source tells, one message at a time.
class StreamReactor final : public Stream {
 public:
  using Open = std::function<Result<std::unique_ptr<Source>>()>;

  StreamReactor(const Parts& parts, std::atomic<int>& streams, Caller caller, Open open)
      : parts_(parts), streams_(streams), caller_(std::move(caller)) {
    counted_ = parts_.door.OpenStream(caller_);
    if (++streams_ > kMostStreams || !counted_) {
      Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many streams are open"});
      return;
    }
    parts_.watchers.Post([this, open = std::move(open)] {
      auto source = open();
      if (!source) {
        return Finish(ToGrpc(source.error()));
      }
      source_ = std::move(*source);
      StartSendInitialMetadata();
      Look();
    });
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      return Finish(grpc::Status::CANCELLED);
    }
    queue_.pop_front();
    queue_.empty() ? parts_.watchers.Post([this] { Look(); }) : WriteNext();
  }
  void OnCancel() override { left_ = true; }
  void OnDone() override {
    --streams_;
    if (counted_) {
      parts_.door.CloseStream(caller_);
    }
    delete this;
  }

 private:
  /// There is always exactly one of: a look under way or awaited, a write under way, the end.
  void Look() {
    if (left_) {
      return Finish(grpc::Status::CANCELLED);
    }
    if (!MayGoOn()) {
      return Finish({grpc::StatusCode::UNAUTHENTICATED, "the token is good no more"});
    }
    auto found = source_->Next();
    if (!found) {
      return Finish(ToGrpc(found.error()));
    }
    queue_.assign(found->begin(), found->end());
    if (!queue_.empty()) {
      return WriteNext();
    }
    if (parts_.draining) {
      return Finish({grpc::StatusCode::UNAVAILABLE, "the daemon is ending"});
    }
    if (source_->Over()) {
      return Finish(grpc::Status::OK);
    }
    source_->Await([this] { Look(); });
  }

  bool MayGoOn() {
    const Timestamp now = parts_.clock.Now();
    if (now - checked_at_ < kCheckEvery) {
      return true;
    }
    checked_at_ = now;
    return parts_.door.StillGood(caller_);
  }

  /// Those that are followed by another one may wait for it on their way.
  void WriteNext() {
    const grpc::Slice slice(*queue_.front());
    bytes_ = Bytes(&slice, 1);
    grpc::WriteOptions options;
    if (queue_.size() > 1) {
      options.set_buffer_hint();
    }
    StartWrite(&bytes_, options);
  }

  Parts parts_;
  std::atomic<int>& streams_;
  Caller caller_;
  bool counted_ = false;  // by the door
  Timestamp checked_at_;  // the caller's token
  std::unique_ptr<Source> source_;
  std::deque<Told> queue_;
  Bytes bytes_;
  std::atomic<bool> left_ = false;
};

/// A stream that says no.
class RefusedStream final : public Stream {
 public:
  explicit RefusedStream(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

/// @param open  makes the source: (parts, caller, request)
template <class Request, class Open>
Stream* ServeStream(const Parts& parts, std::atomic<int>& streams, const Visit& visit, Open open) {
  const auto caller = Admit(parts, *visit.context, visit.method);
  if (!caller) {
    return new RefusedStream(ToGrpc(caller.error()));  // OnDone deletes it, and the others
  }
  const auto request = ParseMessage<Request>(*visit.bytes);
  if (request == nullptr) {
    return new RefusedStream(
        {grpc::StatusCode::INVALID_ARGUMENT, "the request is no such message"});
  }
  const auto enter = [parts, request, open, caller = *caller]() -> Result<std::unique_ptr<Source>> {
    if (const auto refusal = parts.door.Enter(caller, *request)) {
      return Fail(Code::kPermissionDenied, refusal->message);
    }
    return open(parts, caller, *request);
  };
  return new StreamReactor(parts, streams, *caller, enter);
}

// The name of a method, its request and its reply, and the call that answers it: of the request r,
// the caller c and the answer a.
#define HONE_UNARY(service, name, request, reply, call)                       \
  Unary* name(Context* context, const Bytes* bytes, Bytes* answer) override { \
    return Serve<pb::request, pb::reply>(                                     \
        parts_, {"hone.v1." #service "/" #name, context, bytes, answer},      \
        [this](const pb::request& r, [[maybe_unused]] const Caller& c,        \
               const Answer<pb::reply>& a) { call; });                        \
  }

template <class Base>
class WithParts : public Base {
 public:
  WithParts(const Parts& parts, Apis& apis) : parts_(parts), apis_(apis), api_(apis.experiments) {}

 protected:
  Parts parts_;
  Apis& apis_;
  ExperimentsApi& api_;
  std::atomic<int> streams_ = 0;
};

using ExperimentsBase = pb::Experiments::WithRawCallbackMethod_Create<
    pb::Experiments::WithRawCallbackMethod_Get<pb::Experiments::WithRawCallbackMethod_List<
        pb::Experiments::WithRawCallbackMethod_Events<pb::Experiments::WithRawCallbackMethod_Watch<
            pb::Experiments::WithRawCallbackMethod_Stop<
                pb::Experiments::WithRawCallbackMethod_Resume<
                    pb::Experiments::WithRawCallbackMethod_EditBudget<
                        pb::Experiments::WithRawCallbackMethod_Importance<
                            pb::Experiments::WithRawCallbackMethod_Delete<
                                pb::Experiments::Service>>>>>>>>>>;

class ExperimentsService final : public WithParts<ExperimentsBase> {
 public:
  using WithParts::WithParts;
  HONE_UNARY(Experiments, Create, CreateExperimentRequest, Experiment, api_.Create(r, c, a))
  HONE_UNARY(Experiments, Get, GetExperimentRequest, Experiment, api_.Get(r, a))
  HONE_UNARY(Experiments, List, ListExperimentsRequest, ListExperimentsResponse, api_.List(r, c, a))
  HONE_UNARY(Experiments, Events, GetEventsRequest, GetEventsResponse, api_.Events(r, a))
  HONE_UNARY(Experiments, Importance, ImportanceRequest, ImportanceResponse,
             apis_.insight.Importance(r, a))
  HONE_UNARY(Experiments, Stop, StopExperimentRequest, Experiment, api_.Stop(r, a))
  HONE_UNARY(Experiments, Resume, ResumeExperimentRequest, Experiment, api_.Resume(r, a))
  HONE_UNARY(Experiments, EditBudget, EditBudgetRequest, Experiment, api_.EditBudget(r, a))
  HONE_UNARY(Experiments, Delete, DeleteExperimentRequest, DeleteExperimentResponse,
             api_.Delete(r, a))
  Stream* Watch(Context* context, const Bytes* bytes) override {
    return ServeStream<pb::WatchRequest>(
        parts_, streams_, {"hone.v1.Experiments/Watch", context, bytes, nullptr}, &daemon::Watch);
  }
};

using TrialsBase = pb::Trials::WithRawCallbackMethod_List<pb::Trials::WithRawCallbackMethod_Get<
    pb::Trials::WithRawCallbackMethod_Metrics<pb::Trials::WithRawCallbackMethod_Logs<
        pb::Trials::WithRawCallbackMethod_Kill<pb::Trials::Service>>>>>;

class TrialsService final : public WithParts<TrialsBase> {
 public:
  using WithParts::WithParts;
  HONE_UNARY(Trials, List, ListTrialsRequest, ListTrialsResponse, api_.ListTrials(r, a))
  HONE_UNARY(Trials, Get, GetTrialRequest, Trial, api_.GetTrial(r, a))
  HONE_UNARY(Trials, Metrics, GetMetricsRequest, GetMetricsResponse, api_.Metrics(r, a))
  HONE_UNARY(Trials, Kill, KillTrialRequest, Trial, api_.KillTrial(r, a))
  Stream* Logs(Context* context, const Bytes* bytes) override {
    return ServeStream<pb::GetLogsRequest>(
        parts_, streams_, {"hone.v1.Trials/Logs", context, bytes, nullptr},
        [](const Parts& parts, const Caller& /*caller*/, const pb::GetLogsRequest& request) {
          return daemon::Logs(parts, request);
        });
  }
};

class AlgorithmsService final
    : public WithParts<pb::Algorithms::WithRawCallbackMethod_List<pb::Algorithms::Service>> {
 public:
  using WithParts::WithParts;
  HONE_UNARY(Algorithms, List, ListAlgorithmsRequest, ListAlgorithmsResponse,
             api_.ListAlgorithms(r, a))
};

using TokensBase = pb::Tokens::WithRawCallbackMethod_Create<pb::Tokens::WithRawCallbackMethod_List<
    pb::Tokens::WithRawCallbackMethod_Revoke<pb::Tokens::Service>>>;

class TokensService final : public WithParts<TokensBase> {
 public:
  using WithParts::WithParts;
  HONE_UNARY(Tokens, Create, CreateTokenRequest, CreateTokenResponse, apis_.tokens.Create(r, a))
  HONE_UNARY(Tokens, List, ListTokensRequest, ListTokensResponse, apis_.tokens.List(r, a))
  HONE_UNARY(Tokens, Revoke, RevokeTokenRequest, Token, apis_.tokens.Revoke(r, a))
};

using WorkersBase = pb::Workers::WithRawCallbackMethod_Ask<
    pb::Workers::WithRawCallbackMethod_Renew<pb::Workers::WithRawCallbackMethod_Report<
        pb::Workers::WithRawCallbackMethod_Tell<pb::Workers::Service>>>>;

class WorkersService final : public WorkersBase {
 public:
  WorkersService(const Parts& parts, std::shared_ptr<WorkersApi> workers)
      : parts_(parts), workers_(std::move(workers)) {}
  Unary* Ask(Context* context, const Bytes* bytes, Bytes* answer) override {
    return Asking<pb::AskRequest, pb::AskResponse>({"hone.v1.Workers/Ask", context, bytes, answer},
                                                   &WorkersApi::Ask);
  }
  Unary* Renew(Context* context, const Bytes* bytes, Bytes* answer) override {
    return Known<pb::RenewRequest, pb::RenewResponse>(
        {"hone.v1.Workers/Renew", context, bytes, answer}, &WorkersApi::Renew);
  }
  Unary* Report(Context* context, const Bytes* bytes, Bytes* answer) override {
    return Known<pb::ReportRequest, pb::ReportResponse>(
        {"hone.v1.Workers/Report", context, bytes, answer}, &WorkersApi::Report);
  }
  Unary* Tell(Context* context, const Bytes* bytes, Bytes* answer) override {
    return Asking<pb::TellRequest, pb::TellResponse>(
        {"hone.v1.Workers/Tell", context, bytes, answer}, &WorkersApi::Tell);
  }

 private:
  /// A call that may wait for a trial.
  template <class Request, class Reply>
  Unary* Asking(const Visit& visit, typename AskReactor<Request, Reply>::Call call) {
    const auto caller = Admit(parts_, *visit.context, visit.method);
    if (!caller) {
      return RefuseCall(*visit.context, caller.error());
    }
    const std::shared_ptr<Request> request = ParseMessage<Request>(*visit.bytes);
    if (request == nullptr) {
      return RefuseBytes(*visit.context);
    }
    return new AskReactor<Request, Reply>(workers_, parts_, *caller, request, call, visit.reply);
  }
  /// A call about a trial, which is often known.
  template <class Request, class Reply>
  Unary* Known(const Visit& visit, void (WorkersApi::*call)(const Request&, const Answer<Reply>&)) {
    return Serve<Request, Reply>(
        parts_, visit,
        [this, call](const Request& request, const Caller& /*caller*/,
                     const Answer<Reply>& answer) { (*workers_.*call)(request, answer); },
        *workers_);
  }

  Parts parts_;
  std::shared_ptr<WorkersApi> workers_;
};

#undef HONE_UNARY

}  // namespace

std::vector<std::shared_ptr<grpc::Service>> MakeServices(const Parts& parts, Apis& apis) {
  return {std::make_shared<ExperimentsService>(parts, apis),
          std::make_shared<TrialsService>(parts, apis),
          std::make_shared<AlgorithmsService>(parts, apis),
          std::make_shared<TokensService>(parts, apis),
          std::make_shared<WorkersService>(parts, apis.workers)};
}

}  // namespace hone::daemon
