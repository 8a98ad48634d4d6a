// SPDX-License-Identifier: Apache-2.0
// Trials of a warm start stand beside the first ones of a search, not for them.
#include <cmath>
#include <string>

#include "algorithms/check.h"
#include "base/text.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"

namespace hone {
namespace {

constexpr std::size_t kWarm = 5;

/// What is proposed after so many trials, the first of which a warm start brought.
std::vector<Proposal> Next(const char* algorithm, std::size_t trials, double sign) {
  ExperimentSpec spec;
  spec.name = "warm";
  spec.space = {{spaces::Real("x", 0, 1), spaces::Real("y", 0, 1)}};
  spec.algorithm.name = algorithm;
  Problems problems;
  const auto choice = CheckAlgorithm(spec, problems);
  REQUIRE(choice);
  SearchContext context = ContextOf(spec, choice->settings, 1);
  context.warm_trials = kWarm;
  const auto searcher = choice->info->create(context);
  REQUIRE(searcher);
  std::vector<HistoryItem> history;
  for (TrialNumber n = 1; n <= trials; ++n) {
    const double x = std::fmod(0.37 * n, 1.0);
    const double y = std::fmod(0.61 * n, 1.0);
    history.push_back(
        {2 * n, history::Proposed{n, {{FormatDouble(x), true}, {FormatDouble(y), true}}, "", {}}});
    history.push_back({2 * n + 1, history::Completed{n, {sign * (x + y)}, {}}});
  }
  REQUIRE((*searcher)->Observe(history));
  const auto next = static_cast<TrialNumber>(trials + 1);
  return (*searcher)->Propose({{next}, std::nullopt}).value();
}

void CheckFirstOnes(const char* algorithm, std::size_t first) {
  INFO(algorithm);
  // As long as results do not matter, it begins on its own.
  CHECK(Next(algorithm, kWarm + first - 1, 1) == Next(algorithm, kWarm + first - 1, -1));
  CHECK(Next(algorithm, kWarm + first, 1) != Next(algorithm, kWarm + first, -1));
}

TEST_CASE("a warm start takes none of a search's own first trials", "[algorithms]") {
  CheckFirstOnes("bayesianoptimization", 5);
  CheckFirstOnes("auto", 5);  // which is that one here
  CheckFirstOnes("tpe", 10);
  CheckFirstOnes("multivariate-tpe", 10);
  const Proposal middle = Next("bayesianoptimization", kWarm, 1)[0];
  CHECK(std::get<proposal::Start>(middle).values[0].text == "0.5");
}

}  // namespace
}  // namespace hone
