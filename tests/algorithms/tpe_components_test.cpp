// SPDX-License-Identifier: Apache-2.0
#include "algorithms/tpe_components.h"

#include <algorithm>
#include <vector>

#include "base/rng.h"
#include "tests/catch.h"

namespace hone::tpe {
namespace {

Known At(TrialNumber number, std::vector<double> u) {
  return {number, Known::State::kRunning, {}, {}, std::move(u), {true, true}, "", {}};
}

TEST_CASE("tpe components: older trials are merged with their neighbours", "[algorithms]") {
  std::vector<Known> known;
  for (TrialNumber number = 1; number <= 40; ++number) {
    known.push_back(At(number, {0.5, 0.5}));
  }
  std::vector<const Known*> trials;
  for (const Known& one : known) {
    trials.push_back(&one);
  }
  const Weighted all = Merged(trials, 40);
  const Weighted merged = Merged(trials, 10);
  REQUIRE(all.trials == trials);
  REQUIRE(merged.trials.size() == 10);
  // Five groups of seven of the older 35, and the newest five.
  CHECK(merged.trials.front()->number == 7);
  CHECK(merged.trials[4]->number == 35);
  CHECK(merged.trials[5]->number == 36);
  CHECK(merged.weights[0] == Approx(all.weights.head(7).sum()));
  CHECK(merged.weights.sum() == Approx(all.weights.sum()));
}

TEST_CASE("tpe components: trials in the order of a coordinate, without sorting", "[algorithms]") {
  Rng rng(3, Scope::Experiment(), Purpose::kSimulation, 0);
  std::vector<Known> known;
  for (TrialNumber number = 1; number <= 60; ++number) {
    known.push_back(At(number, {rng.Uniform(), 0.1 * rng.Below(8)}));  // and with equal values
  }
  Sorted sorted(2);
  for (std::size_t i = 0; i < 50; ++i) {  // the last ones have not started
    sorted.Add(known[i]);
  }
  sorted.Remove(known[20]);
  std::vector<const Known*> some;
  for (std::size_t i = 0; i < known.size(); i += i == 19 ? 2 : 1) {
    if (i % 3 != 0 || i >= 50) {
      some.push_back(&known[i]);
    }
  }
  for (const std::size_t d : {0U, 1U}) {
    const std::vector<sampling::Placed> placed = sorted.Of(d, some, RowsOf(some));
    REQUIRE(placed.size() == some.size());
    CHECK(std::ranges::is_sorted(placed, {}, &sampling::Placed::value));
    std::vector<bool> seen(some.size(), false);
    for (const sampling::Placed& one : placed) {
      const auto row = static_cast<std::size_t>(one.point);
      CHECK_FALSE(seen[row]);
      seen[row] = true;
      CHECK(one.value == some[row]->u[d]);
    }
  }
}

}  // namespace
}  // namespace hone::tpe
