// SPDX-License-Identifier: Apache-2.0
#include "controller/recorded.h"

#include <utility>

#include "controller/read_state.h"
#include "core/spec_codec.h"
#include "earlystop/early_stop.h"

namespace hone {
namespace {

/// The attempt whose curve an event makes matter; 0: none.
std::pair<TrialNumber, Attempt> WithCurve(const Event& event) {
  if (const auto* succeeded = std::get_if<event::TrialSucceeded>(&event)) {
    return {succeeded->outcome.trial, succeeded->outcome.attempt};
  }
  const auto* stopped = std::get_if<event::TrialStopRequested>(&event);
  const bool by_rule = stopped != nullptr && !stopped->ruling.rule.empty();
  return by_rule ? std::pair(stopped->trial, stopped->attempt)
                 : std::pair(TrialNumber(0), Attempt(0));
}

Result<std::vector<MetricReport>> ReadCurve(Observations& store, const TrialId& id, Attempt attempt,
                                            const FollowedMetrics& metrics) {
  const std::string one =
      metrics.names.size() == 1 ? metrics.names.front() : "";  // of several: all there are
  HONE_ASSIGN_OR_RETURN(const auto rows, store.ReadRecords(id, attempt, one));
  ReportFold fold(metrics);
  std::vector<MetricReport> curve;
  for (const StoredRecord& row : rows) {
    if (auto report = fold.Add(row.record)) {
      curve.push_back(*std::move(report));
    }
  }
  return curve;
}

}  // namespace

Result<StoredCurves> ReadCurves(Observations& store, const ExperimentId& id,
                                const std::vector<Recorded>& events) {
  StoredCurves curves;
  const auto* created =
      events.empty() ? nullptr : std::get_if<event::ExperimentCreated>(&events.front().event);
  if (created == nullptr) {
    return curves;
  }
  HONE_ASSIGN_OR_RETURN(const ExperimentSpec spec, DecodeStoredSpec(created->document));
  const FollowedMetrics metrics = EarlyStopMetrics(spec);
  if (metrics.names.empty()) {
    return curves;
  }
  for (const Recorded& recorded : events) {
    const auto [trial, attempt] = WithCurve(recorded.event);
    if (trial == 0 || curves.contains(trial)) {
      continue;
    }
    HONE_ASSIGN_OR_RETURN(curves[trial], ReadCurve(store, {id, trial}, attempt, metrics));
  }
  return curves;
}

Result<WhatIsRecorded> ReadRecorded(Store& store, const ExperimentId& id, OwnerEpoch epoch) {
  HONE_RETURN_IF_ERROR(store.TakeOver(id, epoch));
  WhatIsRecorded recorded;
  HONE_ASSIGN_OR_RETURN(recorded.events, ReadLedger(store, id));
  HONE_ASSIGN_OR_RETURN(recorded.outbox, store.ReadOutbox(id));
  if (recorded.events.empty()) {
    return Fail(Code::kNotFound, "there is no such experiment");
  }
  HONE_ASSIGN_OR_RETURN(recorded.curves, ReadCurves(store, id, recorded.events));
  return recorded;
}

}  // namespace hone
