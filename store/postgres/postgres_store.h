// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "store/schema/schema.h"
#include "store/store.h"

namespace hone {

struct PostgresOptions {
  /// The schema must be there and be this program's. Reading and PostRequest work, every other
  /// write is refused with kFailedPrecondition.
  bool read_only = false;
  /// How long a write is tried again while the server is away; a reader gives up sooner.
  Duration patience = std::chrono::minutes(5);
  /// The same for reading.
  Duration read_patience = std::chrono::seconds(2);
  /// PostRequest addresses requests to this owner, and OpenRequests tells of its own only. Empty:
  /// there is one owner.
  std::string requests_of = {};
  /// Limits of one transaction.
  std::size_t batch_items = 512;
  std::size_t batch_bytes = std::size_t{8} << 20;
  /// Of leases and requests; null: the database's. Outlives the store.
  const Clock* clock = nullptr;
  /// The schema; for tests. Outlives the store.
  std::span<const store::Migration> migrations = store::PostgresMigrations();
};

/// A store in a PostgreSQL database, which several processes may share. One writer thread with
/// group commit for each process; readers have sessions of their own. When `done` hears of success,
/// the write holds as the server promises it (fsync). A server that goes away is waited for; a
/// write whose answer was lost is neither lost nor made twice. Life: Create connects, checks and
/// migrates; the destructor finishes what was handed over.
/// @threads  `done` runs on the writer's thread, in the order of the calls; it must not wait for
/// another write
class PostgresStore final : public Store {
 public:
  /// @param url  postgresql://USER:PASSWORD@HOST:PORT/DATABASE; the password reaches no message
  /// @errors kInvalidArgument (URL), kUnavailable (no connection), kPermissionDenied,
  /// kFailedPrecondition (server too old, not UTF-8, another program's tables, newer schema,
  /// changed migration; read_only: older schema), kNotFound (read_only: no tables yet)
  static Result<std::unique_ptr<PostgresStore>> Create(const std::string& url,
                                                       const PostgresOptions& options);
  ~PostgresStore() override;

  void Append(LedgerStep step, Ledger::Done done) override;
  Result<std::vector<Recorded>> Read(const ExperimentId& experiment, Version from,
                                     std::size_t limit) override;
  /// Ends before the oldest transaction that is under way: an event that is committed after a later
  /// one was seen is never passed over.
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
  /// Changes with every transaction of the server, this database's or not.
  Result<std::int64_t> ChangeCounter() override;
  /// Whether the ledgers are whole.
  Status CheckIntegrity() override;

 private:
  struct Parts;
  explicit PostgresStore(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// What may be shown of a URL of PostgreSQL: without password and settings. @errors
/// kInvalidArgument
Result<std::string> ShownUrl(const std::string& url);

}  // namespace hone
