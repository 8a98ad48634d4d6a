// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "store/schema/schema.h"
#include "store/store.h"

namespace hone {

struct SqliteOptions {
  /// Opens beside an owner, or without one: the file must exist and have this program's schema.
  /// Reading and PostRequest work, every other write is refused with kFailedPrecondition. On a disk
  /// that cannot be written reading works too.
  bool read_only = false;
  /// How long to wait for a write of another process.
  Duration busy_timeout = std::chrono::seconds(10);
  /// Limits of one transaction.
  std::size_t batch_items = 512;
  std::size_t batch_bytes = std::size_t{8} << 20;
  /// Of leases and requests; null: the machine's. Outlives the store.
  const Clock* clock = nullptr;
  /// The schema; for tests. Outlives the store.
  std::span<const store::Migration> migrations = store::SqliteMigrations();
};

/// A store in one SQLite file on a local disk: write-ahead log, synchronous FULL, one writer thread
/// with group commit. When `done` hears of success, the write survives a power cut. Readers have
/// connections of their own and never wait for the writer.
/// Life: Create opens, checks and migrates; the destructor finishes what was handed over.
/// @threads  `done` runs on the writer's thread, in the order of the calls; it must not wait for
/// another write
class SqliteStore final : public Store {
 public:
  /// @param path  of the data file; its folder exists
  /// @errors kNotFound (folder; read_only: file), kPermissionDenied, kFailedPrecondition (not ours,
  /// newer, changed migration; the file is left as it was), kDataLoss (damaged), kResourceExhausted
  static Result<std::unique_ptr<SqliteStore>> Create(const std::filesystem::path& path,
                                                     const SqliteOptions& options);
  ~SqliteStore() override;

  void Append(LedgerStep step, Ledger::Done done) override;
  Result<std::vector<Recorded>> Read(const ExperimentId& experiment, Version from,
                                     std::size_t limit) override;
  Result<std::vector<Positioned>> ReadAll(Position from, std::size_t limit) override;
  Result<std::vector<OutboxItem>> ReadOutbox(const ExperimentId& experiment) override;
  /// Removes the command's row with the next transaction.
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
  struct Parts;
  explicit SqliteStore(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hone
