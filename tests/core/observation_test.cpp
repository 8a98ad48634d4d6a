// SPDX-License-Identifier: Apache-2.0
#include "core/observation.h"

#include "tests/catch.h"

namespace hone {
namespace {

Objective MakeObjective(Strategy strategy) {
  Objective objective;
  objective.direction = strategy == Strategy::kMin ? Direction::kMinimize : Direction::kMaximize;
  objective.metric = "m";
  objective.strategies = {{"m", strategy}};
  return objective;
}

ObjectiveValue Fold(Strategy strategy, const std::vector<MetricRecord>& records) {
  const Objective objective = MakeObjective(strategy);
  ObservationFold fold(objective);
  for (const MetricRecord& record : records) {
    fold.Add(record);
  }
  return ObjectiveOf(objective, fold.summary());
}

MetricRecord Line(std::string text) {
  return {"m", std::move(text), {}, {}};
}
MetricRecord Timed(std::string text, int second) {
  return {"m", std::move(text), Timestamp(std::chrono::seconds(second)), {}};
}

TEST_CASE("observation: strategies, and what counts as available", "[core]") {
  struct Case {
    std::string name;
    Strategy strategy;
    std::vector<MetricRecord> records;
    Availability availability;
    std::string text;
  };
  const std::vector<Case> cases = {
      {"none", Strategy::kMax, {}, Availability::kMissing, ""},
      {"max",
       Strategy::kMax,
       {Line("0.1"), Line("0.30"), Line("0.2")},
       Availability::kAvailable,
       "0.30"},
      {"min",
       Strategy::kMin,
       {Line("0.2"), Line("1e-1"), Line("0.2")},
       Availability::kAvailable,
       "1e-1"},
      {"latest", Strategy::kLatest, {Line("3"), Line("1")}, Availability::kAvailable, "1"},
      {"latest by time",
       Strategy::kLatest,
       {Timed("3", 9), Timed("1", 5)},
       Availability::kAvailable,
       "3"},
      {"ties: the later in the log",
       Strategy::kLatest,
       {Timed("3", 9), Timed("1", 9)},
       Availability::kAvailable,
       "1"},
      {"no time sorts first",
       Strategy::kLatest,
       {Timed("3", 9), Line("1")},
       Availability::kAvailable,
       "3"},
      {"a NaN is passed over by max",
       Strategy::kMax,
       {Line("0.5"), Line("nan")},
       Availability::kAvailable,
       "0.5"},
      {"only NaN", Strategy::kMax, {Line("nan")}, Availability::kNotANumber, ""},
      {"only infinity", Strategy::kMin, {Line("-inf")}, Availability::kNotANumber, ""},
      {"empty", Strategy::kMax, {Line("")}, Availability::kNotANumber, ""},
      {"latest is NaN",
       Strategy::kLatest,
       {Line("0.5"), Line("nan")},
       Availability::kNotANumber,
       ""},
      {"text", Strategy::kMax, {Line("Genotype(...)")}, Availability::kAvailable, "Genotype(...)"},
      {"another metric", Strategy::kMax, {{"other", "1", {}, {}}}, Availability::kMissing, ""},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const ObjectiveValue value = Fold(c.strategy, c.records);
      CHECK(value.availability == c.availability);
      CHECK(value.text == c.text);
      CHECK(value.number.has_value() ==
            (c.availability == Availability::kAvailable && c.name != "text"));
    }
  }
}

/// Maximise m with goal 0.9, minimise n with goal 5; n counts by its smallest value.
Objective TwoObjectives() {
  Objective objective = MakeObjective(Strategy::kMax);
  objective.goal = 0.9;
  objective.further = {{"n", Direction::kMinimize, 5}};
  objective.strategies = {{"m", Strategy::kMax}, {"n", Strategy::kMin}};
  return objective;
}

TEST_CASE("observation: several objectives, to be minimised", "[core]") {
  const auto seen = [](const std::string& m, const std::string& n) {
    return Observation{{"m", m, m, m, true}, {"n", n, n, n, !n.empty()}};
  };
  const Objective objective = TwoObjectives();
  CHECK(LossesOf(objective, seen("0.5", "7")) == std::vector<double>{-0.5, 7});
  CHECK(LossesOf(objective, seen("0.5", "")) == std::nullopt);
  CHECK(LossesOf(objective, seen("nan", "7")) == std::nullopt);
  CHECK(LossesOf(objective, {}) == std::nullopt);
  const auto values = ObjectivesOf(objective, seen("0.5", ""));
  REQUIRE(values.size() == 2);
  CHECK(values[0].text == "0.5");
  CHECK(values[1].availability == Availability::kMissing);
  CHECK(objective.MetricNames() == std::vector<std::string>{"m", "n"});
}

TEST_CASE("observation: goals are reached together, and only if one is stated", "[core]") {
  struct Case {
    const char* m;
    const char* n;
    bool both;
    bool first_only;
  };
  for (const Case& c : {Case{"0.9", "5", true, true}, Case{"0.95", "5.1", false, true},
                        Case{"0.8", "1", false, false}, Case{"nan", "1", false, false}}) {
    INFO(c.m << " " << c.n);
    const Observation seen = {{"m", c.m, c.m, c.m, true}, {"n", c.n, c.n, c.n, true}};
    Objective objective = TwoObjectives();
    CHECK(ReachesGoals(objective, seen) == c.both);
    objective.further[0].goal.reset();
    CHECK(ReachesGoals(objective, seen) == c.first_only);
    objective.goal.reset();
    CHECK_FALSE(ReachesGoals(objective, seen));
  }
}

}  // namespace
}  // namespace hone
