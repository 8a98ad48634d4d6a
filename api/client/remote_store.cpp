// SPDX-License-Identifier: Apache-2.0
#include "api/client/remote_store.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>

#include "api/client/from_wire.h"
#include "api/proto/hone/v1/hone.grpc.pb.h"
#include "store/checks.h"

namespace hone::client {
namespace {

constexpr Duration kWithin = std::chrono::seconds(30);
constexpr std::int32_t kRowsAtOnce = 1000;
constexpr std::int32_t kValuesAtOnce = 10000;
constexpr std::size_t kEventsAtOnce = 5000;

/// One call. @param method  of the stub
template <class Stub, class Ask, class Reply>
Status Call(const Channel& channel, Stub& stub,
            grpc::Status (Stub::*method)(grpc::ClientContext*, const Ask&, Reply*), const Ask& ask,
            Reply& reply) {
  grpc::ClientContext context;
  channel.Prepare(context, kWithin);
  reply.Clear();
  return channel.Read((stub.*method)(&context, ask, &reply));
}

/// All pages of a list.
template <class Stub, class Ask, class Reply, class Take>
Status CallPages(const Channel& channel, Stub& stub,
                 grpc::Status (Stub::*method)(grpc::ClientContext*, const Ask&, Reply*), Ask ask,
                 Take take) {
  Reply reply;
  do {
    HONE_RETURN_IF_ERROR(Call(channel, stub, method, ask, reply));
    take(reply);
    if (reply.next_page_token() == ask.page_token() && !reply.next_page_token().empty()) {
      return Fail(Code::kDataLoss, "the daemon tells the same page again and again");
    }
    ask.set_page_token(reply.next_page_token());
  } while (!reply.next_page_token().empty());
  return {};
}

Status AddEvents(const pb::GetEventsResponse& reply, std::vector<Recorded>& events) {
  for (const pb::RecordedEvent& event : reply.events()) {
    HONE_ASSIGN_OR_RETURN(events.emplace_back(), EventOf(event));
  }
  return {};
}

/// @param count  of the values before, of all attempts: ids do not travel
void AddRecords(const pb::GetMetricsResponse& reply, const RecordQuery& query, std::int64_t& count,
                std::vector<StoredRecord>& records) {
  for (const pb::MetricValue& value : reply.values()) {
    StoredRecord record = RecordOf(value, ++count);
    const bool asked = query.attempt == 0 || record.attempt == query.attempt;
    if (asked && count > query.after && records.size() < query.limit) {
      records.push_back(std::move(record));
    }
  }
}

Error NotHere(const std::string& what) {
  return {Code::kFailedPrecondition,
          what + " is for the machine where the daemon runs: leave out --server there",
          {}};
}
tl::unexpected<Error> Refuse(const std::string& what) {
  return tl::make_unexpected(NotHere(what));
}

}  // namespace

RemoteStore::RemoteStore(const Channel& channel) : channel_(channel), requests_(channel) {}

Result<std::unique_ptr<RemoteStore>> RemoteStore::Create(const ServerOptions& options) {
  HONE_ASSIGN_OR_RETURN(const Channel channel, Channel::Create(options));
  std::unique_ptr<RemoteStore> store(new RemoteStore(channel));
  const auto stub = pb::Experiments::NewStub(channel.ToDaemon());
  pb::ListExperimentsRequest ask;
  ask.set_page_size(1);
  pb::ListExperimentsResponse reply;
  HONE_RETURN_IF_ERROR(Call(channel, *stub, &pb::Experiments::Stub::List, ask, reply));
  return store;
}

void RemoteStore::Learn(const ExperimentRow& row) {
  names_.WithLock([&](auto& names) { names[row.id] = {row.name_space, row.name}; });
}

Result<std::vector<ExperimentRow>> RemoteStore::ListExperiments() {
  const auto stub = pb::Experiments::NewStub(channel_.ToDaemon());
  pb::ListExperimentsRequest ask;
  ask.set_page_size(kRowsAtOnce);
  std::vector<ExperimentRow> rows;
  const auto take = [&](const pb::ListExperimentsResponse& page) {
    for (const pb::Experiment& experiment : page.experiments()) {
      Learn(rows.emplace_back(RowOf(experiment)));
    }
  };
  HONE_RETURN_IF_ERROR(CallPages(channel_, *stub, &pb::Experiments::Stub::List, ask, take));
  return rows;
}

Result<ExperimentRow> RemoteStore::FindExperiment(const std::string& name_space,
                                                  const std::string& name) {
  const auto stub = pb::Experiments::NewStub(channel_.ToDaemon());
  pb::GetExperimentRequest ask;
  ask.set_name(name);
  ask.set_namespace_(name_space);
  ask.set_without_object(true);
  pb::Experiment reply;
  HONE_RETURN_IF_ERROR(Call(channel_, *stub, &pb::Experiments::Stub::Get, ask, reply));
  ExperimentRow row = RowOf(reply);
  Learn(row);
  return row;
}

Result<RemoteStore::Name> RemoteStore::NameOf(const ExperimentId& experiment) {
  const auto look = [&] {
    return names_.WithLock([&](const auto& names) {
      const auto found = names.find(experiment);
      return found == names.end() ? std::optional<Name>() : std::optional(found->second);
    });
  };
  if (const auto known = look()) {
    return *known;
  }
  HONE_ASSIGN_OR_RETURN([[maybe_unused]] const auto rows, ListExperiments());
  if (const auto known = look()) {
    return *known;
  }
  return tl::make_unexpected(store::NoExperiment(experiment));
}

Result<std::vector<TrialRow>> RemoteStore::ListTrials(const ExperimentId& experiment) {
  HONE_ASSIGN_OR_RETURN(const Name name, NameOf(experiment));
  const auto stub = pb::Trials::NewStub(channel_.ToDaemon());
  pb::ListTrialsRequest ask;
  ask.set_experiment(name.name);
  ask.set_namespace_(name.name_space);
  ask.set_page_size(kRowsAtOnce);
  std::vector<TrialRow> rows;
  const auto take = [&](const pb::ListTrialsResponse& page) {
    for (const pb::Trial& trial : page.trials()) {
      rows.push_back(RowOf(trial));
    }
  };
  HONE_RETURN_IF_ERROR(CallPages(channel_, *stub, &pb::Trials::Stub::List, ask, take));
  trials_.WithLock([&](auto& trials) {
    for (const TrialRow& row : rows) {
      trials[{experiment, row.number}] = row.name;
    }
  });
  return rows;
}

Result<TrialId> RemoteStore::FindTrial(const std::string& trial_name) {
  const auto stub = pb::Trials::NewStub(channel_.ToDaemon());
  pb::GetTrialRequest ask;
  ask.set_trial(trial_name);
  pb::Trial reply;
  HONE_RETURN_IF_ERROR(Call(channel_, *stub, &pb::Trials::Stub::Get, ask, reply));
  TrialId id{{reply.experiment()}, static_cast<TrialNumber>(reply.number())};
  trials_.WithLock([&](auto& trials) { trials[id] = reply.name(); });
  return id;
}

Result<std::string> RemoteStore::TrialNameOf(const TrialId& trial) {
  const auto look = [&] {
    return trials_.WithLock([&](const auto& trials) {
      const auto found = trials.find(trial);
      return found == trials.end() ? std::string() : found->second;
    });
  };
  if (auto known = look(); !known.empty()) {
    return known;
  }
  HONE_ASSIGN_OR_RETURN([[maybe_unused]] const auto rows, ListTrials(trial.experiment));
  return look();  // empty: no row, and so no records
}

Result<std::vector<Recorded>> RemoteStore::Read(const ExperimentId& experiment, Version from,
                                                std::size_t limit) {
  HONE_ASSIGN_OR_RETURN(const Name name, NameOf(experiment));
  const auto stub = pb::Experiments::NewStub(channel_.ToDaemon());
  pb::GetEventsRequest ask;
  ask.set_name(name.name);
  ask.set_namespace_(name.name_space);
  ask.set_uid(experiment.text);
  std::vector<Recorded> events;
  pb::GetEventsResponse reply;
  do {  // an answer may have fewer than there are
    ask.set_after(static_cast<std::int64_t>(events.empty() ? from : events.back().seq));
    ask.set_page_size(static_cast<std::int32_t>(std::min(limit - events.size(), kEventsAtOnce)));
    HONE_RETURN_IF_ERROR(Call(channel_, *stub, &pb::Experiments::Stub::Events, ask, reply));
    HONE_RETURN_IF_ERROR(AddEvents(reply, events));
  } while (reply.events_size() > 0 && events.size() < limit);
  return events;
}

Result<std::vector<StoredRecord>> RemoteStore::ReadRecordPage(const RecordQuery& query) {
  pb::GetMetricsRequest ask;
  HONE_ASSIGN_OR_RETURN(*ask.mutable_trial(), TrialNameOf(query.trial));
  if (ask.trial().empty()) {
    return std::vector<StoredRecord>();
  }
  ask.set_metric(query.metric);
  ask.set_page_size(kValuesAtOnce);
  const auto stub = pb::Trials::NewStub(channel_.ToDaemon());
  std::vector<StoredRecord> records;
  std::int64_t count = 0;
  const auto take = [&](const pb::GetMetricsResponse& page) {
    AddRecords(page, query, count, records);
  };
  HONE_RETURN_IF_ERROR(CallPages(channel_, *stub, &pb::Trials::Stub::Metrics, ask, take));
  return records;
}

Result<std::int64_t> RemoteStore::PostRequest(const std::string& kind, const std::string& payload) {
  return requests_.Post(kind, payload);
}

Result<Request> RemoteStore::GetRequest(std::int64_t id) {
  return requests_.Get(id);
}

Status RemoteStore::ReplaceRows(const ExperimentId& /*experiment*/, const Projection& /*rows*/) {
  return Refuse("writing rows");
}
Status RemoteStore::DeleteExperiment(const ExperimentId& /*experiment*/, OwnerEpoch /*epoch*/,
                                     Timestamp /*now*/) {
  return Refuse("removing records");
}
Status RemoteStore::Adopt(LedgerStep /*step*/, std::vector<ObservationBatch> /*batches*/) {
  return Refuse("taking in an experiment");
}
Result<OwnerEpoch> RemoteStore::RegisterOwner(const std::string& /*owner*/, Duration /*alive*/) {
  return Refuse("owning experiments");
}
Status RemoteStore::Heartbeat(OwnerEpoch /*epoch*/, Duration /*alive_for*/) {
  return Refuse("owning experiments");
}
Status RemoteStore::TakeOver(const ExperimentId& /*experiment*/, OwnerEpoch /*epoch*/) {
  return Refuse("owning experiments");
}
Result<std::vector<ExperimentRow>> RemoteStore::ListUndriven(OwnerEpoch /*epoch*/) {
  return Refuse("owning experiments");
}
Result<OwnerInfo> RemoteStore::OwnerOf(const ExperimentId& /*experiment*/) {
  return Refuse("owning experiments");
}
Result<std::vector<Request>> RemoteStore::OpenRequests() {
  return Refuse("answering requests");
}
Status RemoteStore::AnswerRequest(std::int64_t /*id*/, const std::string& /*reply*/) {
  return Refuse("answering requests");
}
Result<std::int64_t> RemoteStore::ChangeCounter() {
  return Refuse("looking at the store's file");
}
Status RemoteStore::CheckIntegrity() {
  return Refuse("checking the store");
}
void RemoteStore::Append(LedgerStep /*step*/, Ledger::Done done) {
  done(Refuse("writing events"));
}
Result<std::vector<Positioned>> RemoteStore::ReadAll(Position /*from*/, std::size_t /*limit*/) {
  return Refuse("reading all ledgers at once");
}
Result<std::vector<OutboxItem>> RemoteStore::ReadOutbox(const ExperimentId& /*experiment*/) {
  return Refuse("carrying out commands");
}
void RemoteStore::MarkDone(const ExperimentId& /*experiment*/, Version /*seq*/,
                           std::uint32_t /*n*/) {}
Status RemoteStore::WriteSnapshot(const ExperimentId& /*experiment*/, Version /*seq*/,
                                  std::string_view /*payload*/) {
  return Refuse("writing snapshots");
}
Result<std::optional<std::pair<Version, std::string>>> RemoteStore::ReadSnapshot(
    const ExperimentId& /*experiment*/) {
  return std::optional<std::pair<Version, std::string>>();
}
void RemoteStore::Record(ObservationBatch /*batch*/, Observations::Done done) {
  done(Refuse("writing metrics"));
}
Result<std::uint64_t> RemoteStore::OffsetOf(const TrialId& /*trial*/, Attempt /*attempt*/,
                                            const std::string& /*source*/) {
  return Refuse("collecting metrics");
}
Result<RecordsSize> RemoteStore::SizeOfRecords(const ExperimentId& /*experiment*/,
                                               TrialNumber /*through*/) {
  return Refuse("removing records");
}
Status RemoteStore::RemoveRecords(const ExperimentId& /*experiment*/, TrialNumber /*through*/) {
  return Refuse("removing records");
}

}  // namespace hone::client
