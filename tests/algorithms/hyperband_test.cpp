// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <set>

#include "base/rng.h"
#include "base/text.h"
#include "tests/algorithms/pausing_race.h"
#include "tests/algorithms/race.h"
#include "tests/contracts/searcher_contract.h"

namespace hone {
namespace {

using spaces::Real;
using spaces::Whole;
using spaces::Words;

const Setting kInEnvironment{"resource_name", "HONE_BUDGET"};
const std::vector<Setting> kOf81{{"r_l", "81"}, {"eta", "3"}, kInEnvironment};

double X(const Race::Runner& runner) {
  return ParseDouble(runner.start.values.front().text).value();
}

/// Asks until `parallel` run and ends the oldest, until all trials are over.
template <class Finish>
void RunToEnd(Race& race, std::size_t parallel, Finish finish) {
  while (race.left() > 0) {
    race.Ask(parallel - race.running().size());
    REQUIRE_FALSE(race.running().empty());  // it never waits for nothing
    finish();
  }
}

TEST_CASE("hyperband: brackets and rungs for R = 81, eta = 3 are those of the paper's table",
          "[algorithms]") {
  // JMLR 18(185), table 1: n_i and r_i of each bracket.
  const std::vector<std::vector<std::pair<std::size_t, double>>> table = {
      {{81, 1}, {27, 3}, {9, 9}, {3, 27}, {1, 81}},
      {{34, 3}, {11, 9}, {3, 27}, {1, 81}},
      {{15, 9}, {5, 27}, {1, 81}},
      {{8, 27}, {2, 81}},
      {{5, 81}}};
  const std::size_t parallel = GENERATE(1, 4, 50, 300);
  INFO(parallel << " at once");
  Race race("hyperband", kOf81, 206);
  RunToEnd(race, parallel, [&] { race.Complete(0, X(race.running().front())); });
  std::map<std::pair<std::size_t, std::size_t>, std::pair<std::size_t, double>> counts;
  for (const Race::Runner& runner : race.all()) {
    auto& [count, budget] = counts[{runner.place.start, runner.place.rung}];
    CHECK((count == 0 || budget == runner.start.budget));
    budget = runner.start.budget.value();
    ++count;
  }
  std::size_t rungs = 0;
  for (std::size_t start = 0; start < table.size(); ++start) {
    for (std::size_t rung = 0; rung < table[start].size(); ++rung) {
      INFO("s = " << 4 - start << ", rung " << rung);
      CHECK(counts[{start, rung}] == table[start][rung]);
      ++rungs;
    }
  }
  CHECK(counts.size() == rungs);
}

TEST_CASE("hyperband: with promote_by resume the table is the same, and only first rungs count",
          "[algorithms]") {
  const int parallel = GENERATE(1, 7, 200);
  INFO(parallel << " at once");
  std::vector<Setting> settings = kOf81;
  settings.push_back({"promote_by", "resume"});
  PausingRace race("hyperband", settings, 81 + 34 + 15 + 8 + 5);
  double loss = 0;
  while (true) {
    race.Ask(static_cast<std::size_t>(parallel) - race.running().size());
    if (race.running().empty()) {
      break;
    }
    race.Complete(0, ++loss);
  }
  CHECK(race.starts().size() == 81 + 34 + 15 + 8 + 5);
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> counts;
  for (const PausingRace::Leg& leg : race.all()) {
    ++counts[{leg.place.start, leg.place.rung}];
    CHECK(leg.budget == std::pow(3, static_cast<double>(leg.place.Level())));
    CHECK((leg.place.rung == 0 || leg.place.parent == leg.trial));
    CHECK(leg.pauses == (leg.place.Level() < 4));
  }
  const std::vector<std::vector<std::size_t>> table = {
      {81, 27, 9, 3, 1}, {34, 11, 3, 1}, {15, 5, 1}, {8, 2}, {5}};
  for (std::size_t start = 0; start < table.size(); ++start) {
    for (std::size_t rung = 0; rung < table[start].size(); ++rung) {
      CHECK(counts[{start, rung}] == table[start][rung]);
    }
  }
}

TEST_CASE("hyperband: a trial that is killed at its pause does not hold up its rung",
          "[algorithms]") {
  const std::string algorithm = GENERATE("hyperband", "bohb");
  INFO(algorithm);
  PausingRace race(algorithm, {{"r_l", "9"}, {"promote_by", "resume"}, kInEnvironment}, 9);
  CHECK(race.Ask(9) == 0);
  for (int i = 0; i < 9; ++i) {
    race.Complete(0, i);
  }
  race.Kill(1);
  race.Kill(2);
  CHECK(race.Ask(4) == 1);
  REQUIRE(race.resumes().size() == 3);
  CHECK(race.resumes()[0].trial == 3);
  CHECK(race.resumes()[2].trial == 5);
  race.Fail(0);
  race.Complete(0, 1);
  race.Complete(0, 2);
  CHECK(race.Ask(2) == 1);
  CHECK(race.resumes().back().trial == 4);
  CHECK(race.resumes().back().budget == 9.0);
  CHECK_FALSE(race.resumes().back().pauses);
}

TEST_CASE("hyperband: the best of a rung go on, with their values and the next budget",
          "[algorithms]") {
  Race race("hyperband", {{"r_l", "9"}, kInEnvironment}, 13);
  CHECK(race.Ask(9) == 0);
  std::vector<double> xs;
  std::map<TrialNumber, Assignment> values;
  while (!race.running().empty()) {
    values[race.running().front().number] = race.running().front().start.values;
    xs.push_back(X(race.running().front()));
    race.Complete(0, xs.back());
  }
  std::ranges::sort(xs);
  CHECK(race.Ask(4) == 1);  // three go on; the last one waits for them
  REQUIRE(race.running().size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const Race::Runner& runner = race.running()[i];
    CHECK(X(runner) == xs[i]);
    CHECK(runner.start.budget == 3);
    CHECK(runner.start.values == values.at(runner.place.parent.value()));
    CHECK(runner.start.note.find("promoted from trial number " +
                                 std::to_string(*runner.place.parent)) != std::string::npos);
  }
}

TEST_CASE("hyperband: failed and lost trials do not block a bracket, and the count is exact",
          "[algorithms]") {
  const std::string algorithm = GENERATE("hyperband", "bohb", "asha");
  const std::uint32_t life = GENERATE(range(0U, 12U));
  INFO(algorithm << ", life " << life);
  Rng rng(99, Scope::Experiment(), Purpose::kSimulation, life);
  const std::size_t trials = 1 + rng.Below(90);
  const std::size_t parallel = 1 + rng.Below(12);
  Race race(algorithm, {{"r_l", "27"}, kInEnvironment}, trials);
  RunToEnd(race, parallel, [&] {
    const auto index = rng.Below(static_cast<std::uint32_t>(race.running().size()));
    const std::uint32_t end = rng.Below(4);
    if (end == 0) {
      race.Fail(index);
    } else if (end == 1) {
      race.Lose(index);
    } else {
      race.Complete(index, rng.Normal());
    }
  });
  CHECK(race.all().size() == trials);
}

TEST_CASE("hyperband: no slot waits while there is room for the next bracket", "[algorithms]") {
  Race race("hyperband", {{"r_l", "9"}, kInEnvironment}, 1000);
  CHECK(race.Ask(9) == 0);
  CHECK(race.Ask(7) == 0);  // nobody has ended: five of the next bracket, two of the one after
  std::map<std::uint32_t, int> brackets;
  for (const Race::Runner& runner : race.all()) {
    ++brackets[runner.place.bracket];
  }
  CHECK(brackets == std::map<std::uint32_t, int>{{1, 9}, {2, 5}, {3, 2}});
}

TEST_CASE("hyperband: a bracket that maxTrialCount has no room for gives way to a smaller one",
          "[algorithms]") {
  Race race("hyperband", {{"r_l", "9"}, kInEnvironment}, 9);  // the largest bracket has 13 trials
  RunToEnd(race, 3, [&] { race.Complete(0, X(race.running().front())); });
  CHECK(std::ranges::count(race.all(), 9.0, [](const auto& r) { return *r.start.budget; }) >= 3);
}

TEST_CASE("hyperband: where nobody can wait, there is an answer for each question",
          "[algorithms]") {
  Race race("hyperband", {{"r_l", "9"}, kInEnvironment}, 13);
  race.Ask(9);
  for (int i = 0; i < 8; ++i) {
    race.Complete(0, X(race.running().front()));
  }
  ProposeRequest request{{race.next()}, 5};
  const auto wait = race.searcher().Propose(request);
  REQUIRE(wait.has_value());
  CHECK(std::holds_alternative<proposal::Wait>(wait->front()));
  request.may_wait = false;
  const auto start = race.searcher().Propose(request);
  REQUIRE(start.has_value());
  CHECK(std::holds_alternative<proposal::Start>(start->front()));
}

TEST_CASE("hyperband: a parameter carries the budget, and trials are told apart without tags",
          "[algorithms]") {
  const Space space{{Real("x", 0, 1), Whole("epochs", 1, 9), Words("kind", {"a", "b"})}};
  const std::vector<Setting> settings{{"r_l", "9"}, {"resource_name", "epochs"}};
  Race race("hyperband", settings, 22, space);
  Race untagged("hyperband", settings, 22, space);
  RunToEnd(race, 1, [&] {
    const Race::Runner runner = race.running().front();
    CHECK(runner.start.values[1].text == FormatDouble(*runner.start.budget));
    race.Complete(0, X(runner));
    const HistoryItem told[] = {
        {1, history::Proposed{runner.number, runner.start.values, "", std::nullopt}},
        {2, history::Completed{runner.number, {X(runner)}, std::chrono::seconds(1)}}};
    REQUIRE(untagged.searcher().Observe(told).has_value());
    if (race.left() > 0) {
      const ProposeRequest next{{race.next()}, static_cast<std::uint32_t>(race.left())};
      CHECK(race.searcher().Propose(next) == untagged.searcher().Propose(next));
    }
  });
}

TEST_CASE("bohb: chance until there are enough results, then a model of the largest budget",
          "[algorithms]") {
  Race random("hyperband", {{"r_l", "9"}, kInEnvironment}, 1000);
  Race race("bohb", {{"r_l", "9"}, kInEnvironment, {"random_fraction", "0"}}, 1000);
  random.Ask(4);
  race.Ask(4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(race.running()[i].start == random.running()[i].start);
  }
  // Little training misleads: the optimum of budgets below 9 is at 0.9, of the full one at 0.2.
  const auto loss = [](const Race::Runner& runner) {
    return std::abs(X(runner) - (runner.start.budget == 9 ? 0.2 : 0.9));
  };
  while (race.left() > 700) {
    race.Ask(4 - race.running().size());
    race.Complete(0, loss(race.running().front()));
  }
  int near = 0;
  int fresh = 0;
  for (const Race::Runner& runner : race.all()) {
    if (runner.number > 200 && !runner.place.parent) {
      ++fresh;
      near += std::abs(X(runner) - 0.2) < 0.15 ? 1 : 0;
    }
  }
  CHECK(fresh > 30);
  CHECK(near > fresh * 6 / 10);  // by chance: 3 of 10
}

TEST_CASE("hyperband: what is wrong between budgets and parameters is refused", "[algorithms]") {
  struct Case {
    std::string name;
    std::string algorithm;
    std::vector<Setting> settings;
    Space space;
    std::string field;
    std::string says;
  };
  const Space space{{Real("x", 0, 1), Whole("epochs", 1, 9), Words("kind", {"a", "b"})}};
  const std::string settings = "spec.algorithm.algorithmSettings";
  Space dependent = space;
  dependent.parameters.push_back(spaces::When(Real("y", 0, 1), "epochs", {"3"}, "0"));
  const Case c = GENERATE_COPY(values<Case>({
      {"no r_l", "hyperband", {kInEnvironment}, space, settings, "r_l"},
      {"no carrier", "hyperband", {{"r_l", "9"}}, space, settings, "resource_name"},
      {"below 1",
       "hyperband",
       {{"r_l", "0.5"}, kInEnvironment},
       space,
       settings + "[0].value",
       "1 <= real"},
      {"eta 1",
       "bohb",
       {{"r_l", "9"}, {"eta", "1"}, kInEnvironment},
       space,
       settings + "[1].value",
       "1.5"},
      {"unknown", "asha", {{"r_l", "9"}, {"resource_name", "epoch"}}, space, settings, "epochs"},
      {"words",
       "asha",
       {{"r_l", "9"}, {"resource_name", "kind"}},
       space,
       "spec.parameters[2].parameterType",
       "number"},
      {"bounds",
       "hyperband",
       {{"r_l", "27"}, {"resource_name", "epochs"}},
       space,
       "spec.parameters[1].feasibleSpace",
       "27"},
      {"dependent",
       "hyperband",
       {{"r_l", "9"}, {"resource_name", "epochs"}},
       dependent,
       "spec.parameters[3].activeWhen",
       "epochs"},
      {"constrained",
       "bohb",
       {{"r_l", "9"}, {"resource_name", "epochs"}},
       spaces::Constrained(space, {"x < 0.5 || epochs > 2"}),
       "spec.constraints[0]",
       "epochs"},
      {"smallest above largest",
       "asha",
       {{"r_l", "9"}, {"min_resource", "10"}, kInEnvironment},
       space,
       settings,
       "min_resource"},
  }));
  INFO(c.name);
  ExperimentSpec spec;
  spec.space = c.space;
  spec.algorithm = {c.algorithm, c.settings};
  Problems problems;
  CheckAlgorithm(spec, problems);
  REQUIRE_FALSE(problems.list().empty());
  INFO(problems.list().front().field << ": " << problems.list().front().message);
  CHECK(problems.list().front().field == c.field);
  CHECK(problems.list().front().message.find(c.says) != std::string::npos);
  CHECK(problems.HasErrors());
}

TEST_CASE("hyperband: too few trials for the largest bracket is a warning", "[algorithms]") {
  ExperimentSpec spec;
  spec.space = Space{{Real("x", 0, 1)}};
  spec.algorithm = {"hyperband", kOf81};
  spec.max_trial_count = 120;
  Problems problems;
  CheckAlgorithm(spec, problems);
  REQUIRE(problems.list().size() == 1);
  CHECK_FALSE(problems.HasErrors());
  CHECK(problems.list().front().message.find("121") != std::string::npos);
  CHECK(problems.list().front().message.find("206") != std::string::npos);
}

}  // namespace
}  // namespace hone
