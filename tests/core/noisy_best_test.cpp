// SPDX-License-Identifier: Apache-2.0
#include "core/noisy_best.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/core/book.h"

namespace hone {
namespace {

using test::Book;

Book MakeBook(const std::string& direction, bool noisy = true) {
  return Book({.direction = direction,
               .max_trials = 100,
               .more = noisy ? R"({"objective": {"type": ")" + direction +
                                   R"(", "objectiveMetricName": "acc", "noisy": true}})"
                             : ""});
}

/// @param budget  of a trial that pauses at its end; nothing: it does not
TrialNumber Start(Book& book, const std::string& lr, std::optional<double> budget = {}) {
  REQUIRE(book.Give(input::Offer{1, "here"}).has_value());
  proposal::Start start = Book::MakeStart();
  start.values[0].text = lr;
  start.budget = budget;
  start.pauses = budget.has_value();
  const Reservation reservation = *book.state.reservation;
  REQUIRE(book.Give(input::Proposals{reservation.seq, book.state.version, {start}, "here"})
              .has_value());
  return reservation.first;
}

Result<Decision> EndAtRung(Book& book, TrialNumber trial, const std::string& acc) {
  Sighting sighting{trial, book.state.Find(trial)->attempt, "here", book.now, book.now, Ending{}};
  sighting.checkpoint = "c";
  return book.Give(input::Seen{sighting, {{"acc", acc, acc, acc, true}}});
}

/// Trials of these learning rates, one after the other, with these results. @returns the best after
/// each
std::vector<TrialNumber> BestOf(const std::vector<std::pair<std::string, std::string>>& trials,
                                const std::string& direction, bool noisy = true) {
  Book book = MakeBook(direction, noisy);
  std::vector<TrialNumber> best;
  for (const auto& [lr, value] : trials) {
    REQUIRE(book.End(Start(book, lr), value).has_value());
    best.push_back(book.state.best.value_or(0));
  }
  return best;
}

TEST_CASE("noisy best: while nothing was repeated, the best is the best result", "[core]") {
  CHECK(BestOf({{"0.1", "0.5"}, {"0.2", "0.7"}, {"0.3", "0.6"}}, "maximize") ==
        std::vector<TrialNumber>{1, 2, 2});
  CHECK(BestOf({{"0.1", "0.5"}, {"0.2", "0.7"}, {"0.3", "0.5"}}, "minimize") ==
        std::vector<TrialNumber>{1, 1, 1});
}

TEST_CASE("noisy best: a lucky result is not the best once its configuration is tried again",
          "[core]") {
  const std::vector<std::pair<std::string, std::string>> trials{
      {"0.1", "0.70"}, {"0.2", "0.90"}, {"0.2", "0.10"}, {"0.1", "0.72"}};
  CHECK(BestOf(trials, "maximize") == std::vector<TrialNumber>{1, 2, 1, 1});
  CHECK(BestOf(trials, "maximize", false) == std::vector<TrialNumber>{1, 2, 2, 2});
}

TEST_CASE("noisy best: few results count with their uncertainty", "[core]") {
  // 0.1 differs by about 0.1 from trial to trial; a single 0.53 is no proof that 0.2 is better.
  const std::vector<TrialNumber> best =
      BestOf({{"0.1", "0.4"}, {"0.1", "0.5"}, {"0.1", "0.6"}, {"0.2", "0.53"}, {"0.2", "0.75"}},
             "maximize");
  CHECK(best[2] == 2);  // the one that is nearest to the mean
  CHECK(best[3] == 2);
  CHECK(best[4] == 4);
}

TEST_CASE("noisy best: what has no number is left out", "[core]") {
  CHECK(BestOf({{"0.1", "0.4"}, {"0.1", "nan"}, {"0.2", ""}}, "maximize") ==
        std::vector<TrialNumber>{1, 1, 1});
}

TEST_CASE("noisy best: one that was stopped early counts as long as there is no other", "[core]") {
  Book book = MakeBook("maximize");
  const TrialNumber stopped = Start(book, "0.1");
  REQUIRE(book.Give(input::Verdict{stopped, 1, false, "hopeless"}).has_value());
  REQUIRE(book.End(stopped, "0.9", EndingKind::kStopped).has_value());
  REQUIRE(book.state.Find(stopped)->phase == TrialPhase::kEarlyStopped);
  CHECK(book.state.best == stopped);
  const TrialNumber whole = Start(book, "0.2");
  REQUIRE(book.End(whole, "0.5").has_value());
  CHECK(book.state.best == whole);
}

TEST_CASE("noisy best: more training goes first, and what is killed after a pause has no result",
          "[core]") {
  Book book = MakeBook("maximize");
  const TrialNumber little = Start(book, "0.1", 1);
  REQUIRE(EndAtRung(book, little, "0.9").has_value());
  CHECK(book.state.best == little);
  const TrialNumber more = Start(book, "0.2", 3);
  REQUIRE(EndAtRung(book, more, "0.5").has_value());
  CHECK(book.state.best == more);
  REQUIRE(book.Give(input::KillTrial{more, "away"}).has_value());
  CHECK(book.state.best == little);
}

}  // namespace
}  // namespace hone
