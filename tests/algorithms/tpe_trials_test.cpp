// SPDX-License-Identifier: Apache-2.0
#include "algorithms/tpe_trials.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace hone::tpe {
namespace {

using State = Known::State;

constexpr double kUnknown = std::numeric_limits<double>::infinity();

/// A trial that runs.
Known Running(TrialNumber number) {
  return {number, State::kRunning, {}, {}, {0.5}, {true}, "key " + std::to_string(number), {}};
}

std::vector<TrialNumber> NumbersOf(const std::vector<const Known*>& trials) {
  std::vector<TrialNumber> numbers;
  for (const Known* known : trials) {
    numbers.push_back(known->number);
  }
  return numbers;
}

/// Completed trials from 1 on with these losses.
Trials WithLosses(const std::vector<double>& losses) {
  Trials trials;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const auto number = static_cast<TrialNumber>(i + 1);
    trials.Start(Running(number));
    REQUIRE(trials.End(number, State::kCompleted, {losses[i]}).has_value());
  }
  return trials;
}

using Numbers = std::vector<TrialNumber>;

TEST_CASE("tpe trials: how many count as good", "[algorithms]") {
  struct Case {
    std::size_t results;
    std::optional<double> gamma;
    std::size_t good;
  };
  const Case cases[] = {
      {0, {}, 0},     {1, {}, 1},   {10, {}, 1},       {11, {}, 2},      {250, {}, 25},
      {9999, {}, 25}, {1, 0.25, 1}, {16, 0.25, 1},     {17, 0.25, 2},    {100, 0.25, 3},
      {100, 0.9, 9},  {2, 0.99, 2}, {10000, 0.25, 25}, {10000, 0.2, 20},
  };
  for (const Case& c : cases) {
    INFO(c.results << " results, gamma " << c.gamma.value_or(-1));
    CHECK(GoodCount(c.results, c.gamma) == c.good);
  }
}

TEST_CASE("tpe trials: what runs, failed or was stopped is compared with the best",
          "[algorithms]") {
  Trials trials = WithLosses({5, 1, 4, 2, 3});
  trials.Start(Running(6));
  trials.Start(Running(7));
  trials.Start(Running(8));
  REQUIRE(trials.End(7, State::kBad).has_value());
  trials.Forget(8);
  const std::vector<Known> pending{Running(9)};
  const auto splits = trials.Splits(pending, 0.9);  // 0.9 * sqrt(5): three
  REQUIRE(splits.size() == 1);
  CHECK(NumbersOf(splits[0].good) == Numbers{2, 4, 5});
  CHECK(NumbersOf(splits[0].bad) == Numbers{1, 3, 6, 7, 9});
  CHECK(splits[0].GoodShare() == 3.0 / 8);
  CHECK(trials.WasTried("key 7"));
  CHECK_FALSE(trials.WasTried("key 8"));
  CHECK_FALSE(trials.End(8, State::kBad).has_value());
}

TEST_CASE("tpe trials: equal losses count by age, and nothing is learnt from nothing",
          "[algorithms]") {
  CHECK(NumbersOf(WithLosses(std::vector(30, 1.0)).Splits({}, {})[0].good) == Numbers{1, 2, 3});
  Trials none;
  CHECK(none.Splits({}, {}).empty());
  none.Start(Running(1));
  CHECK(none.Splits({}, {}).empty());
  REQUIRE(none.End(1, State::kBad).has_value());
  CHECK(none.Splits({}, {}).empty());
}

TEST_CASE("tpe trials: each bound has a split of its own", "[algorithms]") {
  Trials trials;
  struct Result {
    double loss;
    std::vector<double> excess;
  };
  const Result results[] = {
      {3, {-1, -1}}, {1, {2, -1}}, {2, {-1, 3}}, {5, {-2, 0}}, {0, {1, kUnknown}}, {9, {-1, -1}},
  };
  TrialNumber number = 0;
  for (const Result& result : results) {
    trials.Start(Running(++number));
    const bool keeps =
        std::ranges::all_of(result.excess, [](double beyond) { return beyond <= 0; });
    REQUIRE(
        trials
            .End(number, keeps ? State::kCompleted : State::kViolated, {result.loss}, result.excess)
            .has_value());
  }
  trials.Start(Running(7));
  trials.Start(Running(8));
  REQUIRE(trials.End(8, State::kBad).has_value());
  const auto splits = trials.Splits({}, {});
  REQUIRE(splits.size() == 3);
  // The best feasible one is trial 1; those below it are good, too, although they violate bounds.
  CHECK(NumbersOf(splits[0].good) == Numbers{1, 2, 3, 5});
  CHECK(NumbersOf(splits[0].bad) == Numbers{4, 6, 7, 8});
  CHECK(NumbersOf(splits[1].good) == Numbers{1, 3, 4, 6});
  CHECK(NumbersOf(splits[1].bad) == Numbers{2, 5});
  CHECK(NumbersOf(splits[2].good) == Numbers{1, 2, 4, 6});
  CHECK(NumbersOf(splits[2].bad) == Numbers{3, 5});
}

TEST_CASE("tpe trials: with bounds first, what keeps them is good, then what is closest",
          "[algorithms]") {
  Trials trials;
  const std::vector<double> excess[] = {{-1, 4},        {-1, -1}, {8, -1}, {2, 2},
                                        {kUnknown, -1}, {1, -2},  {-3, -1}};
  for (TrialNumber number = 1; number <= 7; ++number) {
    trials.Start(Running(number));
    const std::vector<double>& beyond = excess[number - 1];
    const bool keeps = std::ranges::all_of(beyond, [](double x) { return x <= 0; });
    // The later, the better.
    REQUIRE(
        trials.End(number, keeps ? State::kCompleted : State::kViolated, {10.0 - number}, beyond)
            .has_value());
  }
  const auto good = [&](double gamma) {
    const auto splits = trials.Splits({}, gamma, ByBounds::kFirst);
    REQUIRE(splits.size() == 1);
    CHECK(splits[0].good.size() + splits[0].bad.size() == 7);
    return NumbersOf(splits[0].good);
  };
  // gamma times the root of seven, rounded up. Violations: 1 of 4, 8 of 8, 2 of 8 and 2 of 4, 1
  // of 8.
  CHECK(good(0.3) == Numbers{7});
  CHECK(good(0.7) == Numbers{2, 7});
  CHECK(good(1.1) == Numbers{2, 6, 7});
  CHECK(good(1.4) == Numbers{2, 4, 6, 7});
  CHECK(good(1.9) == Numbers{1, 2, 3, 4, 6, 7});
}

TEST_CASE("tpe trials: without a trial inside, the closest ones show where the bound is",
          "[algorithms]") {
  Trials trials;
  for (TrialNumber number = 1; number <= 12; ++number) {
    trials.Start(Running(number));
    const double beyond = number == 5 ? kUnknown : 20.0 - number;
    REQUIRE(trials.End(number, State::kViolated, {1.0 * number}, {beyond, -1}).has_value());
  }
  const auto splits = trials.Splits({}, {});
  REQUIRE(splits.size() == 1);  // none for the objective, none for the bound that all keep
  CHECK(NumbersOf(splits[0].good) == Numbers{11, 12});
  CHECK(splits[0].bad.size() == 10);
}

TEST_CASE("tpe trials: of several objectives the best fronts that keep the bounds are good",
          "[algorithms]") {
  Trials trials;
  const std::vector<pareto::Losses> losses{{1, 4}, {4, 1}, {5, 5}, {0, 0}, {2, 2}};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const auto number = static_cast<TrialNumber>(i + 1);
    trials.Start(Running(number));
    const bool violates = number == 4;
    REQUIRE(trials
                .End(number, violates ? State::kViolated : State::kCompleted, losses[i],
                     {violates ? 1.0 : -1.0})
                .has_value());
  }
  const auto splits = trials.Splits({}, 0.99);  // three
  REQUIRE(splits.size() == 2);
  CHECK(NumbersOf(splits[0].good) == Numbers{1, 2, 5});
  CHECK(NumbersOf(splits[0].bad) == Numbers{3, 4});
  CHECK(NumbersOf(splits[1].bad) == Numbers{4});
}

}  // namespace
}  // namespace hone::tpe
