// SPDX-License-Identifier: Apache-2.0
#include "core/transitions.h"

#include "base/rng.h"
#include "core/event_codec.h"
#include "core/projection.h"
#include "tests/catch.h"
#include "tests/core/book.h"

namespace hone {
namespace {

using test::Book;
using test::CountOf;
using Reason = event::ExperimentEnded::Reason;

TEST_CASE("transitions: reservations never exceed slots, parallelism or the budget", "[core]") {
  struct Case {
    std::string name;
    int parallel;
    int max_trials;
    std::uint32_t offered;
    std::uint32_t reserved;
  };
  const Case c = GENERATE(values<Case>({{"slots", 8, 20, 3, 3},
                                        {"parallelism", 4, 20, 16, 4},
                                        {"budget", 4, 4, 16, 4},
                                        {"nothing offered", 4, 20, 0, 0}}));
  INFO(c.name);
  Book book({.max_trials = c.max_trials, .parallel = c.parallel});
  const auto decision = book.Give(input::Offer{c.offered, "here"});
  REQUIRE(decision.has_value());
  CHECK((book.state.reservation ? book.state.reservation->count : 0) == c.reserved);
  CHECK(decision->commands.size() == (c.reserved > 0 ? 1 : 0));
}

TEST_CASE("transitions: one question at a time, and its seq is the reservation's", "[core]") {
  Book book({.parallel = 4});
  const auto asked = book.Give(input::Offer{2, "here"});
  REQUIRE(asked->commands.size() == 1);
  CHECK(std::get<command::AskSuggester>(asked->commands[0]).reservation ==
        book.state.reservation->seq);
  CHECK(book.Give(input::Offer{2, "here"})->events.empty());
  CHECK(Want(book.state) == 0);
  CHECK(PendingQuestions(book.state) == asked->commands);
}

TEST_CASE("transitions: late and repeated inputs mean nothing", "[core]") {
  Book book({.parallel = 2});
  book.Start(2);
  REQUIRE(book.End(1, "0.5").has_value());
  CHECK(book.Give(input::Proposals{99, 1, {Book::MakeStart()}, "here"})->events.empty());
  CHECK(book.Give(input::Seen{{1, 1, "", {}, {}, Ending{}}, {}})->events.empty());  // over
  CHECK(
      book.Give(input::Seen{{2, 7, "", {}, {}, Ending{}}, {}})->events.empty());  // another attempt
  CHECK(book.Give(input::Seen{{99, 1, "", {}, {}, {}}, {}})->events.empty());     // unknown
  CHECK(book.Give(input::Verdict{1, 1, false, "late"})->events.empty());
  CHECK(book.Give(input::SearchFailed{99, {}})->events.empty());
}

TEST_CASE("transitions: Katib's order of decisions: goal, failures, trials", "[core]") {
  Book goal({.max_trials = 1, .parallel = 1, .max_failed = 0, .goal = 0.5});
  goal.Start(1);
  REQUIRE(goal.End(1, "0.5").has_value());
  CHECK(goal.state.end_reason == Reason::kGoalReached);

  Book failed({.max_trials = 1, .parallel = 1, .max_failed = 0});
  failed.Start(1);
  REQUIRE(failed.End(1, "", EndingKind::kExitCode).has_value());
  CHECK(failed.state.end_reason == Reason::kMaxFailedReached);

  Book trials({.max_trials = 1, .parallel = 1});
  trials.Start(1);
  REQUIRE(trials.End(1, "", EndingKind::kExitCode).has_value());
  CHECK(trials.state.end_reason == Reason::kMaxTrialsReached);
}

Observation Both(const std::string& acc, const std::string& seconds) {
  return {{"acc", acc, acc, acc, true}, {"seconds", seconds, seconds, seconds, !seconds.empty()}};
}

TEST_CASE("transitions: several objectives: all are needed, the best is never dominated",
          "[core]") {
  Book book({.max_trials = 9,
             .parallel = 5,
             .further = R"([{"metricName": "seconds", "type": "minimize"}])"});
  book.Start(5);
  REQUIRE(book.End(1, Both("0.5", "9")).has_value());
  CHECK(book.state.best == 1U);
  REQUIRE(book.End(2, Both("0.4", "1")).has_value());  // on the front, but not the best
  CHECK(book.state.best == 1U);
  REQUIRE(book.End(3, Both("0.5", "8")).has_value());  // as good in the first, better in the second
  CHECK(book.state.best == 3U);
  REQUIRE(book.End(4, Both("0.9", "")).has_value());
  CHECK(book.state.Find(4)->phase == TrialPhase::kMetricsUnavailable);
  CHECK(book.state.Find(4)->message.find("'seconds'") != std::string::npos);
  REQUIRE(book.End(5, Both("0.9", "nan")).has_value());
  CHECK(book.state.Find(5)->ending == EndingKind::kMetricNotANumber);
  CHECK(book.state.best == 3U);
}

TEST_CASE("transitions: several goals are reached by one trial", "[core]") {
  const std::string further =
      R"([{"metricName": "seconds", "type": "minimize", "goal": 5},
          {"metricName": "size", "type": "minimize"}])";
  Book book({.max_trials = 9, .parallel = 3, .goal = 0.8, .further = further});
  book.Start(3);
  const auto all = [](const std::string& acc, const std::string& seconds) {
    Observation observation = Both(acc, seconds);
    observation.push_back({"size", "1", "1", "1", true});
    return observation;
  };
  REQUIRE(book.End(1, all("0.9", "6")).has_value());
  REQUIRE(book.End(2, all("0.7", "4")).has_value());
  CHECK_FALSE(book.state.Ended());
  REQUIRE(book.End(3, all("0.8", "5")).has_value());
  CHECK(book.state.end_reason == Reason::kGoalReached);
  CHECK(book.state.goal_trial == 3U);
  CHECK(book.state.best == 1U);
  CHECK(book.state.message ==
        "a trial reached every goal: acc = 0.8, goal 0.8; seconds = 5, goal 5");
}

TEST_CASE("transitions: maxFailedTrialCount 0 does not fail an experiment without failures",
          "[core]") {
  Book book({.max_trials = 2, .parallel = 1, .max_failed = 0});
  book.Start(1);
  REQUIRE(book.End(1, "0.1").has_value());
  CHECK(book.state.phase == ExperimentPhase::kRunning);
}

TEST_CASE("transitions: the first of equals stays the best; minimising turns it round", "[core]") {
  Book book({.max_trials = 9, .parallel = 4});
  book.Start(4);
  REQUIRE(book.End(2, "0.5").has_value());
  CHECK(CountOf<event::BestChanged>(*book.End(1, "0.5")) == 0);
  CHECK(book.state.best == 2);
  CHECK(CountOf<event::BestChanged>(*book.End(3, "0.6")) == 1);

  Book less({.direction = "minimize", .max_trials = 9, .parallel = 2});
  less.Start(2);
  REQUIRE(less.End(1, "0.5").has_value());
  REQUIRE(less.End(2, "0.4").has_value());
  CHECK(less.state.best == 2);
}

TEST_CASE(
    "transitions: little training is never best beside more of it, unless it has reached "
    "the goal",
    "[core]") {
  struct Case {
    std::string name;
    std::optional<double> goal;
    std::vector<std::pair<std::optional<double>, std::string>> trials;  // budget, value
    TrialNumber best;
  };
  const Case c = GENERATE(values<Case>({
      {"a larger budget goes first", {}, {{1, "0.9"}, {9, "0.5"}, {3, "0.8"}}, 2},
      {"equal budgets rank by value", {}, {{9, "0.4"}, {1, "0.9"}, {9, "0.5"}}, 3},
      {"no budget is a full one", {}, {{9, "0.9"}, {{}, "0.5"}, {9, "0.95"}}, 2},
      {"the goal", 0.95, {{9, "0.5"}, {1, "0.96"}, {1, "0.1"}}, 2},
  }));
  INFO(c.name);
  Book book({.max_trials = 9, .parallel = 3, .goal = c.goal});
  REQUIRE(book.Give(input::Offer{3, "here"}).has_value());
  std::vector<Proposal> answers;
  for (const auto& [budget, value] : c.trials) {
    proposal::Start start = Book::MakeStart();
    start.budget = budget;
    answers.emplace_back(start);
  }
  REQUIRE(
      book.Give(input::Proposals{book.state.reservation->seq, book.state.version, answers, "here"})
          .has_value());
  for (TrialNumber trial = 1; trial <= c.trials.size(); ++trial) {
    REQUIRE(book.End(trial, c.trials[trial - 1].second).has_value());
  }
  CHECK(book.state.best == c.best);
}

TEST_CASE("transitions: texts rank by recency, and only until there is a number", "[core]") {
  Book book({.max_trials = 9, .parallel = 4, .goal = 0.0});
  book.Start(4);
  REQUIRE(book.End(1, "Genotype(a)").has_value());
  REQUIRE(book.End(2, "Genotype(b)").has_value());
  CHECK(book.state.best == 2);
  CHECK(book.state.phase == ExperimentPhase::kRunning);  // a goal is never measured by text
  book.state.spec = std::make_shared<const ExperimentSpec>(test::MakeSpec({.goal = {}}));
  REQUIRE(book.End(3, "0.1").has_value());
  REQUIRE(book.End(4, "Genotype(c)").has_value());
  CHECK(book.state.best == 3);
}

TEST_CASE("transitions: what an end leaves running is stopped and becomes Killed", "[core]") {
  Book book({.max_trials = 9, .parallel = 3, .goal = 0.9});
  book.Start(3);
  const auto decision = book.End(1, "0.95");
  CHECK(CountOf<event::TrialStopRequested>(*decision) == 2);
  CHECK(decision->commands.size() == 2);
  CHECK_FALSE(book.state.Drained());
  REQUIRE(book.End(2, "", EndingKind::kStopped).has_value());
  REQUIRE(book.End(3, "0.99").has_value());  // made it before the stop reached it
  CHECK(book.state.Find(2)->phase == TrialPhase::kKilled);
  CHECK(book.state.Find(3)->phase == TrialPhase::kSucceeded);
  CHECK(book.state.best == 3);
  CHECK(book.state.Drained());
}

TEST_CASE("transitions: suspending withdraws the question and interrupts what runs", "[core]") {
  Book book({.max_trials = 9, .parallel = 4});
  book.Start(2);
  REQUIRE(book.Give(input::Offer{1, "here"}).has_value());
  const Version asked = book.state.reservation->seq;
  const auto decision = book.Give(input::Suspend{"tea", false});
  CHECK(CountOf<event::TrialsWithdrawn>(*decision) == 1);
  CHECK(CountOf<event::TrialStopRequested>(*decision) == 2);
  CHECK(book.Give(input::Proposals{asked, 3, {Book::MakeStart()}, "here"})->events.empty());
  CHECK(Want(book.state) == 0);
  REQUIRE(book.End(1, "0.4", EndingKind::kStopped).has_value());
  REQUIRE(book.End(2, "0.8").has_value());
  CHECK(book.state.Find(1)->phase == TrialPhase::kPending);
  CHECK(book.state.Find(2)->phase == TrialPhase::kSucceeded);
  CHECK(book.state.Drained());
  REQUIRE(book.Give(input::Resume{}).has_value());
  CHECK(Want(book.state) == 4);
  const auto relaunch = book.Give(input::Offer{1, "here"});
  REQUIRE(relaunch->commands.size() == 1);
  CHECK(relaunch->commands[0] == Command(command::Launch{1, 2}));
}

TEST_CASE("transitions: budget edits are checked", "[core]") {
  Book book({.max_trials = 9, .parallel = 3});
  book.Start(3);
  const auto refused = [&](event::BudgetEdited edit, const std::string& field) {
    const auto decision = book.Give(input::EditBudget{edit});
    REQUIRE_FALSE(decision.has_value());
    CHECK(decision.error().field == field);
  };
  refused({0, {}, {}}, "spec.parallelTrialCount");
  refused({{}, 3, {}}, "spec.maxTrialCount");  // three trials there are
  refused({10, {}, {}}, "spec.parallelTrialCount");
  refused({{}, {}, -1}, "spec.maxFailedTrialCount");
  REQUIRE(book.Give(input::EditBudget{{{}, 4, {}}}).has_value());
  CHECK(book.state.max_trial_count == 4);
}

TEST_CASE("transitions: only Succeeded by MaxTrials with a policy can be restarted", "[core]") {
  for (const std::string policy : {"Never", "LongRunning", "FromVolume"}) {
    DYNAMIC_SECTION(policy) {
      Book book({.max_trials = 1, .parallel = 1, .resume_policy = policy});
      book.Start(1);
      REQUIRE(book.End(1, "0.5").has_value());
      REQUIRE_FALSE(book.Give(input::Resume{}).has_value());
      const auto edited = book.Give(input::EditBudget{{{}, 2, {}}});
      CHECK(edited.has_value() == (policy != "Never"));
      if (edited.has_value()) {
        CHECK(book.state.phase == ExperimentPhase::kRestarting);
        book.Start(1);
        CHECK(book.state.phase == ExperimentPhase::kRunning);
      }
    }
  }
  Book goal({.max_trials = 5, .parallel = 1, .goal = 0.1, .resume_policy = "LongRunning"});
  goal.Start(1);
  REQUIRE(goal.End(1, "0.5").has_value());
  CHECK_FALSE(goal.Give(input::EditBudget{{{}, 9, {}}}).has_value());
}

TEST_CASE("transitions: paused trials, resumed by the algorithm", "[core]") {
  Book book({.max_trials = 9, .parallel = 1});
  book.Start(1);
  REQUIRE(book.Give(input::Verdict{1, 1, true, "rung 1"}).has_value());
  REQUIRE(book.End(1, "0.3", EndingKind::kStopped).has_value());
  CHECK(book.state.Find(1)->phase == TrialPhase::kPaused);
  CHECK(book.state.SlotsHeld() == 0);
  REQUIRE(book.Give(input::Offer{1, "here"}).has_value());
  const auto decision = book.Give(input::Proposals{book.state.reservation->seq,
                                                   book.state.version,
                                                   {proposal::Resume{1, 9.0, "rung 2"}},
                                                   "here"});
  REQUIRE(decision.has_value());
  CHECK(decision->commands == std::vector<Command>{command::Launch{1, 2}});
  CHECK(book.state.Find(1)->budget == 9.0);
  CHECK(book.state.Count(TrialPhase::kWithdrawn) == 1);
}

/// Random inputs, legal or not. @param rng  decides
Input AnyInput(const Book& book, Rng& rng) {
  const auto trial = static_cast<TrialNumber>(1 + rng.Below(12));
  const TrialState* state = book.state.Find(trial);
  const Attempt attempt = state != nullptr ? state->attempt : 1;
  switch (rng.Below(10)) {
    case 0:
    case 1:
      return input::Offer{rng.Below(5), "here"};
    case 2:
    case 3: {
      std::vector<Proposal> answers;
      for (std::uint32_t i = 0; book.state.reservation && i < book.state.reservation->count; ++i) {
        const Proposal choices[] = {Book::MakeStart(), Book::MakeStart(), proposal::Wait{},
                                    proposal::Resume{trial, {}, {}}, proposal::Exhausted{"x"}};
        answers.push_back(choices[rng.Below(rng.Below(4) == 0 ? 5 : 3)]);
      }
      return input::Proposals{book.state.reservation ? book.state.reservation->seq : 0,
                              book.state.version, answers, "here"};
    }
    case 4:
      return input::Seen{{trial, attempt, "p", book.now, {}, {}}, {}};
    case 5: {
      const auto kind = static_cast<EndingKind>(rng.Below(8));
      const std::string value = rng.Below(4) == 0 ? "nan" : "0." + std::to_string(rng.Below(99));
      return input::Seen{{trial, attempt, "p", book.now, book.now, Ending{kind, 0, 0, "w"}},
                         {{"acc", value, value, value, true}}};
    }
    case 6:
      return input::Verdict{trial, attempt, rng.Below(2) == 0, "v"};
    case 8:
      return input::TimeUp{};
    case 7:
      return rng.Below(3) == 0 ? Input(input::Suspend{"s", false}) : Input(input::Resume{});
    default:
      return rng.Below(4) == 0
                 ? Input(input::KillTrial{trial, "k"})
                 : Input(input::EditBudget{{static_cast<int>(1 + rng.Below(4)), {}, {}}});
  }
}

TEST_CASE("transitions: random inputs keep every invariant", "[core]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed, Scope::Experiment(), Purpose::kSimulation);
    Book book({.max_trials = 10,
               .parallel = 3,
               .max_failed = 6,
               .max_retries = 1,
               .max_duration = "100s"});
    for (int i = 0; i < 120; ++i) {
      const auto held = book.state.SlotsHeld();
      const auto decision = book.Give(AnyInput(book, rng));
      const ExperimentState& s = book.state;
      std::uint32_t launches = 0;
      for (const Command& command :
           decision.has_value() ? decision->commands : std::vector<Command>{}) {
        launches += std::holds_alternative<command::Launch>(command) ? 1 : 0;
      }
      // No more run at once than allowed, unless the allowance was lowered under what runs.
      CHECK((launches == 0 || s.SlotsHeld() <= std::max<std::uint32_t>(held, 4)));
      CHECK(s.Completed() + s.active.size() <= 10);
      std::uint32_t active = 0;
      for (const TrialState& trial : s.trials) {
        active += IsOver(trial.phase) ? 0 : 1;
        CHECK_FALSE((trial.launched && IsOver(trial.phase)));
        CHECK((s.queued.contains(trial.number)) ==
              (trial.phase == TrialPhase::kPending && !trial.launched));
      }
      CHECK(active == s.active.size());
      if (s.best) {
        CHECK(ObjectiveOf(s.spec->objective, s.Find(*s.best)->observation).number.has_value());
      }
      CHECK((launches == 0 || !s.TimeIsUp(book.now)));
      if (s.Ended()) {
        CHECK_FALSE(s.reservation.has_value());
        CHECK(s.queued.empty());
      }
    }
    // The ledger alone, through its stored form, gives the same state.
    ExperimentState replayed;
    replayed.id = book.state.id;
    for (const Recorded& recorded : book.ledger) {
      auto event = DecodeEvent(EventKind(recorded.event), EncodeEvent(recorded.event));
      REQUIRE(event.has_value());
      Evolve(replayed, {recorded.seq, recorded.at, *event});
    }
    CHECK(replayed == book.state);
  }
}

}  // namespace
}  // namespace hone
