// SPDX-License-Identifier: Apache-2.0
#include "store/memory/memory_store.h"

#include <deque>

#include "base/guarded.h"
#include "store/checks.h"
#include "store/memory/memory_data.h"

namespace hone {
namespace {

using memory::Data;
using memory::Experiment;
using WriteDone = std::function<void(Status)>;

Error Dead() {
  return {Code::kUnavailable, "the store has crashed", {}};
}

/// A write that was handed over and has not reached the data.
struct Waiting {
  StoreWrite::Kind kind = StoreWrite::Kind::kOther;
  std::function<Status(Data&)> apply;
  WriteDone done;
};

/// A write whose fate is known; its caller has not been told.
struct Finished {
  WriteDone done;
  Status status;
};

struct State {
  Data data;
  std::deque<Waiting> waiting;
  std::vector<Finished> finished;
  MemoryStore::FaultHook hook;
  std::uint64_t writes = 0;
  bool crashed = false;

  WriteFate FateOf(StoreWrite::Kind kind) {
    ++writes;
    return hook ? hook({kind, writes}) : WriteFate::kCommit;
  }

  void Crash() {
    crashed = true;
    waiting.clear();
    finished.clear();
  }

  /// Carries a write out as its fate wants. After a crash the result says so.
  template <class Apply>
  auto Carry(StoreWrite::Kind kind, const Apply& apply) -> decltype(apply(data)) {
    switch (FateOf(kind)) {
      case WriteFate::kCommit:
        return apply(data);
      case WriteFate::kFail:
        return Fail(Code::kUnavailable, "injected failure");
      case WriteFate::kDiskFull:
        return Fail(Code::kResourceExhausted, "injected full disk");
      case WriteFate::kCrashBefore:
        break;
      case WriteFate::kCrashAfter:
        static_cast<void>(apply(data));  // nobody is left who could be told
        break;
    }
    Crash();
    return tl::make_unexpected(Dead());
  }

  /// Brings what waits to the data.
  void Drain() {
    while (!waiting.empty()) {
      Waiting next = std::move(waiting.front());
      waiting.pop_front();
      Status status = Carry(next.kind, next.apply);
      if (crashed) {
        return;
      }
      finished.push_back({std::move(next.done), std::move(status)});
    }
  }
};

}  // namespace

struct MemoryStore::Shared : std::enable_shared_from_this<MemoryStore::Shared> {
  Shared(Executor& used_executor, const Clock& used_clock)
      : executor(used_executor.MakeStrand()), clock(used_clock) {}

  void Submit(StoreWrite::Kind kind, std::function<Status(Data&)> apply, WriteDone done) {
    const bool accepted = state.WithLock([&](State& s) {
      if (!s.crashed) {
        s.waiting.push_back({kind, std::move(apply), std::move(done)});
      }
      return !s.crashed;
    });
    if (accepted) {
      executor->Post([self = shared_from_this()] { self->Finish(); });
    }
  }

  void Finish() {
    std::vector<Finished> finished = state.WithLock([](State& s) {
      s.Drain();
      return std::exchange(s.finished, {});
    });
    for (Finished& f : finished) {
      f.done(std::move(f.status));
    }
  }

  /// A write whose caller waits, behind everything handed over before.
  template <class Apply>
  auto Write(const Apply& apply) {
    return state.WithLock([&](State& s) -> decltype(apply(s.data)) {
      s.Drain();
      if (s.crashed) {
        return tl::make_unexpected(Dead());
      }
      return s.Carry(StoreWrite::Kind::kOther, apply);
    });
  }

  template <class Get>
  auto Look(const Get& get) {
    return state.WithLock([&](State& s) -> decltype(get(s.data)) {
      if (s.crashed) {
        return tl::make_unexpected(Dead());
      }
      return get(s.data);
    });
  }

  std::shared_ptr<Executor> executor;  // a strand: the executor hands strands out shared
  const Clock& clock;
  Guarded<State> state;
};

MemoryStore::MemoryStore(Executor& executor, const Clock& clock)
    : shared_(std::make_shared<Shared>(executor, clock)) {}

MemoryStore::~MemoryStore() {
  shared_->state.WithLock([](State& s) { s.Drain(); });
}

void MemoryStore::OnWrite(FaultHook hook) {
  shared_->state.WithLock([&](State& s) { s.hook = std::move(hook); });
}

void MemoryStore::Crash() {
  shared_->state.WithLock([](State& s) { s.Crash(); });
}

void MemoryStore::Restart() {
  shared_->state.WithLock([](State& s) { s.crashed = false; });
}

bool MemoryStore::crashed() const {
  return shared_->state.WithLock([](State& s) { return s.crashed; });
}

void MemoryStore::Append(LedgerStep step, Ledger::Done done) {
  shared_->Submit(
      StoreWrite::Kind::kAppend, [step = std::move(step)](Data& data) { return data.Append(step); },
      std::move(done));
}

Result<std::vector<Recorded>> MemoryStore::Read(const ExperimentId& experiment, Version from,
                                                std::size_t limit) {
  return shared_->Look([&](Data& data) -> Result<std::vector<Recorded>> {
    return data.EventsOf(experiment, from, limit);
  });
}

Result<std::vector<Positioned>> MemoryStore::ReadAll(Position from, std::size_t limit) {
  return shared_->Look([&](Data& data) -> Result<std::vector<Positioned>> {
    std::vector<Positioned> events;
    for (auto it = data.log.upper_bound(from); it != data.log.end() && events.size() < limit;
         ++it) {
      events.push_back(it->second);
    }
    return events;
  });
}

Result<std::vector<OutboxItem>> MemoryStore::ReadOutbox(const ExperimentId& experiment) {
  return shared_->Look(
      [&](Data& data) -> Result<std::vector<OutboxItem>> { return data.OutboxOf(experiment); });
}

void MemoryStore::MarkDone(const ExperimentId& experiment, Version seq, std::uint32_t n) {
  shared_->Submit(
      StoreWrite::Kind::kMarkDone,
      [experiment, seq, n](Data& data) -> Status {
        if (Experiment* found = data.FindLive(experiment); found != nullptr) {
          found->outbox.erase({seq, n});
        }
        return {};
      },
      [](const Status&) {});  // lazy: a lost mark only repeats an idempotent command
}

Status MemoryStore::WriteSnapshot(const ExperimentId& experiment, Version seq,
                                  std::string_view payload) {
  return shared_->Write([&](Data& data) { return data.Snapshot(experiment, seq, payload); });
}

Result<std::optional<std::pair<Version, std::string>>> MemoryStore::ReadSnapshot(
    const ExperimentId& experiment) {
  return shared_->Look([&](Data& data) -> Result<std::optional<std::pair<Version, std::string>>> {
    const Experiment* found = data.FindLive(experiment);
    return found == nullptr ? std::nullopt : found->snapshot;
  });
}

void MemoryStore::Record(ObservationBatch batch, Observations::Done done) {
  shared_->Submit(
      StoreWrite::Kind::kRecord,
      [batch = std::move(batch)](Data& data) { return data.Record(batch); }, std::move(done));
}

Result<std::uint64_t> MemoryStore::OffsetOf(const TrialId& trial, Attempt attempt,
                                            const std::string& source) {
  return shared_->Look([&](Data& data) -> Result<std::uint64_t> {
    Experiment* found = data.FindLive(trial.experiment);
    return found == nullptr ? 0 : found->records[trial.number].offsets[{attempt, source}];
  });
}

Result<std::vector<StoredRecord>> MemoryStore::ReadRecordPage(const RecordQuery& query) {
  return shared_->Look(
      [&](Data& data) -> Result<std::vector<StoredRecord>> { return data.RecordsOf(query); });
}

Result<RecordsSize> MemoryStore::SizeOfRecords(const ExperimentId& experiment,
                                               TrialNumber through) {
  return shared_->Look(
      [&](Data& data) -> Result<RecordsSize> { return data.SizeOfRecords(experiment, through); });
}

Status MemoryStore::RemoveRecords(const ExperimentId& experiment, TrialNumber through) {
  return shared_->Write([&](Data& data) { return data.RemoveRecords(experiment, through); });
}

Result<std::vector<ExperimentRow>> MemoryStore::ListExperiments() {
  return shared_->Look(
      [](Data& data) -> Result<std::vector<ExperimentRow>> { return data.NewestFirst(); });
}

Result<ExperimentRow> MemoryStore::FindExperiment(const std::string& name_space,
                                                  const std::string& name) {
  return shared_->Look([&](Data& data) -> Result<ExperimentRow> {
    if (const Experiment* found = data.FindByName(name_space, name); found != nullptr) {
      return found->row;
    }
    return tl::make_unexpected(store::NoExperimentNamed(name_space, name));
  });
}

Result<std::vector<TrialRow>> MemoryStore::ListTrials(const ExperimentId& experiment) {
  return shared_->Look(
      [&](Data& data) -> Result<std::vector<TrialRow>> { return data.TrialsOf(experiment); });
}

Result<TrialId> MemoryStore::FindTrial(const std::string& trial_name) {
  return shared_->Look([&](Data& data) { return data.FindTrial(trial_name); });
}

Status MemoryStore::ReplaceRows(const ExperimentId& experiment, const Projection& projection) {
  return shared_->Write([&](Data& data) { return data.ReplaceRows(experiment, projection); });
}

Status MemoryStore::DeleteExperiment(const ExperimentId& experiment, OwnerEpoch epoch,
                                     Timestamp now) {
  return shared_->Write([&](Data& data) { return data.Delete(experiment, epoch, now); });
}

Status MemoryStore::Adopt(LedgerStep step, std::vector<ObservationBatch> batches) {
  return shared_->Write([&](Data& data) { return data.Adopt(step, batches); });
}

Result<OwnerEpoch> MemoryStore::RegisterOwner(const std::string& owner, Duration alive_for) {
  const Timestamp until = shared_->clock.Now() + alive_for;
  return shared_->Write([&](Data& data) { return data.RegisterOwner(owner, until); });
}

Status MemoryStore::Heartbeat(OwnerEpoch epoch, Duration alive_for) {
  const Timestamp until = shared_->clock.Now() + alive_for;
  return shared_->Write([&](Data& data) { return data.Heartbeat(epoch, until); });
}

Status MemoryStore::TakeOver(const ExperimentId& experiment, OwnerEpoch epoch) {
  const Timestamp now = shared_->clock.Now();
  return shared_->Write([&](Data& data) { return data.TakeOver(experiment, epoch, now); });
}

Result<std::vector<ExperimentRow>> MemoryStore::ListUndriven(OwnerEpoch epoch) {
  const Timestamp now = shared_->clock.Now();
  return shared_->Look(
      [&](Data& data) -> Result<std::vector<ExperimentRow>> { return data.Undriven(epoch, now); });
}

Result<OwnerInfo> MemoryStore::OwnerOf(const ExperimentId& experiment) {
  const Timestamp now = shared_->clock.Now();
  return shared_->Look([&](Data& data) { return data.OwnerOf(experiment, now); });
}

Result<std::int64_t> MemoryStore::PostRequest(const std::string& kind, const std::string& payload) {
  return shared_->Write([&](Data& data) { return data.PostRequest(kind, payload); });
}

Result<std::vector<Request>> MemoryStore::OpenRequests() {
  return shared_->Look(
      [](Data& data) -> Result<std::vector<Request>> { return data.OpenRequests(); });
}

Status MemoryStore::AnswerRequest(std::int64_t id, const std::string& reply) {
  return shared_->Write([&](Data& data) { return data.AnswerRequest(id, reply); });
}

Result<Request> MemoryStore::GetRequest(std::int64_t id) {
  return shared_->Look([&](Data& data) -> Result<Request> {
    const auto it = data.requests.find(id);
    if (it == data.requests.end()) {
      return tl::make_unexpected(store::NoRequest(id));
    }
    return it->second;
  });
}

Status MemoryStore::CheckIntegrity() {
  return {};  // what memory holds was checked when it came
}

Result<std::int64_t> MemoryStore::ChangeCounter() {
  return shared_->Look([](Data& data) -> Result<std::int64_t> { return data.changes; });
}

}  // namespace hone
