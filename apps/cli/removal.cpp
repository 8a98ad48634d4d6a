// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/removal.h"

#include <algorithm>
#include <future>

#include "apps/cli/follower.h"
#include "core/ledger_check.h"
#include "core/transitions.h"

namespace hone::cli {
namespace {

/// Up to which trial logs and curves are recorded as removed.
struct Reach {
  TrialNumber logs = 0;
  TrialNumber curves = 0;
};

Reach WhatIsRecorded(const ExperimentState& state) {
  Reach recorded;
  for (const Removal& removal : state.removals) {
    TrialNumber& logs = recorded.logs;
    TrialNumber& curves = recorded.curves;
    logs = removal.what.logs ? std::max(logs, removal.what.through) : logs;
    curves = removal.what.curves ? std::max(curves, removal.what.through) : curves;
  }
  return recorded;
}

Result<ExperimentState> LoadState(Store& store, const ExperimentId& id) {
  Follower follower(store, id);
  HONE_RETURN_IF_ERROR(follower.CatchUp({}));
  return std::move(follower).TakeState();
}

/// What an interrupted removal left; empty if none was.
Status MeasureLeftovers(const Config& config, const Session& session, const ExperimentState& state,
                        Holding& holding) {
  const Reach recorded = WhatIsRecorded(state);
  HONE_ASSIGN_OR_RETURN(holding.logs, SizeOfLogs(config.data_dir, state.id, recorded.logs));
  HONE_ASSIGN_OR_RETURN(holding.curves, session.store().SizeOfRecords(state.id, recorded.curves));
  holding.unfinished = !holding.Empty();
  return {};
}

/// What only an experiment that has ended has: all its trials are over.
Status MeasureEnded(const Config& config, const Session& session, Holding& holding) {
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(holding.id));
  holding.version = state.version;
  holding.trials = static_cast<TrialNumber>(state.trials.size());
  if (!state.Ended() || !state.Drained()) {
    return {};
  }
  holding.ended_at = state.ended_at;
  return MeasureLeftovers(config, session, state, holding);
}

/// What there is on the disk, also of one that runs.
Status Measure(const Config& config, const Session& session, RecordKinds kinds, Holding& holding) {
  if (holding.unfinished) {
    return {};
  }
  if (kinds.logs) {
    HONE_ASSIGN_OR_RETURN(holding.logs, SizeOfLogs(config.data_dir, holding.id, UINT32_MAX));
  }
  if (kinds.curves) {
    HONE_ASSIGN_OR_RETURN(holding.curves, session.store().SizeOfRecords(holding.id, UINT32_MAX));
  }
  return {};
}

Status AppendNow(Store& store, LedgerStep step) {
  const auto done = std::make_shared<std::promise<Status>>();  // set_value may outlast the get
  std::future<Status> answer = done->get_future();
  store.Append(std::move(step), [done](Status status) { done->set_value(std::move(status)); });
  return answer.get();
}

}  // namespace

Result<std::vector<Holding>> Holdings(const Config& config, const Session& session,
                                      RecordKinds kinds) {
  std::vector<Holding> holdings;
  HONE_ASSIGN_OR_RETURN(const auto rows, session.List());
  for (const ExperimentRow& row : rows) {
    Holding& holding = holdings.emplace_back();
    holding.id = row.id;
    holding.name_space = row.name_space;
    holding.name = row.name;
    const bool over = row.ended_at != Timestamp();
    HONE_RETURN_IF_ERROR(over ? MeasureEnded(config, session, holding) : Status());
    HONE_RETURN_IF_ERROR(Measure(config, session, kinds, holding));
  }
  return holdings;
}

Status RecordRemoval(Store& store, const Holding& holding, OwnerEpoch epoch, Timestamp now) {
  HONE_ASSIGN_OR_RETURN(ExperimentState state, LoadState(store, holding.id));
  if (state.version != holding.version) {
    return Fail(Code::kAborted,
                "experiment '" + holding.name + "' has changed meanwhile: look again");
  }
  HONE_RETURN_IF_ERROR(store.TakeOver(holding.id, epoch));
  const event::RecordsRemoved what{holding.logs.files > 0, holding.curves.rows > 0, holding.trials,
                                   holding.logs.bytes, holding.curves.rows};
  LedgerStep step;
  step.experiment = holding.id;
  step.expected = state.version;
  step.epoch = epoch;
  step.events = {{state.version + 1, now, what}};
  HONE_RETURN_IF_ERROR(CheckNext(state, step.events.front()));
  Evolve(state, step.events.front());
  step.projection.experiment = ProjectExperiment(state);
  return AppendNow(store, std::move(step));
}

Status CarryOutRemovals(const Config& config, Store& store, const ExperimentId& experiment) {
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, LoadState(store, experiment));
  const Reach recorded = WhatIsRecorded(state);
  HONE_ASSIGN_OR_RETURN(const LogsSize removed,
                        RemoveLogs(config.data_dir, experiment, recorded.logs));
  static_cast<void>(removed);  // the ledger says how much
  return recorded.curves == 0 ? Status() : store.RemoveRecords(experiment, recorded.curves);
}

}  // namespace hone::cli
