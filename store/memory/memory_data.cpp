// SPDX-License-Identifier: Apache-2.0
#include "store/memory/memory_data.h"

#include <algorithm>

#include "base/check.h"
#include "store/checks.h"

namespace hone::memory {

Experiment* Data::Find(const ExperimentId& id) {
  const auto it = experiments.find(id.text);
  return it == experiments.end() ? nullptr : &it->second;
}

Experiment* Data::FindLive(const ExperimentId& id) {
  Experiment* experiment = Find(id);
  return experiment != nullptr && experiment->deleted ? nullptr : experiment;
}

const Experiment* Data::FindByName(const std::string& name_space, const std::string& name) const {
  const auto it = std::ranges::find_if(experiments, [&](const auto& entry) {
    const Experiment& e = entry.second;
    return !e.deleted && e.row.name_space == name_space && e.row.name == name;
  });
  return it == experiments.end() ? nullptr : &it->second;
}

bool Data::NameOfOther(const std::string& trial_name, const TrialId& id) const {
  const auto it = trial_names_.find(trial_name);
  return it != trial_names_.end() && it->second != id;
}

Result<TrialId> Data::FindTrial(const std::string& trial_name) const {
  const auto it = trial_names_.find(trial_name);
  if (it == trial_names_.end()) {
    return tl::make_unexpected(store::NoTrialNamed(trial_name));
  }
  return it->second;
}

std::vector<Recorded> Data::EventsOf(const ExperimentId& id, Version from, std::size_t limit) {
  std::vector<Recorded> recorded;
  const Experiment* experiment = Find(id);
  if (experiment == nullptr) {
    return recorded;
  }
  const std::map<Version, Position>& events = experiment->events;
  for (auto it = events.upper_bound(from); it != events.end() && recorded.size() < limit; ++it) {
    recorded.push_back(log.at(it->second).recorded);
  }
  return recorded;
}

std::vector<OutboxItem> Data::OutboxOf(const ExperimentId& id) {
  std::vector<OutboxItem> items;
  if (const Experiment* experiment = FindLive(id); experiment != nullptr) {
    for (const auto& [place, payload] : experiment->outbox) {
      items.push_back({place.first, place.second, payload});
    }
  }
  return items;
}

std::vector<StoredRecord> Data::RecordsOf(const RecordQuery& query) {
  std::vector<StoredRecord> rows;
  if (Experiment* experiment = FindLive(query.trial.experiment); experiment != nullptr) {
    const auto& all = experiment->records[query.trial.number].rows;
    for (auto at = std::ranges::upper_bound(all, query.after, {}, &StoredRecord::id);
         at != all.end() && rows.size() < query.limit; ++at) {
      if ((query.attempt == 0 || at->attempt == query.attempt) &&
          (query.metric.empty() || at->record.metric == query.metric)) {
        rows.push_back(*at);
      }
    }
  }
  return rows;
}

RecordsSize Data::SizeOfRecords(const ExperimentId& id, TrialNumber through) {
  RecordsSize size;
  const Experiment* experiment = FindLive(id);
  if (experiment == nullptr) {
    return size;
  }
  for (auto at = experiment->records.begin(), end = experiment->records.upper_bound(through);
       at != end; ++at) {
    size.rows += at->second.rows.size();
    for (const StoredRecord& row : at->second.rows) {
      size.bytes += row.record.metric.size() + row.record.text.size() + kRecordNumbersBytes;
    }
  }
  return size;
}

Status Data::RemoveRecords(const ExperimentId& id, TrialNumber through) {
  Experiment* experiment = FindLive(id);
  if (experiment == nullptr) {
    return tl::make_unexpected(store::NoExperiment(id));
  }
  for (auto& [number, records] : experiment->records) {
    if (number <= through) {
      records.rows.clear();
    }
  }
  ++changes;
  return {};
}

std::vector<ExperimentRow> Data::NewestFirst() {
  std::vector<ExperimentRow> rows;
  for (auto id = order.rbegin(); id != order.rend(); ++id) {
    if (const Experiment* experiment = FindLive({*id}); experiment != nullptr) {
      rows.push_back(experiment->row);
    }
  }
  return rows;
}

std::vector<ExperimentRow> Data::Undriven(OwnerEpoch epoch, Timestamp now) {
  std::vector<ExperimentRow> rows = NewestFirst();
  std::erase_if(rows, [&](const ExperimentRow& row) {
    const OwnerEpoch owner = FindLive(row.id)->owner;
    const auto found = owners.find(owner);
    const bool of_other =
        owner != epoch && found != owners.end() && found->second.alive_until > now;
    return of_other || !store::HasWork(row);
  });
  return rows;
}

Result<OwnerInfo> Data::OwnerOf(const ExperimentId& id, Timestamp now) {
  const Experiment* experiment = FindLive(id);
  if (experiment == nullptr) {
    return tl::make_unexpected(store::NoExperiment(id));
  }
  OwnerInfo info{experiment->owner, {}, false};
  if (const auto found = owners.find(info.epoch); found != owners.end()) {
    info.name = found->second.name;
    info.alive = found->second.alive_until > now;
  }
  return info;
}

std::vector<TrialRow> Data::TrialsOf(const ExperimentId& id) {
  std::vector<TrialRow> rows;
  if (const Experiment* experiment = FindLive(id); experiment != nullptr) {
    for (const auto& [number, row] : experiment->trials) {
      rows.push_back(row);
    }
  }
  return rows;
}

std::vector<Request> Data::OpenRequests() const {
  std::vector<Request> open;
  for (const auto& [id, request] : requests) {
    if (!request.answered) {
      open.push_back(request);
    }
  }
  return open;
}

Status Data::CheckStep(const LedgerStep& step) {
  HONE_RETURN_IF_ERROR(store::CheckStep(step));
  const Experiment* experiment = Find(step.experiment);
  if (step.expected == 0) {
    if (experiment != nullptr) {
      return tl::make_unexpected(store::Moved(step.experiment, 0, step.epoch));
    }
    const ExperimentRow& row = step.projection.experiment;
    if (FindByName(row.name_space, row.name) != nullptr) {
      return tl::make_unexpected(store::NameTaken(row.name_space, row.name));
    }
  } else if (experiment == nullptr || experiment->deleted ||
             experiment->row.version != step.expected || experiment->owner != step.epoch) {
    return tl::make_unexpected(store::Moved(step.experiment, step.expected, step.epoch));
  }
  for (const TrialRow& row : step.projection.trials) {
    if (NameOfOther(row.name, {step.experiment, row.number})) {
      return tl::make_unexpected(store::TrialNameTaken(row.name));
    }
  }
  for (const ObservationBatch& batch : step.observations) {
    HONE_RETURN_IF_ERROR(CheckOffset(batch));
  }
  return {};
}

Status Data::CheckOffset(const ObservationBatch& batch) {
  Experiment* experiment = FindLive(batch.trial.experiment);
  if (experiment == nullptr) {
    return tl::make_unexpected(store::NoExperiment(batch.trial.experiment));
  }
  const auto& offsets = experiment->records[batch.trial.number].offsets;
  const auto found = offsets.find({batch.attempt, batch.source});
  const std::uint64_t offset = found == offsets.end() ? 0 : found->second;
  return offset == batch.offset_before
             ? Status()
             : tl::make_unexpected(store::OffsetMoved(batch.source, batch.offset_before));
}

void Data::AddEvent(Experiment& experiment, const ExperimentId& id, const Recorded& recorded) {
  const Position position = log.empty() ? 1 : log.rbegin()->first + 1;
  log.emplace(position, Positioned{position, id, recorded});
  experiment.events.emplace(recorded.seq, position);
}

Status Data::Append(const LedgerStep& step) {
  HONE_RETURN_IF_ERROR(CheckStep(step));
  if (step.expected == 0) {
    order.push_back(step.experiment.text);
  }
  Experiment& experiment = experiments[step.experiment.text];
  experiment.owner = step.epoch;
  ExperimentRow row = step.projection.experiment;
  if (step.expected > 0) {  // identity and birth never change
    row.name_space = experiment.row.name_space;
    row.name = experiment.row.name;
    row.created_at = experiment.row.created_at;
  }
  row.id = step.experiment;
  row.version = step.events.back().seq;
  experiment.row = std::move(row);
  for (const Recorded& recorded : step.events) {
    AddEvent(experiment, step.experiment, recorded);
  }
  std::uint32_t n = 0;
  for (const std::string& payload : step.outbox) {
    experiment.outbox.emplace(std::pair{experiment.row.version, n++}, payload);
  }
  for (const TrialRow& trial : step.projection.trials) {
    experiment.trials.insert_or_assign(trial.number, trial);
    trial_names_.insert_or_assign(trial.name, TrialId{step.experiment, trial.number});
  }
  ++changes;
  for (const ObservationBatch& batch : step.observations) {
    HONE_CHECK(Record(batch).has_value(), "CheckStep has looked at the batches");
  }
  return {};
}

Status Data::Record(const ObservationBatch& batch) {
  HONE_RETURN_IF_ERROR(CheckOffset(batch));
  TrialRecords& records = FindLive(batch.trial.experiment)->records[batch.trial.number];
  records.offsets[{batch.attempt, batch.source}] = batch.offset_after;
  for (const MetricRecord& record : batch.records) {
    const auto id = static_cast<std::int64_t>(records.rows.size()) + 1;
    records.rows.push_back({id, batch.attempt, record});
  }
  ++changes;
  return {};
}

Status Data::Adopt(const LedgerStep& step, const std::vector<ObservationBatch>& batches) {
  HONE_RETURN_IF_ERROR(store::CheckAdoption(step, batches));
  const Experiment* former = Find(step.experiment);
  const bool deleted = former != nullptr && former->deleted;
  auto tombstone =
      deleted ? experiments.extract(step.experiment.text) : decltype(experiments)::node_type();
  if (const Status appended = Append(step); !appended.has_value()) {
    if (deleted) {
      experiments.insert(std::move(tombstone));
    }
    return appended;
  }
  if (deleted) {
    order.pop_back();  // it keeps its place
    for (const auto& [seq, position] : tombstone.mapped().events) {
      log.erase(position);
    }
  }
  for (const ObservationBatch& batch : batches) {
    HONE_CHECK(Record(batch).has_value(), "CheckAdoption has looked at the batches");
  }
  return {};
}

Status Data::Snapshot(const ExperimentId& id, Version seq, std::string_view payload) {
  Experiment* experiment = FindLive(id);
  if (experiment == nullptr) {
    return tl::make_unexpected(store::NoExperiment(id));
  }
  if (seq > experiment->row.version) {
    return tl::make_unexpected(store::SnapshotAhead(id, seq));
  }
  if (!experiment->snapshot || experiment->snapshot->first <= seq) {
    experiment->snapshot = std::pair{seq, std::string(payload)};
  }
  ++changes;
  return {};
}

Status Data::ReplaceRows(const ExperimentId& id, const Projection& projection) {
  Experiment* experiment = FindLive(id);
  if (experiment == nullptr) {
    return tl::make_unexpected(store::NoExperiment(id));
  }
  for (const TrialRow& row : projection.trials) {
    if (NameOfOther(row.name, {id, row.number}) && trial_names_.at(row.name).experiment != id) {
      return tl::make_unexpected(store::TrialNameTaken(row.name));
    }
  }
  for (const auto& [number, row] : experiment->trials) {
    trial_names_.erase(row.name);
  }
  experiment->trials.clear();
  for (const TrialRow& row : projection.trials) {
    experiment->trials.insert_or_assign(row.number, row);
    trial_names_.insert_or_assign(row.name, TrialId{id, row.number});
  }
  ExperimentRow row = projection.experiment;
  row.id = id;
  row.version = experiment->row.version;
  row.name_space = experiment->row.name_space;
  row.name = experiment->row.name;
  row.created_at = experiment->row.created_at;
  experiment->row = std::move(row);
  ++changes;
  return {};
}

Status Data::Delete(const ExperimentId& id, OwnerEpoch epoch, Timestamp now) {
  Experiment* experiment = FindLive(id);
  if (experiment == nullptr) {
    return tl::make_unexpected(store::NoExperiment(id));
  }
  if (experiment->owner != epoch) {
    return tl::make_unexpected(store::Moved(id, experiment->row.version, epoch));
  }
  for (const auto& [number, row] : experiment->trials) {
    trial_names_.erase(row.name);
  }
  const std::map<Version, Position> events = std::move(experiment->events);
  Experiment rest;
  rest.row = experiment->row;
  rest.owner = epoch;
  rest.deleted = true;
  *experiment = std::move(rest);
  // The new event first: positions must not be used again.
  AddEvent(*experiment, id, {++experiment->row.version, now, event::ExperimentDeleted{}});
  for (const auto& [seq, position] : events) {
    log.erase(position);
  }
  ++changes;
  return {};
}

Result<OwnerEpoch> Data::RegisterOwner(const std::string& name, Timestamp alive_until) {
  owners.emplace(++last_epoch, Owner{name, alive_until});
  for (auto& [id, experiment] : experiments) {
    const auto former = owners.find(experiment.owner);
    if (former != owners.end() && former->second.name == name) {
      experiment.owner = last_epoch;
    }
  }
  std::erase_if(owners, [&](const auto& entry) {
    return entry.second.name == name && entry.first != last_epoch;
  });
  ++changes;
  return last_epoch;
}

Status Data::Heartbeat(OwnerEpoch epoch, Timestamp alive_until) {
  const auto it = owners.find(epoch);
  if (it == owners.end()) {
    return tl::make_unexpected(store::OwnerGone(epoch));
  }
  it->second.alive_until = alive_until;
  ++changes;
  return {};
}

Status Data::TakeOver(const ExperimentId& id, OwnerEpoch epoch, Timestamp now) {
  Experiment* experiment = FindLive(id);
  if (experiment == nullptr) {
    return tl::make_unexpected(store::NoExperiment(id));
  }
  if (!owners.contains(epoch)) {
    return tl::make_unexpected(store::OwnerGone(epoch));
  }
  if (experiment->owner == epoch) {
    return {};
  }
  const auto former = owners.find(experiment->owner);
  if (former != owners.end()) {
    if (former->second.alive_until > now) {
      return tl::make_unexpected(store::OwnerAlive(id, experiment->owner));
    }
    owners.erase(former);  // declared dead: it must not come back under this epoch
  }
  experiment->owner = epoch;
  ++changes;
  return {};
}

Result<std::int64_t> Data::PostRequest(const std::string& kind, const std::string& payload) {
  const std::int64_t id = requests.empty() ? 1 : requests.rbegin()->first + 1;
  requests.emplace(id, Request{.id = id, .kind = kind, .payload = payload, .reply = {}});
  ++changes;
  return id;
}

Status Data::AnswerRequest(std::int64_t id, const std::string& reply) {
  const auto it = requests.find(id);
  if (it == requests.end()) {
    return tl::make_unexpected(store::NoRequest(id));
  }
  if (it->second.answered) {
    return tl::make_unexpected(store::RequestAnswered(id));
  }
  it->second.answered = true;
  it->second.reply = reply;
  ++changes;
  return {};
}

}  // namespace hone::memory
