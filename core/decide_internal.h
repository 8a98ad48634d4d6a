// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/noisy_best.h"
#include "core/transitions.h"

/// Private to the files of Decide.
namespace hone::decide {

/// A decision in the making, with the counts as they will be after its events.
class Draft {
 public:
  Draft(const ExperimentState& state, Timestamp now);

  [[nodiscard]] const ExperimentState& state() const { return state_; }
  [[nodiscard]] Timestamp now() const { return now_; }
  [[nodiscard]] bool ended() const { return ended_; }
  void Emit(Event event) { decision_.events.push_back(std::move(event)); }
  void Order(Command command) { decision_.commands.push_back(command); }
  Decision Take() { return std::move(decision_); }

  /// Starts the next attempt of a trial that waits for a slot.
  void Launch(TrialNumber trial, Attempt attempt, const std::string& runner);
  /// Asks the current attempt of a launched trial to end.
  void Stop(const TrialState& trial, event::TrialStopRequested::Cause cause,
            const std::string& reason, event::Ruling ruling = {});
  /// Withdraws the standing reservation, if there is one.
  void WithdrawReservation(event::TrialsWithdrawn::Why why, const std::string& reason);
  /// An active trial is over; keeps best and counts up to date.
  void Succeed(const event::TrialOutcome& outcome);
  void FailTrial(event::TrialOutcome outcome, Ending ending);
  /// What was paused before counts with its last result at a rung.
  void StopEarly(event::TrialOutcome outcome, const std::string& reason);
  /// A trial has come to its rung. Over at once if the experiment is.
  void Pause(const event::TrialOutcome& outcome);
  void Resume(event::TrialResumed resumed);
  /// No paused trial goes any further.
  void ConcludePaused(const std::string& reason);
  void Kill(event::TrialOutcome outcome, const std::string& reason);
  void Edit(const event::BudgetEdited& edit);
  void Exhaust(const std::string& reason);
  /// Numbers of a reservation that are being answered without becoming trials.
  void Withdraw(event::TrialsWithdrawn withdrawn);
  /// Katib's decision order: goal, failures, trials, exhausted search; then no improvement, the
  /// time and the money. Call last.
  void EndIfDone();
  /// If the time or the money is. @returns whether it is over with that, or was before
  bool EndIfUsedUp();
  void End(event::ExperimentEnded::Reason reason, const std::string& message);
  /// Active trials after the events so far that are not paused: what the search may wait for.
  [[nodiscard]] std::size_t BusyCount() const { return ActiveCount() - paused_; }
  [[nodiscard]] std::size_t PausedCount() const { return paused_; }

 private:
  /// Active trials after the events so far.
  [[nodiscard]] std::size_t ActiveCount() const;
  /// Whether a trial with a new result is the best one, and whether it reaches the goal.
  void Consider(TrialNumber trial, double budget, const Observation& observation);
  /// The same of a noisy objective.
  void ConsiderNoisy(NoisyResult result);
  /// Whether a result is better than the best one so far, whose place it takes then.
  bool Leads(double budget, const Observation& observation);
  /// A trial failed, or was killed: what it came to at its last pause, if anything, does not count.
  void Lose(TrialNumber trial);
  void ChooseAgain(TrialNumber gone);
  [[nodiscard]] bool IsBest(const ObjectiveValue& value,
                            const std::optional<std::vector<double>>& losses) const;
  /// Like with like: how a result's claim compares with the best one's before values are looked
  /// at.
  [[nodiscard]] std::partial_ordering Claims(double budget, bool reaches_goals) const;
  void Over(TrialNumber trial);
  /// A trial that was paused, or waits for its next attempt after a pause, goes no further.
  void Conclude(const TrialState& trial, const std::string& reason);
  void StopActive(const std::string& reason);
  [[nodiscard]] std::string WithTrialsOver() const;

  const ExperimentState& state_;
  Timestamp now_;
  Decision decision_;
  std::set<TrialNumber> gone_;  // active in state_, not after the events
  std::size_t paused_;          // after the events
  std::optional<event::TrialOutcome> paused_now_;
  std::uint32_t completed_;
  std::uint32_t failed_;
  std::optional<int> max_trials_;
  std::optional<int> max_failed_;
  ObjectiveValue best_;
  std::optional<std::vector<double>> best_losses_;  // of the best one
  double best_budget_ = 0;
  bool best_reaches_ = false;               // every goal
  std::vector<NoisyResult> noisy_results_;  // not in state_ yet
  std::optional<TrialNumber> noisy_best_;
  std::string goals_;  // what was reached; empty: nothing
  bool has_best_ = false;
  std::uint32_t since_best_;  // trials with a result after the best one
  bool exhausted_;
  bool ended_ = false;
};

void OnOffer(Draft& draft, const input::Offer& offer);
void OnProposals(Draft& draft, const input::Proposals& proposals);
void OnSearchFailed(Draft& draft, const input::SearchFailed& failed);
void OnSeen(Draft& draft, const input::Seen& seen);

}  // namespace hone::decide
