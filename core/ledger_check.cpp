// SPDX-License-Identifier: Apache-2.0
#include "core/ledger_check.h"

#include <algorithm>
#include <set>

#include "core/event_codec.h"
#include "core/spec_codec.h"

namespace hone {
namespace {

/// More slots than any machine offers; each reserved number takes memory.
constexpr std::uint32_t kMostReserved = 1'000'000;

using Wrong = std::string;  // what is wrong with an event; empty: nothing

/// One overload for each kind.
class Checker {
 public:
  Checker(const ExperimentState& state, const Recorded& recorded) : s_(state), seq_(recorded.seq) {}

  Wrong operator()(const event::ExperimentCreated& e) const {
    const auto spec = DecodeStoredSpec(e.document);
    return spec.has_value() ? "" : "its experiment does not decode: " + spec.error().Text();
  }

  Wrong operator()(const event::BudgetEdited& e) const {
    const bool sound = e.parallel_trial_count.value_or(1) >= 1 &&
                       e.max_trial_count.value_or(1) >= 1 &&
                       e.max_failed_trial_count.value_or(0) >= 0;
    return If(!sound, "a count is too small");
  }

  Wrong operator()(const event::ExperimentRestarted& /*e*/) const {
    return If(!s_.Ended(), "the experiment has not ended");
  }

  Wrong operator()(const event::ExperimentSuspended& /*e*/) const {
    return If(!TakesTrials(), "the experiment is not running");
  }

  Wrong operator()(const event::ExperimentResumed& /*e*/) const {
    return If(s_.phase != ExperimentPhase::kSuspended, "the experiment is not suspended");
  }

  Wrong operator()(const event::TrialsReserved& e) const {
    const auto parallel = static_cast<std::uint32_t>(s_.parallel_trial_count);
    const std::uint32_t places = parallel > s_.SlotsHeld() ? parallel - s_.SlotsHeld() : 0;
    if (!TakesTrials() || s_.reservation) {
      return "no trials can be reserved now";
    }
    if (e.first != s_.trials.size() + 1) {
      return "the first number must be " + std::to_string(s_.trials.size() + 1);
    }
    const std::uint32_t most = std::min(places, kMostReserved);
    return If(e.count < 1 || e.count > most,
              "the count must be from 1 to " + std::to_string(most) + ", which is what is free");
  }

  Wrong operator()(const event::TrialProposed& e) const {
    if (!IsReserved(e.trial)) {
      return NotReserved(e.trial);
    }
    if (!s_.reservation || s_.reservation->seq != e.reservation || e.based_on >= seq_) {
      return "it names a reservation or a history that is not the standing one";
    }
    if (e.parent >= e.trial || (e.start_from && e.parent == 0)) {
      return "its parent is no earlier trial";
    }
    return If(e.values.size() != s_.spec->space.parameters.size(),
              "the experiment has another number of parameters");
  }

  Wrong operator()(const event::TrialsWithdrawn& e) const {
    const std::set<TrialNumber> numbers(e.trials.begin(), e.trials.end());
    if (numbers.empty() || numbers.size() != e.trials.size()) {
      return "it names no trial, or one twice";
    }
    for (const TrialNumber number : numbers) {
      if (!IsReserved(number)) {
        return NotReserved(number);
      }
    }
    return "";
  }

  Wrong operator()(const event::SearchExhausted& /*e*/) const {
    return If(s_.exhausted, "the search was exhausted before");
  }

  Wrong operator()(const event::TrialLaunched& e) const {
    if (!s_.queued.contains(e.trial)) {
      return "trial " + std::to_string(e.trial) + " does not wait for a start";
    }
    const Attempt next = s_.Find(e.trial)->attempt + 1;
    return If(e.attempt != next, "the attempt must be " + std::to_string(next));
  }

  Wrong operator()(const event::TrialRunning& e) const {
    const Wrong wrong = NotLaunched(e.trial, e.attempt);
    return !wrong.empty() ? wrong
                          : If(s_.Find(e.trial)->phase != TrialPhase::kPending, "it runs already");
  }

  Wrong operator()(const event::TrialReported& e) const { return NotLaunched(e.trial, e.attempt); }
  Wrong operator()(const event::TrialStopRequested& e) const {
    return NotLaunched(e.trial, e.attempt);
  }
  Wrong operator()(const event::TrialPaused& e) const { return NotLaunched(e.outcome); }
  Wrong operator()(const event::TrialRequeued& e) const { return NotLaunched(e.trial, e.attempt); }

  Wrong operator()(const event::TrialResumed& e) const {
    const TrialState* const trial = s_.Find(e.trial);
    if (trial == nullptr || trial->phase != TrialPhase::kPaused) {
      return "trial " + std::to_string(e.trial) + " is not paused";
    }
    return If(!e.values.empty() && e.values.size() != trial->values.size(),
              "the experiment has another number of parameters");
  }

  Wrong operator()(const event::TrialSucceeded& e) const { return NotLaunched(e.outcome); }
  Wrong operator()(const event::TrialFailed& e) const { return NotLaunched(e.outcome); }

  /// One that was paused may be waiting for its next attempt, or for none.
  Wrong operator()(const event::TrialEarlyStopped& e) const {
    const TrialState* const trial = s_.Find(e.outcome.trial);
    const bool waits = trial != nullptr && !trial->launched && trial->paused_attempt > 0 &&
                       !IsOver(trial->phase) && trial->attempt == e.outcome.attempt;
    return waits ? "" : NotLaunched(e.outcome);
  }

  Wrong operator()(const event::TrialKilled& e) const {
    const TrialState* const trial = s_.Find(e.outcome.trial);
    const bool there =
        trial != nullptr && !IsOver(trial->phase) && trial->phase != TrialPhase::kReserved;
    return If(!there || trial->attempt != e.outcome.attempt,
              "trial " + std::to_string(e.outcome.trial) + " has no such attempt to end");
  }

  Wrong operator()(const event::BestChanged& e) const {
    if (e.trial == 0) {
      return If(!s_.best, "there was no best trial before");
    }
    const TrialState* const trial = s_.Find(e.trial);
    const bool has_result = trial != nullptr && (IsOver(trial->phase) || trial->paused_attempt > 0);
    return If(!has_result || trial->phase == TrialPhase::kWithdrawn,
              "trial " + std::to_string(e.trial) + " has no result");
  }

  Wrong operator()(const event::ExperimentEnded& /*e*/) const {
    return If(s_.Ended(), "the experiment ended before");
  }

  Wrong operator()(const event::ExperimentDeleted& /*e*/) const { return ""; }

  Wrong operator()(const event::RecordsRemoved& e) const {
    if (!s_.Ended() || !s_.Drained()) {
      return "the experiment has not ended";
    }
    return If((!e.logs && !e.curves) || e.through < 1 || e.through > s_.trials.size(),
              "it names no records that there are");
  }

 private:
  static Wrong If(bool condition, Wrong wrong) { return condition ? std::move(wrong) : ""; }

  [[nodiscard]] bool TakesTrials() const {
    return s_.phase == ExperimentPhase::kRunning || s_.phase == ExperimentPhase::kRestarting;
  }

  [[nodiscard]] bool IsReserved(TrialNumber number) const {
    const TrialState* const trial = s_.Find(number);
    return trial != nullptr && trial->phase == TrialPhase::kReserved;
  }

  static Wrong NotReserved(TrialNumber number) {
    return "trial " + std::to_string(number) + " is not reserved";
  }

  [[nodiscard]] Wrong NotLaunched(TrialNumber number, Attempt attempt) const {
    const TrialState* const trial = s_.Find(number);
    return If(trial == nullptr || !trial->launched || trial->attempt != attempt,
              "attempt " + std::to_string(attempt) + " of trial " + std::to_string(number) +
                  " was not launched, or is over");
  }
  [[nodiscard]] Wrong NotLaunched(const event::TrialOutcome& outcome) const {
    return NotLaunched(outcome.trial, outcome.attempt);
  }

  const ExperimentState& s_;
  Version seq_;
};

Wrong WhatIsWrong(const ExperimentState& state, const Recorded& recorded) {
  if (recorded.seq != state.version + 1) {
    return "its number must be " + std::to_string(state.version + 1);
  }
  const bool creates = std::holds_alternative<event::ExperimentCreated>(recorded.event);
  if (creates != (state.phase == ExperimentPhase::kNone)) {
    return creates ? "the experiment was created before" : "the experiment was never created";
  }
  if (state.phase == ExperimentPhase::kDeleted) {
    return "the experiment was deleted";
  }
  return std::visit(Checker(state, recorded), recorded.event);
}

}  // namespace

Status CheckNext(const ExperimentState& state, const Recorded& recorded) {
  const Wrong wrong = WhatIsWrong(state, recorded);
  if (wrong.empty()) {
    return {};
  }
  return Fail(Code::kDataLoss, "the ledger is damaged: event " + std::to_string(recorded.seq) +
                                   " (" + std::string(EventKind(recorded.event)) +
                                   ") cannot be: " + wrong);
}

}  // namespace hone
