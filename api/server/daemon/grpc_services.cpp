// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/grpc_services.h"

#include <atomic>
#include <deque>
#include <utility>

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
/// How soon a stream tells what is new.
constexpr Duration kLookEvery = std::chrono::milliseconds(50);
/// Of a process; each costs a look at the store now and then.
constexpr int kMostStreams = 2000;

grpc::Status ToGrpc(const Error& error) {
  std::string text = error.Text();
  text = text.size() > kLongestMessage ? text.substr(0, kLongestMessage) + "..." : text;
  return {static_cast<grpc::StatusCode>(error.code), text};
}

/// A call that is answered once: by a task on the readers.
template <class Request, class Reply, class Call>
Unary* Serve(Executor& readers, Context* context, const Bytes* bytes, Bytes* reply, Call call) {
  const auto request = ParseMessage<Request>(*bytes);
  if (request == nullptr) {
    return RefuseBytes(*context);
  }
  Unary* const reactor = context->DefaultReactor();
  readers.Post([=] {
    call(*request, [reactor, reply](const Result<Reply>& answer) {
      reactor->Finish(answer ? SerializeMessage(*answer, *reply) : ToGrpc(answer.error()));
    });
  });
  return reactor;
}

/// The answer to a worker's question, which may leave while it waits.
class AskReactor final : public Unary {
 public:
  AskReactor(std::shared_ptr<WorkersApi> workers, Executor& readers,
             std::shared_ptr<pb::AskRequest> request, Bytes* reply) {
    readers.Post([this, state = state_, workers = std::move(workers), request = std::move(request),
                  reply] {
      const auto finish = [this, reply](const Result<pb::AskResponse>& answer) {
        Finish(answer ? SerializeMessage(*answer, *reply) : ToGrpc(answer.error()));
      };
      workers->Ask(*request, finish,
                   [state](const std::function<void()>& withdraw) { KeepFor(*state, withdraw); });
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
template <class Message>
class StreamReactor final : public Stream {
 public:
  using Open = std::function<Result<std::unique_ptr<Source<Message>>>()>;

  StreamReactor(const Parts& parts, std::atomic<int>& streams, Open open)
      : readers_(parts.readers), draining_(parts.draining), streams_(streams) {
    if (++streams_ > kMostStreams) {
      Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many streams are open"});
      return;
    }
    readers_.Post([this, open = std::move(open)] {
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
    queue_.empty() ? readers_.Post([this] { Look(); }) : WriteNext();
  }
  void OnCancel() override { left_ = true; }
  void OnDone() override {
    --streams_;
    delete this;
  }

 private:
  /// There is always exactly one of: a look under way or awaited, a write under way, the end.
  void Look() {
    if (left_) {
      return Finish(grpc::Status::CANCELLED);
    }
    auto found = source_->Next();
    if (!found) {
      return Finish(ToGrpc(found.error()));
    }
    for (const Message& message : *found) {
      const grpc::Status made = SerializeMessage(message, queue_.emplace_back());
      if (!made.ok()) {
        return Finish(made);
      }
    }
    if (!queue_.empty()) {
      return WriteNext();
    }
    if (draining_) {
      return Finish({grpc::StatusCode::UNAVAILABLE, "the daemon is ending"});
    }
    if (source_->Over()) {
      return Finish(grpc::Status::OK);
    }
    readers_.PostAfter(kLookEvery, [this] { Look(); });
  }
  void WriteNext() { StartWrite(&queue_.front()); }

  Executor& readers_;
  const std::atomic<bool>& draining_;
  std::atomic<int>& streams_;
  std::unique_ptr<Source<Message>> source_;
  std::deque<Bytes> queue_;
  std::atomic<bool> left_ = false;
};

/// A stream whose request is no message.
class RefusedStream final : public Stream {
 public:
  RefusedStream() {
    Finish({grpc::StatusCode::INVALID_ARGUMENT, "the request is no such message"});
  }
  void OnDone() override { delete this; }
};

template <class Message, class Request, class Open>
Stream* ServeStream(const Parts& parts, std::atomic<int>& streams, const Bytes* bytes, Open open) {
  const auto request = ParseMessage<Request>(*bytes);
  if (request == nullptr) {
    return new RefusedStream();  // NOLINT(cppcoreguidelines-owning-memory): OnDone deletes it
  }
  return new StreamReactor<Message>(parts, streams,
                                    [parts, request, open] { return open(parts, *request); });
}

// The name of a method, its request and its reply, and who answers it.
#define HONE_UNARY(name, request, reply, call)                                     \
  Unary* name(Context* context, const Bytes* bytes, Bytes* answer) override {      \
    return Serve<pb::request, pb::reply>(                                          \
        parts_.readers, context, bytes, answer,                                    \
        [this](const pb::request& r, const Answer<pb::reply>& a) { call(r, a); }); \
  }

template <class Base>
class WithParts : public Base {
 public:
  WithParts(const Parts& parts, ExperimentsApi& api) : parts_(parts), api_(api) {}

 protected:
  Parts parts_;
  ExperimentsApi& api_;
  std::atomic<int> streams_ = 0;
};

using ExperimentsBase = pb::Experiments::WithRawCallbackMethod_Create<
    pb::Experiments::WithRawCallbackMethod_Get<pb::Experiments::WithRawCallbackMethod_List<
        pb::Experiments::WithRawCallbackMethod_Events<
            pb::Experiments::WithRawCallbackMethod_Watch<
                pb::Experiments::WithRawCallbackMethod_Stop<
                    pb::Experiments::WithRawCallbackMethod_Resume<
                        pb::Experiments::WithRawCallbackMethod_EditBudget<
                            pb::Experiments::WithRawCallbackMethod_Delete<
                                pb::Experiments::Service>>>>>>>>>;

class ExperimentsService final : public WithParts<ExperimentsBase> {
 public:
  using WithParts::WithParts;
  HONE_UNARY(Create, CreateExperimentRequest, Experiment, api_.Create)
  HONE_UNARY(Get, GetExperimentRequest, Experiment, api_.Get)
  HONE_UNARY(List, ListExperimentsRequest, ListExperimentsResponse, api_.List)
  HONE_UNARY(Events, GetEventsRequest, GetEventsResponse, api_.Events)
  HONE_UNARY(Stop, StopExperimentRequest, Experiment, api_.Stop)
  HONE_UNARY(Resume, ResumeExperimentRequest, Experiment, api_.Resume)
  HONE_UNARY(EditBudget, EditBudgetRequest, Experiment, api_.EditBudget)
  HONE_UNARY(Delete, DeleteExperimentRequest, DeleteExperimentResponse, api_.Delete)
  Stream* Watch(Context* /*context*/, const Bytes* bytes) override {
    return ServeStream<pb::WatchResponse, pb::WatchRequest>(parts_, streams_, bytes,
                                                            &daemon::Watch);
  }
};

using TrialsBase = pb::Trials::WithRawCallbackMethod_List<pb::Trials::WithRawCallbackMethod_Get<
    pb::Trials::WithRawCallbackMethod_Metrics<pb::Trials::WithRawCallbackMethod_Logs<
        pb::Trials::WithRawCallbackMethod_Kill<pb::Trials::Service>>>>>;

class TrialsService final : public WithParts<TrialsBase> {
 public:
  using WithParts::WithParts;
  HONE_UNARY(List, ListTrialsRequest, ListTrialsResponse, api_.ListTrials)
  HONE_UNARY(Get, GetTrialRequest, Trial, api_.GetTrial)
  HONE_UNARY(Metrics, GetMetricsRequest, GetMetricsResponse, api_.Metrics)
  HONE_UNARY(Kill, KillTrialRequest, Trial, api_.KillTrial)
  Stream* Logs(Context* /*context*/, const Bytes* bytes) override {
    return ServeStream<pb::LogChunk, pb::GetLogsRequest>(parts_, streams_, bytes, &daemon::Logs);
  }
};

class AlgorithmsService final
    : public WithParts<pb::Algorithms::WithRawCallbackMethod_List<pb::Algorithms::Service>> {
 public:
  using WithParts::WithParts;
  HONE_UNARY(List, ListAlgorithmsRequest, ListAlgorithmsResponse, api_.ListAlgorithms)
};

using WorkersBase = pb::Workers::WithRawCallbackMethod_Ask<
    pb::Workers::WithRawCallbackMethod_Renew<pb::Workers::WithRawCallbackMethod_Report<
        pb::Workers::WithRawCallbackMethod_Tell<pb::Workers::Service>>>>;

class WorkersService final : public WorkersBase {
 public:
  WorkersService(const Parts& parts, std::shared_ptr<WorkersApi> workers)
      : parts_(parts), workers_(std::move(workers)) {}
  Unary* Ask(Context* context, const Bytes* bytes, Bytes* answer) override {
    auto request = ParseMessage<pb::AskRequest>(*bytes);
    if (request == nullptr) {
      return RefuseBytes(*context);
    }
    return new AskReactor(workers_, parts_.readers, std::move(request), answer);
  }
  HONE_UNARY(Renew, RenewRequest, RenewResponse, workers_->Renew)
  HONE_UNARY(Report, ReportRequest, ReportResponse, workers_->Report)
  HONE_UNARY(Tell, TellRequest, TellResponse, workers_->Tell)

 private:
  Parts parts_;
  std::shared_ptr<WorkersApi> workers_;
};

#undef HONE_UNARY

}  // namespace

std::vector<std::shared_ptr<grpc::Service>> MakeServices(
    const Parts& parts, ExperimentsApi& experiments, const std::shared_ptr<WorkersApi>& workers) {
  return {std::make_shared<ExperimentsService>(parts, experiments),
          std::make_shared<TrialsService>(parts, experiments),
          std::make_shared<AlgorithmsService>(parts, experiments),
          std::make_shared<WorkersService>(parts, workers)};
}

}  // namespace hone::daemon
