// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/event.h"

/// The stored fields of each kind of event, told once to an archive that writes or reads them:
/// `archive("name", field)`. Private to the event codec.
namespace hone::event {

template <class A>
void Describe(A& archive, ExperimentCreated& e) {
  archive("document", e.document);
  archive("seed", e.seed);
  archive("build", e.build);
  archive("cpu", e.cpu_level);
}

template <class A>
void Describe(A& archive, BudgetEdited& e) {
  archive("parallelTrialCount", e.parallel_trial_count);
  archive("maxTrialCount", e.max_trial_count);
  archive("maxFailedTrialCount", e.max_failed_trial_count);
}

template <class A>
void Describe(A& /*archive*/, ExperimentRestarted& /*e*/) {}

template <class A>
void Describe(A& archive, ExperimentSuspended& e) {
  archive("reason", e.reason);
  archive("parked", e.parked);
}

template <class A>
void Describe(A& /*archive*/, ExperimentResumed& /*e*/) {}

template <class A>
void Describe(A& archive, TrialsReserved& e) {
  archive("first", e.first);
  archive("count", e.count);
}

template <class A>
void Describe(A& archive, TrialProposed& e) {
  archive("trial", e.trial);
  archive("reservation", e.reservation);
  archive("basedOn", e.based_on);
  archive("values", e.values);
  archive("name", e.name);
  archive("tag", e.tag);
  archive("note", e.note);
  archive("budget", e.budget);
  archive("startFrom", e.start_from);
  archive("labels", e.labels);
  archive("parent", e.parent);
  archive("pauses", e.pauses);
}

template <class A>
void Describe(A& archive, TrialsWithdrawn& e) {
  archive("trials", e.trials);
  archive("why", e.why);
  archive("reason", e.reason);
}

template <class A>
void Describe(A& archive, SearchExhausted& e) {
  archive("reason", e.reason);
}

template <class A>
void Describe(A& archive, TrialLaunched& e) {
  archive("trial", e.trial);
  archive("attempt", e.attempt);
  archive("runner", e.runner);
}

template <class A>
void Describe(A& archive, TrialRunning& e) {
  archive("trial", e.trial);
  archive("attempt", e.attempt);
  archive("startedAt", e.started_at);
  archive("place", e.place);
}

template <class A>
void Describe(A& archive, TrialReported& e) {
  archive("trial", e.trial);
  archive("attempt", e.attempt);
  archive("budget", e.budget);
  archive("value", e.value);
  archive("further", e.further);
}

template <class A>
void Describe(A& archive, TrialStopRequested& e) {
  archive("trial", e.trial);
  archive("attempt", e.attempt);
  archive("cause", e.cause);
  archive("reason", e.reason);
  archive("rule", e.ruling.rule);
  archive("report", e.ruling.report);
  archive("value", e.ruling.value);
  archive("bar", e.ruling.bar);
}

template <class A>
void Describe(A& archive, TrialResumed& e) {
  archive("trial", e.trial);
  archive("reservation", e.reservation);
  archive("basedOn", e.based_on);
  archive("budget", e.budget);
  archive("tag", e.tag);
  archive("values", e.values);
  archive("note", e.note);
  archive("pauses", e.pauses);
}

template <class A>
void Describe(A& archive, TrialRequeued& e) {
  archive("trial", e.trial);
  archive("attempt", e.attempt);
  archive("kind", e.kind);
  archive("message", e.message);
}

template <class A>
void DescribeOutcome(A& archive, TrialOutcome& e) {
  archive("trial", e.trial);
  archive("attempt", e.attempt);
  archive("startedAt", e.started_at);
  archive("endedAt", e.ended_at);
  archive("metrics", e.observation);
  archive("checkpoint", e.checkpoint);
}

template <class A>
void Describe(A& archive, TrialPaused& e) {
  DescribeOutcome(archive, e.outcome);
}

template <class A>
void Describe(A& archive, TrialSucceeded& e) {
  DescribeOutcome(archive, e.outcome);
}

template <class A>
void Describe(A& archive, TrialFailed& e) {
  DescribeOutcome(archive, e.outcome);
  archive("kind", e.ending.kind);
  archive("exitCode", e.ending.exit_code);
  archive("signal", e.ending.signal);
  archive("message", e.ending.message);
}

template <class A>
void Describe(A& archive, TrialEarlyStopped& e) {
  DescribeOutcome(archive, e.outcome);
  archive("reason", e.reason);
}

template <class A>
void Describe(A& archive, TrialKilled& e) {
  DescribeOutcome(archive, e.outcome);
  archive("reason", e.reason);
}

template <class A>
void Describe(A& archive, BestChanged& e) {
  archive("trial", e.trial);
}

template <class A>
void Describe(A& archive, ExperimentEnded& e) {
  archive("reason", e.reason);
  archive("message", e.message);
}

template <class A>
void Describe(A& /*archive*/, ExperimentDeleted& /*e*/) {}

template <class A>
void Describe(A& archive, RecordsRemoved& e) {
  archive("logs", e.logs);
  archive("curves", e.curves);
  archive("through", e.through);
  archive("logBytes", e.log_bytes);
  archive("curveRows", e.curve_rows);
}

}  // namespace hone::event
