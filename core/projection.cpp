// SPDX-License-Identifier: Apache-2.0
#include "core/projection.h"

#include "core/event_codec.h"
#include "core/event_words.h"
#include "core/json_writer.h"

namespace hone {
namespace {

std::string EncodeParameters(const ExperimentSpec& spec, const Assignment& values) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  for (std::size_t i = 0; i < values.size() && i < spec.space.parameters.size(); ++i) {
    if (values[i].active) {
      json.Key(spec.space.parameters[i].name);
      json.String(values[i].text);
    }
  }
  json.EndObject();
  return out;
}

struct Touched {
  std::vector<TrialNumber> operator()(const event::TrialProposed& e) const { return {e.trial}; }
  std::vector<TrialNumber> operator()(const event::TrialLaunched& e) const { return {e.trial}; }
  std::vector<TrialNumber> operator()(const event::TrialRunning& e) const { return {e.trial}; }
  std::vector<TrialNumber> operator()(const event::TrialStopRequested& e) const {
    return {e.trial};
  }
  std::vector<TrialNumber> operator()(const event::TrialPaused& e) const {
    return {e.outcome.trial};
  }
  std::vector<TrialNumber> operator()(const event::TrialResumed& e) const { return {e.trial}; }
  std::vector<TrialNumber> operator()(const event::TrialRequeued& e) const { return {e.trial}; }
  std::vector<TrialNumber> operator()(const event::TrialSucceeded& e) const {
    return {e.outcome.trial};
  }
  std::vector<TrialNumber> operator()(const event::TrialFailed& e) const {
    return {e.outcome.trial};
  }
  std::vector<TrialNumber> operator()(const event::TrialEarlyStopped& e) const {
    return {e.outcome.trial};
  }
  std::vector<TrialNumber> operator()(const event::TrialKilled& e) const {
    return {e.outcome.trial};
  }
  template <class Other>
  std::vector<TrialNumber> operator()(const Other& /*event*/) const {
    return {};
  }
};

std::string ReasonOf(const ExperimentState& state) {
  switch (state.phase) {
    case ExperimentPhase::kNone:
    case ExperimentPhase::kDeleted:
      return "";
    case ExperimentPhase::kRunning:
      return "ExperimentRunning";
    case ExperimentPhase::kRestarting:
      return "ExperimentRestarting";
    case ExperimentPhase::kSuspended:
      return state.parked ? "ExperimentParked" : "ExperimentSuspended";
    case ExperimentPhase::kSucceeded:
    case ExperimentPhase::kFailed:
      return state.end_reason ? std::string(Word(*state.end_reason)) : "";
  }
  return "";
}

}  // namespace

ExperimentRow ProjectExperiment(const ExperimentState& state) {
  ExperimentRow row;
  row.id = state.id;
  row.name_space = state.spec->name_space;
  row.name = state.spec->name;
  row.version = state.version;
  row.phase = PhaseWord(state.phase);
  row.reason = ReasonOf(state);
  row.algorithm = state.spec->algorithm.name;
  row.objective = state.spec->objective.metric;
  row.trials = static_cast<std::int64_t>(state.Completed() + state.active.size()) -
               state.Count(TrialPhase::kReserved);
  row.running = state.Count(TrialPhase::kRunning);
  row.succeeded = state.Count(TrialPhase::kSucceeded);
  row.failed = state.Count(TrialPhase::kFailed) + state.Count(TrialPhase::kMetricsUnavailable);
  if (state.best) {
    const TrialState& best = *state.Find(*state.best);
    row.best_trial = state.NameOf(best);
    row.best_value = ObjectiveOf(state.spec->objective, best.observation).text;
  }
  row.created_at = state.created_at;
  row.ended_at = state.ended_at;
  return row;
}

TrialRow ProjectTrial(const ExperimentState& state, const TrialState& trial) {
  TrialRow row;
  row.number = trial.number;
  row.name = state.NameOf(trial);
  row.phase = PhaseWord(trial.phase);
  row.attempt = trial.attempt;
  row.parameters = EncodeParameters(*state.spec, trial.values);
  row.metrics = EncodeObservation(trial.observation);
  ObjectiveValue objective = ObjectiveOf(state.spec->objective, trial.observation);
  row.objective = std::move(objective.text);
  row.objective_number = objective.number;
  if (trial.phase == TrialPhase::kFailed || trial.phase == TrialPhase::kMetricsUnavailable) {
    row.ending = EndingWord(trial.ending);
  }
  row.message = trial.message;
  row.created_at = trial.created_at;
  row.started_at = trial.started_at;
  row.ended_at = IsOver(trial.phase) ? trial.ended_at : Timestamp();
  return row;
}

Projection ProjectAll(const ExperimentState& state) {
  Projection projection;
  projection.experiment = ProjectExperiment(state);
  for (const TrialState& trial : state.trials) {
    if (trial.phase != TrialPhase::kReserved && trial.phase != TrialPhase::kWithdrawn) {
      projection.trials.push_back(ProjectTrial(state, trial));
    }
  }
  return projection;
}

std::vector<TrialNumber> TouchedTrials(const Event& event) {
  return std::visit(Touched{}, event);
}

}  // namespace hone
