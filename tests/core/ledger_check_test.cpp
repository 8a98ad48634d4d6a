// SPDX-License-Identifier: Apache-2.0
#include "core/ledger_check.h"

#include "core/transitions.h"
#include "tests/catch.h"
#include "tests/support/experiment.h"

namespace hone {
namespace {

constexpr Timestamp kNow{std::chrono::hours(24 * 365 * 50)};
using Cause = event::TrialStopRequested::Cause;
using Reason = event::ExperimentEnded::Reason;

ExperimentState StateAfter(const std::vector<Event>& events) {
  ExperimentState state;
  for (const Event& event : events) {
    const Recorded recorded{state.version + 1, kNow, event};
    INFO("event " << recorded.seq);
    REQUIRE(CheckNext(state, recorded).has_value());
    Evolve(state, recorded);
  }
  return state;
}

event::ExperimentCreated Created() {
  return {test::MakeSpec({.parallel = 3}).document, 7, "test", "test"};
}

event::TrialProposed Proposed(TrialNumber trial, std::size_t values = 3) {
  event::TrialProposed proposed;
  proposed.trial = trial;
  proposed.reservation = 2;
  proposed.based_on = 1;
  proposed.values = Assignment(values, Value{"1"});
  return proposed;
}

/// Trial 1 runs, trial 2 is proposed, trial 3 is reserved.
std::vector<Event> UnderWay() {
  return {Created(),
          event::TrialsReserved{1, 3},
          Proposed(1),
          event::TrialLaunched{1, 1, "here"},
          event::TrialRunning{1, 1, kNow, ""},
          Proposed(2)};
}

event::TrialOutcome Outcome(TrialNumber trial, Attempt attempt) {
  return {trial, attempt, kNow, kNow, {}};
}

struct Case {
  std::string name;
  Event next;
};

}  // namespace

TEST_CASE("ledger check: what follows from what was recorded is taken", "[core]") {
  const ExperimentState state = StateAfter(UnderWay());
  const std::vector<Case> cases = {
      {"a report", event::TrialReported{1, 1, 1, 0.5}},
      {"a stop", event::TrialStopRequested{1, 1, Cause::kPaused, ""}},
      {"an end", event::TrialSucceeded{Outcome(1, 1)}},
      {"another attempt", event::TrialRequeued{1, 1, EndingKind::kLost, ""}},
      {"a kill before the start", event::TrialKilled{Outcome(2, 0), ""}},
      {"a launch", event::TrialLaunched{2, 1, "here"}},
      {"a withdrawal", event::TrialsWithdrawn{{3}, event::TrialsWithdrawn::Why::kWait, ""}},
      {"a suspension", event::ExperimentSuspended{}},
      {"the end", event::ExperimentEnded{Reason::kGoalReached, ""}},
      {"the removal", event::ExperimentDeleted{}},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(CheckNext(state, {7, kNow, c.next}).has_value());
  }
}

TEST_CASE("ledger check: what Decide cannot have recorded is refused", "[core]") {
  const ExperimentState state = StateAfter(UnderWay());
  const std::vector<Case> cases = {
      {"a second creation", Created()},
      {"a number out of order", event::TrialsReserved{5, 1}},
      {"a reservation beside another", event::TrialsReserved{4, 1}},
      {"an unknown trial", Proposed(9)},
      {"trial 0", Proposed(0)},
      {"a trial proposed twice", Proposed(1)},
      {"values of another space", Proposed(3, 2)},
      {"no trials", event::TrialsWithdrawn{}},
      {"a trial twice", event::TrialsWithdrawn{{3, 3}, event::TrialsWithdrawn::Why::kWait, ""}},
      {"a real trial", event::TrialsWithdrawn{{1}, event::TrialsWithdrawn::Why::kWait, ""}},
      {"a launch of what runs", event::TrialLaunched{1, 2, "here"}},
      {"an attempt left out", event::TrialLaunched{2, 2, "here"}},
      {"a start of what was not launched", event::TrialRunning{2, 1, kNow, ""}},
      {"a second start", event::TrialRunning{1, 1, kNow, ""}},
      {"another attempt", event::TrialReported{1, 2, 1, 0.5}},
      {"a stop of nothing", event::TrialStopRequested{4, 1, Cause::kKilled, ""}},
      {"a pause of nothing", event::TrialPaused{Outcome(3, 0)}},
      {"an early end of what was never paused", event::TrialEarlyStopped{Outcome(2, 0), ""}},
      {"no best after none", event::BestChanged{0}},
      {"a second life", event::TrialResumed{1, 2, 1, {}, ""}},
      {"an end of what was not launched", event::TrialSucceeded{Outcome(2, 0)}},
      {"a kill of a reserved number", event::TrialKilled{Outcome(3, 0), ""}},
      {"a best that is not over", event::BestChanged{1}},
      {"an unknown best", event::BestChanged{UINT32_MAX}},
      {"a restart of what runs", event::ExperimentRestarted{}},
      {"a resumption of what runs", event::ExperimentResumed{}},
      {"a budget below zero", event::BudgetEdited{-1, {}, {}}},
      {"a removal of records while it runs", event::RecordsRemoved{true, true, 1, 0, 0}},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const Status checked = CheckNext(state, {7, kNow, c.next});
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().code == Code::kDataLoss);
  }
}

TEST_CASE("ledger check: the beginning, the numbers, and counts that would take the memory",
          "[core]") {
  const auto refused = [](const ExperimentState& state, const Recorded& recorded) {
    return !CheckNext(state, recorded).has_value();
  };
  CHECK(refused({}, {1, kNow, event::TrialsReserved{1, 1}}));
  CHECK(refused({}, {2, kNow, Created()}));
  CHECK(refused({}, {1, kNow, event::ExperimentCreated{"{", 7, "", ""}}));
  const ExperimentState created = StateAfter({Created()});
  CHECK(refused(created, {2, kNow, event::TrialsReserved{1, 0}}));
  CHECK(refused(created, {2, kNow, event::TrialsReserved{1, 4}}));
  CHECK(refused(created, {2, kNow, event::TrialsReserved{1, UINT32_MAX}}));
  const ExperimentState wide = StateAfter({Created(), event::BudgetEdited{INT32_MAX, {}, {}}});
  CHECK(refused(wide, {3, kNow, event::TrialsReserved{1, 1'000'001}}));
  CHECK_FALSE(refused(wide, {3, kNow, event::TrialsReserved{1, 1'000'000}}));
  const ExperimentState deleted = StateAfter({Created(), event::ExperimentDeleted{}});
  CHECK(refused(deleted, {3, kNow, event::ExperimentSuspended{}}));
}

TEST_CASE("ledger check: records are removed of what ended, and the state says of which trials",
          "[core]") {
  std::vector<Event> events = {Created(),
                               event::TrialsReserved{1, 1},
                               Proposed(1),
                               event::TrialLaunched{1, 1, "here"},
                               event::TrialSucceeded{Outcome(1, 1)},
                               event::ExperimentEnded{Reason::kMaxTrialsReached, ""}};
  const ExperimentState ended = StateAfter(events);
  const auto refused = [&](const event::RecordsRemoved& removed) {
    return !CheckNext(ended, {7, kNow, removed}).has_value();
  };
  CHECK(refused({false, false, 1, 0, 0}));
  CHECK(refused({true, false, 0, 0, 0}));
  CHECK(refused({true, false, 2, 0, 0}));

  events.emplace_back(event::RecordsRemoved{true, false, 1, 4096, 0});
  events.emplace_back(event::ExperimentRestarted{});
  events.emplace_back(event::TrialsReserved{2, 1});
  const ExperimentState state = StateAfter(events);
  CHECK(state.LogRemovedAt(1) == kNow);
  CHECK_FALSE(state.LogRemovedAt(2).has_value());
  CHECK_FALSE(state.CurveRemovedAt(1).has_value());
  CHECK_FALSE(state == ended);
}

}  // namespace hone
