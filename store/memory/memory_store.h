// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "store/store.h"

namespace hone {

/// What a fault hook is asked about: every write, in the order in which it reaches the data.
struct StoreWrite {
  enum class Kind { kAppend, kRecord, kMarkDone, kOther };
  Kind kind = Kind::kOther;
  std::uint64_t n = 0;  ///< 1, 2, ... over all kinds
};

/// What becomes of a write. After a crash the store answers nothing until Restart().
enum class WriteFate {
  kCommit,
  kFail,         ///< nothing written, kUnavailable
  kDiskFull,     ///< nothing written, kResourceExhausted
  kCrashBefore,  ///< nothing written, nobody told
  kCrashAfter,   ///< written, nobody told
};

/// A store in memory: for tests, simulations and experiments that nobody wants to keep.
/// Appends, batches and marks reach the data in a task of the executor, in the order of the calls;
/// a call that waits for its own write takes the earlier ones along. With a SimExecutor everything
/// happens in virtual time on one thread.
/// Life: until destruction, also over Crash() and Restart(), which stand for the end and the new
/// start of the process around it. What the destructor finds waiting is written; its `done` runs if
/// the executor still does.
class MemoryStore final : public Store {
 public:
  using FaultHook = std::function<WriteFate(const StoreWrite&)>;

  /// @param executor  runs `done`; @param clock  for leases. Both outlive the store's last task.
  MemoryStore(Executor& executor, const Clock& clock);
  ~MemoryStore() override;

  /// Asked before each write; must not call the store. Set it before the writes it is about.
  void OnWrite(FaultHook hook);
  /// The process dies here: waiting writes are gone and every call fails until Restart().
  void Crash();
  void Restart();
  [[nodiscard]] bool crashed() const;

  void Append(LedgerStep step, Ledger::Done done) override;
  Result<std::vector<Recorded>> Read(const ExperimentId& experiment, Version from,
                                     std::size_t limit) override;
  Result<std::vector<Positioned>> ReadAll(Position from, std::size_t limit) override;
  Result<std::vector<OutboxItem>> ReadOutbox(const ExperimentId& experiment) override;
  void MarkDone(const ExperimentId& experiment, Version seq, std::uint32_t n) override;
  Status WriteSnapshot(const ExperimentId& experiment, Version seq,
                       std::string_view payload) override;
  Result<std::optional<std::pair<Version, std::string>>> ReadSnapshot(
      const ExperimentId& experiment) override;

  void Record(ObservationBatch batch, Observations::Done done) override;
  Result<std::uint64_t> OffsetOf(const TrialId& trial, Attempt attempt,
                                 const std::string& source) override;
  Result<std::vector<StoredRecord>> ReadRecordPage(const RecordQuery& query) override;
  Result<RecordsSize> SizeOfRecords(const ExperimentId& experiment, TrialNumber through) override;
  Status RemoveRecords(const ExperimentId& experiment, TrialNumber through) override;

  Result<std::vector<ExperimentRow>> ListExperiments() override;
  Result<ExperimentRow> FindExperiment(const std::string& name_space,
                                       const std::string& name) override;
  Result<std::vector<TrialRow>> ListTrials(const ExperimentId& experiment) override;
  Result<TrialId> FindTrial(const std::string& trial_name) override;
  Status ReplaceRows(const ExperimentId& experiment, const Projection& projection) override;
  Status DeleteExperiment(const ExperimentId& experiment, OwnerEpoch epoch, Timestamp now) override;
  Status Adopt(LedgerStep step, std::vector<ObservationBatch> batches) override;
  Result<OwnerEpoch> RegisterOwner(const std::string& owner, Duration alive_for) override;
  Status Heartbeat(OwnerEpoch epoch, Duration alive_for) override;
  Status TakeOver(const ExperimentId& experiment, OwnerEpoch epoch) override;
  Result<std::vector<ExperimentRow>> ListUndriven(OwnerEpoch epoch) override;
  Result<OwnerInfo> OwnerOf(const ExperimentId& experiment) override;
  Result<std::int64_t> PostRequest(const std::string& kind, const std::string& payload) override;
  Result<std::vector<Request>> OpenRequests() override;
  Status AnswerRequest(std::int64_t id, const std::string& reply) override;
  Result<Request> GetRequest(std::int64_t id) override;
  Result<std::int64_t> ChangeCounter() override;
  Status CheckIntegrity() override;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // with the tasks that are still to run
};

}  // namespace hone
