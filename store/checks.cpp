// SPDX-License-Identifier: Apache-2.0
#include "store/checks.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

#include "core/state.h"

namespace hone::store {

namespace {

Status CheckNumbering(const LedgerStep& step) {
  if (step.events.empty()) {
    return Fail(Code::kInvalidArgument, "a ledger step needs at least one event");
  }
  Version seq = step.expected;
  for (const Recorded& recorded : step.events) {
    if (recorded.seq != ++seq) {
      return Fail(Code::kInvalidArgument, "event " + std::to_string(recorded.seq) +
                                              " stands where event " + std::to_string(seq) +
                                              " is due");
    }
  }
  return {};
}

/// Whether the values that go with a step are its own.
bool AreOwn(const LedgerStep& step) {
  std::set<std::tuple<TrialNumber, Attempt, std::string_view>> sources;
  return std::ranges::all_of(step.observations, [&](const ObservationBatch& batch) {
    return batch.trial.experiment == step.experiment && step.expected > 0 &&
           sources.emplace(batch.trial.number, batch.attempt, batch.source).second;
  });
}

}  // namespace

Status CheckStep(const LedgerStep& step) {
  HONE_RETURN_IF_ERROR(CheckNumbering(step));
  return AreOwn(step) ? Status()
                      : Fail(Code::kInvalidArgument,
                             "values of another experiment, of a new one, or of a source twice");
}

Status CheckAdoption(const LedgerStep& step, const std::vector<ObservationBatch>& batches) {
  HONE_RETURN_IF_ERROR(CheckStep(step));
  if (step.expected != 0 || step.epoch != 0 || !step.outbox.empty()) {
    return Fail(Code::kInvalidArgument, "an experiment is taken in whole, and owned by nobody");
  }
  const bool fit = std::ranges::all_of(batches, [&](const ObservationBatch& batch) {
    return batch.trial.experiment == step.experiment && batch.offset_before == 0 &&
           batch.offset_after == 0;
  });
  return fit ? Status()
             : Fail(Code::kInvalidArgument, "rows of another experiment, or with offsets");
}

bool HasWork(const ExperimentRow& row) {
  return row.phase == PhaseWord(ExperimentPhase::kRunning) ||
         row.phase == PhaseWord(ExperimentPhase::kRestarting) || row.running > 0;
}

Error Moved(const ExperimentId& experiment, Version expected, OwnerEpoch epoch) {
  return {Code::kAborted,
          "experiment " + experiment.text + " is not at version " + std::to_string(expected) +
              " with owner " + std::to_string(epoch) + " any more",
          {}};
}

Error NameTaken(const std::string& name_space, const std::string& name) {
  return {Code::kAlreadyExists, "experiment " + name_space + "/" + name + " exists already", {}};
}

Error TrialNameTaken(const std::string& trial_name) {
  return {Code::kAlreadyExists, "a trial named " + trial_name + " exists already", {}};
}

Error NoExperiment(const ExperimentId& experiment) {
  return {Code::kNotFound, "no experiment with id " + experiment.text, {}};
}

Error NoExperimentNamed(const std::string& name_space, const std::string& name) {
  return {Code::kNotFound, "no experiment " + name_space + "/" + name, {}};
}

Error NoTrialNamed(const std::string& trial_name) {
  return {Code::kNotFound, "no trial " + trial_name, {}};
}

Error NoRequest(std::int64_t id) {
  return {Code::kNotFound, "no request " + std::to_string(id), {}};
}

Error RequestAnswered(std::int64_t id) {
  return {Code::kFailedPrecondition, "request " + std::to_string(id) + " was answered already", {}};
}

Error OwnerGone(OwnerEpoch epoch) {
  return {Code::kAborted, "owner " + std::to_string(epoch) + " was declared dead", {}};
}

Error OwnerAlive(const ExperimentId& experiment, OwnerEpoch owner) {
  return {Code::kAborted,
          "experiment " + experiment.text + " belongs to owner " + std::to_string(owner) +
              ", which is alive",
          {}};
}

Error SnapshotAhead(const ExperimentId& experiment, Version seq) {
  return {Code::kFailedPrecondition,
          "a snapshot at " + std::to_string(seq) + " is ahead of the ledger of experiment " +
              experiment.text,
          {}};
}

Error OffsetMoved(const std::string& source, std::uint64_t expected) {
  return {
      Code::kAborted, "source " + source + " was not read up to " + std::to_string(expected), {}};
}

}  // namespace hone::store
