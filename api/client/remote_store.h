// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/client/channel.h"
#include "api/client/posted_requests.h"
#include "base/guarded.h"
#include "store/store.h"

namespace hone::client {

/// The experiments of a daemon, for reading, and its engine, for requests. What only the owner of
/// a store does is kFailedPrecondition: `hone serve` owns it.
/// @threads  safe; a call takes at most 30 s
class RemoteStore final : public Store {
 public:
  /// Asks the daemon once, so that a wrong address or token is told here.
  /// @errors those of Channel::Create and of the daemon
  static Result<std::unique_ptr<RemoteStore>> Create(const ServerOptions& options);

  Result<std::vector<ExperimentRow>> ListExperiments() override;
  Result<ExperimentRow> FindExperiment(const std::string& name_space,
                                       const std::string& name) override;
  Result<std::vector<TrialRow>> ListTrials(const ExperimentId& experiment) override;
  Result<TrialId> FindTrial(const std::string& trial_name) override;
  Result<std::vector<Recorded>> Read(const ExperimentId& experiment, Version from,
                                     std::size_t limit) override;
  Result<std::vector<StoredRecord>> ReadRecordPage(const RecordQuery& query) override;
  Result<std::int64_t> PostRequest(const std::string& kind, const std::string& payload) override;
  Result<Request> GetRequest(std::int64_t id) override;

  // Of the owner alone.
  Status ReplaceRows(const ExperimentId& experiment, const Projection& projection) override;
  Status DeleteExperiment(const ExperimentId& experiment, OwnerEpoch epoch, Timestamp now) override;
  Status Adopt(LedgerStep step, std::vector<ObservationBatch> batches) override;
  Result<OwnerEpoch> RegisterOwner(const std::string& owner, Duration alive_for) override;
  Status Heartbeat(OwnerEpoch epoch, Duration alive_for) override;
  Status TakeOver(const ExperimentId& experiment, OwnerEpoch epoch) override;
  Result<std::vector<ExperimentRow>> ListUndriven(OwnerEpoch epoch) override;
  Result<OwnerInfo> OwnerOf(const ExperimentId& experiment) override;
  Result<std::vector<Request>> OpenRequests() override;
  Status AnswerRequest(std::int64_t id, const std::string& reply) override;
  Result<std::int64_t> ChangeCounter() override;
  Status CheckIntegrity() override;
  void Append(LedgerStep step, Ledger::Done done) override;
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
  Result<RecordsSize> SizeOfRecords(const ExperimentId& experiment, TrialNumber through) override;
  Status RemoveRecords(const ExperimentId& experiment, TrialNumber through) override;

 private:
  struct Name {
    std::string name_space;
    std::string name;
  };

  explicit RemoteStore(const Channel& channel);
  /// The daemon knows experiments by name. @errors kNotFound
  Result<Name> NameOf(const ExperimentId& experiment);
  Result<std::string> TrialNameOf(const TrialId& trial);
  void Learn(const ExperimentRow& row);

  Channel channel_;
  Guarded<std::map<ExperimentId, Name>> names_;
  Guarded<std::map<TrialId, std::string>> trials_;
  PostedRequests requests_;
};

}  // namespace hone::client
