// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/store.h"

/// The data of a MemoryStore and the writes on it, without threads, faults or callbacks.
namespace hone::memory {

struct TrialRecords {
  std::vector<StoredRecord> rows;
  std::map<std::pair<Attempt, std::string>, std::uint64_t> offsets;
};

struct Experiment {
  ExperimentRow row;
  OwnerEpoch owner = 0;
  bool deleted = false;
  std::map<Version, Position> events;  // where in Data::log
  std::map<std::pair<Version, std::uint32_t>, std::string> outbox;
  std::map<TrialNumber, TrialRow> trials;
  std::map<TrialNumber, TrialRecords> records;
  std::optional<std::pair<Version, std::string>> snapshot;
};

struct Owner {
  std::string name;
  Timestamp alive_until;
};

/// A write either happens as a whole or returns an error and changes nothing.
/// @threads  one at a time
struct Data {
  std::map<Position, Positioned> log;
  std::unordered_map<std::string, Experiment> experiments;  // by UID; deleted ones stay
  std::vector<std::string> order;                           // UIDs in the order of creation
  std::map<OwnerEpoch, Owner> owners;
  std::map<std::int64_t, Request> requests;
  OwnerEpoch last_epoch = 0;
  std::int64_t changes = 0;

  /// Nothing if unknown; deleted ones are found.
  Experiment* Find(const ExperimentId& id);
  /// Nothing if unknown or deleted.
  Experiment* FindLive(const ExperimentId& id);
  [[nodiscard]] const Experiment* FindByName(const std::string& name_space,
                                             const std::string& name) const;

  [[nodiscard]] Result<TrialId> FindTrial(const std::string& trial_name) const;
  std::vector<Recorded> EventsOf(const ExperimentId& id, Version from, std::size_t limit);
  std::vector<OutboxItem> OutboxOf(const ExperimentId& id);
  std::vector<StoredRecord> RecordsOf(const RecordQuery& query);
  RecordsSize SizeOfRecords(const ExperimentId& id, TrialNumber through);
  std::vector<ExperimentRow> NewestFirst();
  std::vector<ExperimentRow> Undriven(OwnerEpoch epoch, Timestamp now);
  Result<OwnerInfo> OwnerOf(const ExperimentId& id, Timestamp now);
  std::vector<TrialRow> TrialsOf(const ExperimentId& id);
  [[nodiscard]] std::vector<Request> OpenRequests() const;

  Status Append(const LedgerStep& step);
  Status Record(const ObservationBatch& batch);
  Status Adopt(const LedgerStep& step, const std::vector<ObservationBatch>& batches);
  Status Snapshot(const ExperimentId& id, Version seq, std::string_view payload);
  Status ReplaceRows(const ExperimentId& id, const Projection& projection);
  Status RemoveRecords(const ExperimentId& id, TrialNumber through);
  Status Delete(const ExperimentId& id, OwnerEpoch epoch, Timestamp now);
  Result<OwnerEpoch> RegisterOwner(const std::string& name, Timestamp alive_until);
  Status Heartbeat(OwnerEpoch epoch, Timestamp alive_until);
  Status TakeOver(const ExperimentId& id, OwnerEpoch epoch, Timestamp now);
  Result<std::int64_t> PostRequest(const std::string& kind, const std::string& payload);
  Status AnswerRequest(std::int64_t id, const std::string& reply);

 private:
  [[nodiscard]] Status CheckStep(const LedgerStep& step);
  [[nodiscard]] Status CheckOffset(const ObservationBatch& batch);
  [[nodiscard]] bool NameOfOther(const std::string& trial_name, const TrialId& id) const;
  void AddEvent(Experiment& experiment, const ExperimentId& id, const Recorded& recorded);
  std::unordered_map<std::string, TrialId> trial_names_;
};

}  // namespace hone::memory
