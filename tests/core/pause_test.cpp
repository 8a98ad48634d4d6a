// SPDX-License-Identifier: Apache-2.0
// A trial that comes to its rung is paused and may be resumed: what counts, who is the best, and
// how an experiment with paused trials ends.
#include "core/cost.h"
#include "core/event_codec.h"
#include "tests/catch.h"
#include "tests/core/book.h"

namespace hone {
namespace {

using test::Book;
using test::CountOf;
using Cause = event::TrialStopRequested::Cause;
using Reason = event::ExperimentEnded::Reason;

proposal::Start Rung(double budget) {
  proposal::Start start = Book::MakeStart();
  start.budget = budget;
  start.pauses = true;
  return start;
}

proposal::Resume Resume(TrialNumber trial, double budget, bool pauses = true) {
  proposal::Resume resume;
  resume.trial = trial;
  resume.budget = budget;
  resume.tag = "t";
  resume.note = "further";
  resume.pauses = pauses;
  return resume;
}

/// Offers as many slots as there are answers, and gives them.
Result<Decision> Answer(Book& book, const std::vector<Proposal>& answers) {
  const auto count = static_cast<std::uint32_t>(answers.size());
  REQUIRE(book.Give(input::Offer{count, "here"}).has_value());
  REQUIRE(book.state.reservation.has_value());
  REQUIRE(book.state.reservation->count == count);
  return book.Give(
      input::Proposals{book.state.reservation->seq, book.state.version, answers, "here"});
}

/// The running attempt ends well and leaves a checkpoint, unless that is empty.
Result<Decision> EndWell(Book& book, TrialNumber trial, const std::string& acc,
                         const std::string& checkpoint = "c") {
  Sighting sighting{trial, book.state.Find(trial)->attempt, "here", book.now, book.now, Ending{}};
  if (!checkpoint.empty()) {
    sighting.checkpoint = checkpoint;
  }
  return book.Give(input::Seen{sighting, {{"acc", acc, acc, acc, true}}});
}

/// Three trials that are paused at budget 1, with acc 0.1, 0.2, 0.3.
Book ThreePaused(const test::ExperimentOptions& options) {
  Book book(options);
  REQUIRE(Answer(book, {Rung(1), Rung(1), Rung(1)}).has_value());
  for (const TrialNumber trial : {1U, 2U, 3U}) {
    REQUIRE(EndWell(book, trial, "0." + std::to_string(trial)).has_value());
  }
  REQUIRE(book.state.Count(TrialPhase::kPaused) == 3);
  return book;
}

TEST_CASE("pause: a trial at its rung holds no slot, has a result, and is not over", "[core]") {
  Book book({.max_trials = 9, .parallel = 3});
  REQUIRE(Answer(book, {Rung(1)}).has_value());
  const auto paused = EndWell(book, 1, "0.5");
  CHECK(CountOf<event::TrialPaused>(*paused) == 1);
  CHECK(CountOf<event::TrialSucceeded>(*paused) == 0);
  const TrialState& trial = *book.state.Find(1);
  CHECK(trial.phase == TrialPhase::kPaused);
  CHECK(trial.checkpoint == "c");
  CHECK(trial.reached == 1.0);
  CHECK(book.state.Completed() == 0);
  CHECK(book.state.SlotsHeld() == 0);
  CHECK(book.state.best == 1U);
  CHECK(Want(book.state) == 3);
}

TEST_CASE("pause: a resumed trial is the same trial, and its number alone counts", "[core]") {
  Book book = ThreePaused({.max_trials = 3, .parallel = 3});
  CHECK(Want(book.state) == 3);  // nothing new, but each of them may go on
  REQUIRE(Answer(book, {Resume(3, 3), proposal::Wait{}, proposal::Wait{}}).has_value());
  const TrialState& trial = *book.state.Find(3);
  CHECK(trial.attempt == 2);
  CHECK(trial.budget == 3.0);
  CHECK(trial.note == "further");
  CHECK(trial.launched);
  CHECK(book.state.Find(4)->phase == TrialPhase::kWithdrawn);
  CHECK(book.state.TrialsLeft() == 3U);
  CHECK(Want(book.state) == 0);  // it said that it waits
  REQUIRE(EndWell(book, 3, "0.4").has_value());
  CHECK(book.state.Find(3)->reached == 3.0);
  CHECK(Want(book.state) == 3);
  REQUIRE(Answer(book, {Resume(3, 9, false), proposal::Wait{}, proposal::Wait{}}).has_value());
  REQUIRE(EndWell(book, 3, "0.5").has_value());
  CHECK(book.state.Find(3)->phase == TrialPhase::kSucceeded);
  CHECK(book.state.Find(3)->attempt == 3);
  CHECK(book.state.Completed() == 1);
}

TEST_CASE("pause: where a parameter carries the budget, the resumed trial has the new value",
          "[core]") {
  Book book = ThreePaused({.max_trials = 3, .parallel = 1 + 2});
  proposal::Resume resume = Resume(2, 3);
  resume.values = {{"0.01"}, {"3"}, {"adam"}};
  REQUIRE(Answer(book, {resume, proposal::Wait{}, proposal::Wait{}}).has_value());
  CHECK(book.state.Find(2)->values == resume.values);
}

TEST_CASE("pause: nothing new starts beyond maxTrialCount, however many numbers were reserved",
          "[core]") {
  Book book = ThreePaused({.max_trials = 4, .parallel = 3});
  REQUIRE(Answer(book, {Rung(1), Rung(1), Rung(1)}).has_value());
  CHECK(book.state.Count(TrialPhase::kPending) == 1);
  CHECK(book.state.Count(TrialPhase::kWithdrawn) == 2);
}

TEST_CASE("pause: an experiment whose search waits for nobody ends, and paused trials count",
          "[core]") {
  Book book = ThreePaused({.max_trials = 3, .parallel = 3});
  const auto end = Answer(book, {proposal::Wait{}, proposal::Wait{}, proposal::Wait{}});
  CHECK(CountOf<event::TrialEarlyStopped>(*end) == 3);
  CHECK(book.state.end_reason == Reason::kMaxTrialsReached);
  CHECK(book.state.best == 3U);
  CHECK(book.state.Find(3)->observation.front().latest == "0.3");
  CHECK(book.state.Count(TrialPhase::kPaused) == 0);
}

TEST_CASE("pause: an exhausted search ends when what runs is over", "[core]") {
  Book book = ThreePaused({.max_trials = 9, .parallel = 3});
  REQUIRE(Answer(book, {Resume(3, 3, false), proposal::Exhausted{"that is all"},
                        proposal::Exhausted{"that is all"}})
              .has_value());
  CHECK_FALSE(book.state.Ended());
  REQUIRE(EndWell(book, 3, "0.4").has_value());
  CHECK(book.state.end_reason == Reason::kSuggestionEndReached);
  CHECK(book.state.Count(TrialPhase::kEarlyStopped) == 2);
}

TEST_CASE("pause: a trial that is killed before its resumption comes is asked about again",
          "[core]") {
  Book book = ThreePaused({.max_trials = 3, .parallel = 3});
  REQUIRE(book.Give(input::Offer{1, "here"}).has_value());
  const Version seq = book.state.reservation->seq;
  REQUIRE(book.Give(input::KillTrial{3, "enough"}).has_value());
  REQUIRE(book.Give(input::Proposals{seq, book.state.version, {Resume(3, 3)}, "here"}).has_value());
  CHECK_FALSE(book.state.Ended());
  CHECK(book.state.Count(TrialPhase::kPaused) == 2);
  CHECK(Want(book.state) == 2);
}

TEST_CASE("pause: the best one that fails at its next rung leaves its place to the next best",
          "[core]") {
  struct Case {
    std::string name;
    EndingKind kind;
    TrialPhase phase;
    TrialNumber best;
  };
  const Case c = GENERATE(values<Case>({
      {"fails", EndingKind::kExitCode, TrialPhase::kFailed, 2},
      {"no number", EndingKind::kMetricNotANumber, TrialPhase::kMetricsUnavailable, 2},
  }));
  INFO(c.name);
  Book book = ThreePaused({.max_trials = 3, .parallel = 3});
  REQUIRE(Answer(book, {Resume(3, 3), proposal::Wait{}, proposal::Wait{}}).has_value());
  CHECK(book.state.best == 3U);
  REQUIRE(book.End(3, "", c.kind).has_value());
  CHECK(book.state.Find(3)->phase == c.phase);
  CHECK(book.state.best == c.best);
  REQUIRE(book.Give(input::KillTrial{2, "by a person"}).has_value());
  CHECK(book.state.best == 1U);
  REQUIRE(book.Give(input::KillTrial{1, "by a person"}).has_value());
  CHECK_FALSE(book.state.best.has_value());
}

TEST_CASE("pause: what is lost for good after a pause counts with its last rung", "[core]") {
  Book book = ThreePaused({.max_trials = 3, .parallel = 3});
  REQUIRE(Answer(book, {Resume(3, 3), proposal::Wait{}, proposal::Wait{}}).has_value());
  for (int i = 0; i < 3; ++i) {
    REQUIRE(book.End(3, "", EndingKind::kLost).has_value());
    CHECK(book.state.Find(3)->phase == TrialPhase::kPending);
    REQUIRE(book.Give(input::Offer{1, "here"}).has_value());
  }
  REQUIRE(book.End(3, "", EndingKind::kLost).has_value());
  const TrialState& trial = *book.state.Find(3);
  CHECK(trial.phase == TrialPhase::kEarlyStopped);
  CHECK(trial.budget == 1.0);
  CHECK(trial.observation.front().latest == "0.3");
  CHECK(book.state.best == 3U);
}

TEST_CASE("pause: when the experiment ends, what was paused before keeps its last result",
          "[core]") {
  Book book = ThreePaused({.max_trials = 9, .parallel = 3, .goal = 0.9});
  REQUIRE(Answer(book, {Resume(3, 3), Resume(2, 3), Rung(1)}).has_value());
  REQUIRE(EndWell(book, 2, "0.95").has_value());  // pauses again, at the goal
  CHECK(book.state.end_reason == Reason::kGoalReached);
  CHECK(book.state.best == 2U);
  CHECK(book.state.Find(1)->phase == TrialPhase::kEarlyStopped);
  CHECK(book.state.Find(2)->phase == TrialPhase::kEarlyStopped);
  CHECK(book.state.Find(2)->budget == 3.0);
  CHECK(book.state.Find(3)->stop_cause == Cause::kKilled);
  REQUIRE(book.End(3, "", EndingKind::kStopped).has_value());
  CHECK(book.state.Find(3)->phase == TrialPhase::kEarlyStopped);
  CHECK(book.state.Find(3)->budget == 1.0);
  CHECK(book.state.Find(3)->observation.front().latest == "0.3");
  const TrialNumber fresh = 6;
  REQUIRE(book.state.Find(fresh)->launched);
  SECTION("a new one is killed") {
    REQUIRE(book.End(fresh, "", EndingKind::kStopped).has_value());
    CHECK(book.state.Find(fresh)->phase == TrialPhase::kKilled);
  }
  SECTION("one that came to its rung all the same has its result") {
    REQUIRE(EndWell(book, fresh, "0.6").has_value());
    CHECK(book.state.Find(fresh)->phase == TrialPhase::kEarlyStopped);
    CHECK(book.state.Find(fresh)->reached == 1.0);
  }
  CHECK(book.state.Drained());
}

TEST_CASE("pause: a resumption pays for what is left, or for all of it without a checkpoint",
          "[core]") {
  struct Case {
    std::string name;
    std::string checkpoint;
    double spent;
  };
  const Case c = GENERATE(
      values<Case>({{"with a checkpoint", "c", 2 * (1 + 2)}, {"without one", "", 2 * (1 + 3)}}));
  INFO(c.name);
  Book book({.max_trials = 1, .parallel = 1, .more = R"({"cost": {"perBudget": 2, "max": 50}})"});
  REQUIRE(Answer(book, {Rung(1)}).has_value());
  REQUIRE(EndWell(book, 1, "0.5", c.checkpoint).has_value());
  REQUIRE(Answer(book, {Resume(1, 3)}).has_value());
  CHECK(CostAt(book.state, book.now) == Approx(c.spent));
}

TEST_CASE("pause: an experiment whose money is used up ends with paused trials", "[core]") {
  Book book({.max_trials = 9, .parallel = 1, .more = R"({"cost": {"perTrial": 1, "max": 2}})"});
  REQUIRE(Answer(book, {Rung(1)}).has_value());
  REQUIRE(EndWell(book, 1, "0.5").has_value());
  REQUIRE(Answer(book, {Rung(1)}).has_value());
  REQUIRE(EndWell(book, 2, "0.6").has_value());
  CHECK(book.state.end_reason == Reason::kMaxCostReached);
  CHECK(book.state.Count(TrialPhase::kEarlyStopped) == 2);
  CHECK(book.state.best == 2U);
}

TEST_CASE("pause: a raised maxTrialCount wakes a search that waited", "[core]") {
  Book book = ThreePaused({.max_trials = 3, .parallel = 3});
  REQUIRE(Answer(book, {Resume(3, 3), proposal::Wait{}, proposal::Wait{}}).has_value());
  CHECK(Want(book.state) == 0);
  event::BudgetEdited more;
  more.max_trial_count = 9;
  REQUIRE(book.Give(input::EditBudget{more}).has_value());
  CHECK(Want(book.state) == 2);
}

TEST_CASE("pause: a ledger of before pauses had results reads as one without", "[core]") {
  const auto decoded =
      DecodeEvent("TrialPaused", R"({"trial":7,"attempt":2,"checkpoint":"sha256:cd"})");
  REQUIRE(decoded.has_value());
  event::TrialPaused paused;
  paused.outcome.trial = 7;
  paused.outcome.attempt = 2;
  paused.outcome.checkpoint = "sha256:cd";
  CHECK(*decoded == Event(paused));
}

}  // namespace
}  // namespace hone
