// SPDX-License-Identifier: Apache-2.0
// What ends an experiment beside its trials: time, money, no improvement; and what bars a trial
// from being the best.
#include <limits>
#include <vector>

#include "core/cost.h"
#include "core/history.h"
#include "core/larger_memory.h"
#include "core/transitions.h"
#include "tests/catch.h"
#include "tests/core/book.h"

namespace hone {
namespace {

using test::Book;
using test::CountOf;
using Reason = event::ExperimentEnded::Reason;

TEST_CASE("limits: maxDuration counts from the first start, without suspensions", "[core]") {
  Book book({.max_trials = 9, .parallel = 2, .max_duration = "10m"});
  book.now += std::chrono::hours(1);  // waits for a slot
  CHECK_FALSE(book.state.Deadline().has_value());
  book.Start(2);
  CHECK(book.state.Deadline() == book.now + std::chrono::minutes(10));
  book.now += std::chrono::minutes(4);
  REQUIRE(book.End(1, "0.5").has_value());
  REQUIRE(book.Give(input::Suspend{"lunch", false}).has_value());
  const Duration ran = book.state.Ran(book.now);
  book.now += std::chrono::hours(2);
  CHECK(book.Give(input::TimeUp{})->events.empty());
  REQUIRE(book.End(2, "", EndingKind::kStopped).has_value());
  CHECK(book.state.Ran(book.now) == ran);
  REQUIRE(book.Give(input::Resume{}).has_value());
  CHECK(book.state.Deadline() == book.now + std::chrono::minutes(10) - ran);
  book.Start(2);
  REQUIRE(book.state.SlotsHeld() == 2);
  book.now = *book.state.Deadline() - std::chrono::seconds(2);
  CHECK(book.Give(input::TimeUp{})->events.empty());
  const auto decision = book.Give(input::TimeUp{});
  CHECK(decision->commands.size() == 2);
  CHECK(book.state.end_reason == Reason::kMaxDurationReached);
  CHECK(book.state.phase == ExperimentPhase::kSucceeded);
  CHECK(book.state.message == "maxDuration (600 s) is used up, with 1 trial over");
  CHECK(book.state.best == 1);
  CHECK_FALSE(book.state.Deadline().has_value());
}

TEST_CASE("limits: past maxDuration nothing is proposed or started", "[core]") {
  Book book({.max_trials = 9, .parallel = 2, .max_duration = "10m"});
  book.Start(1);
  SECTION("an offer comes late") {
    book.now += std::chrono::minutes(10);
    const auto decision = book.Give(input::Offer{1, "here"});
    CHECK(CountOf<event::TrialsReserved>(*decision) == 0);
  }
  SECTION("an answer comes late") {
    REQUIRE(book.Give(input::Offer{1, "here"}).has_value());
    book.now += std::chrono::minutes(10);
    const auto decision = book.Give(input::Proposals{
        book.state.reservation->seq, book.state.version, {Book::MakeStart()}, "here"});
    CHECK(CountOf<event::TrialProposed>(*decision) == 0);
    CHECK(CountOf<event::TrialsWithdrawn>(*decision) == 1);
  }
  SECTION("an end is seen late") {
    book.now += std::chrono::minutes(10);
    REQUIRE(book.End(1, "0.7").has_value());
    CHECK(book.state.best == 1);
  }
  CHECK(book.state.end_reason == Reason::kMaxDurationReached);
}

TEST_CASE("limits: an experiment ends when nothing gets better", "[core]") {
  Book book({.max_trials = 99, .parallel = 1, .more = R"({"maxTrialsWithoutImprovement": 3})"});
  auto next = [&, number = TrialNumber(0)](const std::string& value,
                                           EndingKind kind = EndingKind::kSucceeded) mutable {
    book.Start(1);
    REQUIRE(book.End(++number, value, kind).has_value());
  };
  for (const char* value : {"0.5", "0.4", "0.5", "0.6", "0.1", "0.2"}) {
    next(value);
  }
  next("", EndingKind::kExitCode);  // says nothing
  CHECK_FALSE(book.state.Ended());
  CHECK(book.state.results_since_best == 2);
  next("0.6");
  CHECK(book.state.end_reason == Reason::kNoImprovement);
  CHECK(book.state.phase == ExperimentPhase::kSucceeded);
  CHECK(book.state.best == 4);
}

TEST_CASE("limits: a trial outside the outcome constraints is never the best", "[core]") {
  Book book(
      {.max_trials = 9,
       .parallel = 3,
       .goal = 0.9,
       .more = R"({"objective": {"type": "maximize", "objectiveMetricName": "acc", "goal": 0.9,
                         "outcomeConstraints": [{"metricName": "ms", "atMost": 50},
                                                {"metricName": "recall", "atLeast": 0.5}]}})"});
  const auto with = [](const std::string& acc, const std::string& ms, const std::string& recall) {
    Observation observation{{"acc", acc, acc, acc, true}, {"ms", "1", "99", ms, true}};
    observation.push_back({"recall", recall, recall, recall, !recall.empty()});
    return observation;
  };
  book.Start(3);
  REQUIRE(book.End(1, with("0.95", "51", "0.6")).has_value());
  CHECK(book.state.Find(1)->phase == TrialPhase::kSucceeded);
  CHECK(book.state.Find(1)->message == "ms = 51 is above 50 (outcomeConstraints)");
  REQUIRE(book.End(2, with("0.95", "20", "")).has_value());
  REQUIRE(book.End(3, with("0.95", "20", "nan")).has_value());
  CHECK_FALSE(book.state.best.has_value());
  book.Start(2);
  REQUIRE(book.End(4, with("0.7", "50", "0.5")).has_value());
  CHECK(book.state.best == 4);
  CHECK(book.state.Find(4)->message.empty());
  REQUIRE(book.End(5, with("0.8", "20", "0.49")).has_value());
  CHECK(book.state.best == 4);
  CHECK_FALSE(book.state.Ended());
  std::vector<history::Infeasible> infeasible;
  std::vector<history::Completed> completed;
  for (const Recorded& recorded : book.ledger) {
    const auto item = ToHistory(*book.state.spec, recorded);
    if (item && std::holds_alternative<history::Infeasible>(item->what)) {
      infeasible.push_back(std::get<history::Infeasible>(item->what));
    } else if (item && std::holds_alternative<history::Completed>(item->what)) {
      completed.push_back(std::get<history::Completed>(item->what));
    }
  }
  // What algorithms are told: by how much, and what the objective was nevertheless.
  constexpr double kUnknown = std::numeric_limits<double>::infinity();
  REQUIRE(infeasible.size() == 4);
  CHECK(infeasible[0].values == std::vector{-0.95});
  CHECK(infeasible[0].excess == std::vector{1.0, 0.5 - 0.6});
  CHECK(infeasible[1].excess == std::vector{-30.0, kUnknown});
  CHECK(infeasible[2].excess == std::vector{-30.0, kUnknown});
  CHECK(infeasible[3].excess == std::vector{-30.0, 0.5 - 0.49});
  REQUIRE(completed.size() == 1);
  CHECK(completed[0].excess == std::vector{0.0, 0.0});
  book.Start(1);
  REQUIRE(book.End(6, with("0.91", "20", "0.9")).has_value());
  CHECK(book.state.end_reason == Reason::kGoalReached);
}

TEST_CASE("limits: starts are paid before they are made", "[core]") {
  Book book(
      {.max_trials = 99, .parallel = 2, .more = R"({"cost": {"perTrial": 0.1, "max": 0.3}})"});
  CHECK(book.state.TrialsLeft() == 3U);
  book.Start(2);
  CHECK(book.state.TrialsLeft() == 3U);  // those that run, and one more
  REQUIRE(book.End(1, "0.5").has_value());
  book.Start(2);
  CHECK(book.state.active.size() == 2);
  REQUIRE(book.End(2, "0.5").has_value());
  book.Start(2);
  CHECK(book.state.active.size() == 1);
  CHECK_FALSE(book.state.Ended());
  REQUIRE(book.End(3, "0.5").has_value());
  CHECK(book.state.end_reason == Reason::kMaxCostReached);
  CHECK(book.state.message == "cost.max (0.3) is used up, with 3 trials over");
  CHECK(CostAt(book.state, book.now) == Approx(0.3));
}

TEST_CASE("limits: time is paid while it passes", "[core]") {
  Book book({.max_trials = 99, .parallel = 2, .more = R"({"cost": {"perHour": 6, "max": 1.5}})"});
  book.Start(2);
  CHECK_FALSE(book.state.Deadline().has_value());  // nothing has been seen running
  for (const TrialNumber trial : {1U, 2U}) {
    REQUIRE(book.Give(input::Seen{{trial, 1, "here", book.now, {}, {}}, {}}).has_value());
  }
  const Timestamp first = book.state.Find(1)->started_at;
  book.now = first + std::chrono::minutes(5);  // 0.5 of each
  CHECK(CostAt(book.state, book.now) == Approx(1.0).margin(0.01));
  const Observation observation{{"acc", "0.5", "0.5", "0.5", true}};
  REQUIRE(
      book.Give(input::Seen{{1, 1, "here", first, book.now, Ending{}}, observation}).has_value());
  const auto deadline = book.state.Deadline();
  REQUIRE(deadline.has_value());
  CHECK(std::chrono::abs(*deadline - (first + std::chrono::minutes(10))) < std::chrono::seconds(5));
  book.now = *deadline - std::chrono::seconds(2);
  CHECK(book.Give(input::TimeUp{})->events.empty());
  book.now = *deadline;
  CHECK(book.Give(input::TimeUp{})->commands.size() == 1);
  CHECK(book.state.end_reason == Reason::kMaxCostReached);
  CHECK_FALSE(book.state.Deadline().has_value());
}

TEST_CASE("limits: the search ends when hardly anything is to be gained", "[core]") {
  Book book({.max_trials = 99, .parallel = 2, .more = R"({"minExpectedGain": 0.01})"});
  const auto answer = [&](std::optional<double> gain) {
    REQUIRE(book.Give(input::Offer{1, "here"}).has_value());
    REQUIRE(book.state.reservation.has_value());
    input::Proposals proposals{
        book.state.reservation->seq, book.state.version, {Book::MakeStart()}, "here", gain};
    return *book.Give(proposals);
  };
  CHECK(CountOf<event::TrialProposed>(answer(std::nullopt)) == 1);
  REQUIRE(book.End(1, "0.5").has_value());
  CHECK(CountOf<event::TrialProposed>(answer(0.01)) == 1);
  const Decision decision = answer(0.0099);
  CHECK(CountOf<event::TrialProposed>(decision) == 0);
  CHECK(book.state.end_reason == Reason::kNoGainExpected);
  CHECK(book.state.phase == ExperimentPhase::kSucceeded);
  CHECK(book.state.message ==
        "the next trial is expected to improve the objective by 0.0099, less than "
        "minExpectedGain (0.01)");
  CHECK(CountOf<event::TrialStopRequested>(decision) == 1);  // of the one that runs
}

TEST_CASE("limits: budgets are paid for what a start has to train", "[core]") {
  Book book({.max_trials = 99, .parallel = 1, .more = R"({"cost": {"perBudget": 2, "max": 50}})"});
  const auto start = [&](double budget, TrialNumber parent, bool checkpoint) {
    REQUIRE(book.Give(input::Offer{1, "here"}).has_value());
    proposal::Start one = Book::MakeStart();
    one.budget = budget;
    one.parent = parent;
    one.start_from = checkpoint ? std::optional<std::string>("digest") : std::nullopt;
    REQUIRE(
        book.Give(input::Proposals{book.state.reservation->seq, book.state.version, {one}, "here"})
            .has_value());
    return CostAt(book.state, book.now);
  };
  CHECK(start(3, 0, false) == Approx(6));
  REQUIRE(book.End(1, "0.5").has_value());
  CHECK(start(9, 1, true) == Approx(18));  // six more
  REQUIRE(book.End(2, "0.5", EndingKind::kLost).has_value());
  book.Start(1);  // the same once more
  CHECK(CostAt(book.state, book.now) == Approx(30));
  REQUIRE(book.End(2, "0.5").has_value());
  CHECK(start(9, 1, false) == Approx(48));  // from zero: all of it
  REQUIRE(book.End(3, "0.5").has_value());
  CHECK_FALSE(book.state.Ended());
  CHECK(start(3, 1, true) == Approx(54));  // a segment; the last one may cost more than is left
  REQUIRE(book.End(4, "0.5").has_value());
  CHECK(book.state.end_reason == Reason::kMaxCostReached);
}

TEST_CASE("limits: a preempted trial starts again, and nothing counts it", "[core]") {
  Book book({.max_trials = 3, .parallel = 1, .max_failed = 1, .more = R"({"retryPolicy":
      {"maxRetries": 0}})"});
  book.Start(1);
  const EndingKind kind = GENERATE(EndingKind::kPreempted, EndingKind::kStopped);
  for (int i = 0; i < 20; ++i) {
    const auto decision = book.End(1, "", kind);
    REQUIRE(CountOf<event::TrialRequeued>(*decision) == 1);
    REQUIRE(book.Give(input::Offer{1, "here"}).has_value());
  }
  const TrialState& trial = *book.state.Find(1);
  CHECK(trial.attempt == 21);
  CHECK(trial.preemptions == 20);
  CHECK(trial.failures == 0);
  CHECK(trial.losses == 0);
  REQUIRE(book.End(1, "0.5").has_value());
  CHECK(book.state.Find(1)->phase == TrialPhase::kSucceeded);
  for (const Recorded& recorded : book.ledger) {
    const auto item = ToHistory(*book.state.spec, recorded);
    const bool harmless = !item || std::holds_alternative<history::Proposed>(item->what) ||
                          std::holds_alternative<history::Completed>(item->what);
    CHECK(harmless);
  }
}

TEST_CASE("limits: after running out of memory a trial gets more of it", "[core]") {
  Book book({.max_trials = 3,
             .parallel = 1,
             .more = R"({"retryPolicy": {"maxRetries": 3, "memoryFactor": 1.5},
                         "resources": {"memory": "1Gi"}})"});
  book.Start(1);
  const auto factor = [&] {
    return MemoryFactor(*book.state.spec->retry_policy, *book.state.Find(1));
  };
  CHECK(factor() == Approx(1));
  REQUIRE(book.End(1, "", EndingKind::kOutOfMemory).has_value());
  CHECK(factor() == Approx(1.5));
  CHECK(MemoryFactor(book.state) == Approx(1.5));
  book.Start(1);
  REQUIRE(book.End(1, "", EndingKind::kExitCode).has_value());
  CHECK(factor() == Approx(1.5));  // it did not run out of memory
  book.Start(1);
  REQUIRE(book.End(1, "", EndingKind::kOutOfMemory).has_value());
  CHECK(factor() == Approx(2.25));
  const std::string& object = book.state.spec->trial_template.trial_spec;
  CHECK(object.find(R"("memory":"1Gi")") != std::string::npos);
  CHECK(WithMoreMemory(object, 2.25).find(R"("memory":"2415919104")") != std::string::npos);
  CHECK(WithMoreMemory(object, 1) == object);
  CHECK(WithMoreMemory("no object", 2) == "no object");
  book.Start(1);
  REQUIRE(book.End(1, "0.5").has_value());
  CHECK(MemoryFactor(book.state) == Approx(1));
}

}  // namespace
}  // namespace hone
