// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "algorithms/check.h"
#include "algorithms/encoder.h"
#include "base/rng.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"
#include "tests/contracts/searcher_contract.h"

namespace hone {
namespace {

const SearcherInfo& GridInfo() {
  return *SearcherRegistry::Instance().Find("grid");
}

ExperimentSpec SpecOf(Space space, std::vector<Setting> settings = {}) {
  ExperimentSpec spec;
  spec.space = std::move(space);
  spec.algorithm = {"grid", std::move(settings)};
  return spec;
}

std::string Text(const Proposal& answer) {
  std::string text;
  if (const auto* start = std::get_if<proposal::Start>(&answer)) {
    for (const Value& value : start->values) {
      text += value.text + " ";
    }
  }
  return text;  // empty: no start
}

/// Asks until it is over. @returns the combinations in order
std::vector<std::string> AllOf(SearcherLab& lab, std::uint32_t at_once) {
  std::vector<std::string> all;
  while (all.size() < 1000) {
    for (const Proposal& answer : lab.Ask(at_once)) {
      if (Text(answer).empty()) {
        REQUIRE(std::holds_alternative<proposal::Exhausted>(answer));
        return all;
      }
      all.push_back(Text(answer));
    }
  }
  return all;
}

TEST_CASE("grid: the order is the file's, last parameter fastest", "[algorithms]") {
  const Space space{{spaces::Words("w", {"b", "a"}), spaces::Discrete("d", {"2", "1.0"}),
                     spaces::Stepped("r", 0.1, 0.35, 0.1)}};
  SearcherLab lab(GridInfo(), SpecOf(space), 1);
  CHECK(AllOf(lab, 5) == std::vector<std::string>{"b 1.0 0.1 ", "b 1.0 0.2 ", "b 1.0 0.3 ",
                                                  "b 2 0.1 ", "b 2 0.2 ", "b 2 0.3 ", "a 1.0 0.1 ",
                                                  "a 1.0 0.2 ", "a 1.0 0.3 ", "a 2 0.1 ",
                                                  "a 2 0.2 ", "a 2 0.3 "});
}

TEST_CASE("grid: every combination exactly once, then it is exhausted", "[algorithms]") {
  const Space space = spaces::MixedGrid();
  const std::size_t combinations = std::size_t{7} * 4 * 3 * 9;
  for (const char* state : {"", "0", "17"}) {
    for (const std::uint32_t at_once : {1U, 4U, 1000U}) {
      DYNAMIC_SECTION("random_state '" << state << "', " << at_once << " at once") {
        std::vector<Setting> settings;
        if (*state != '\0') {
          settings.push_back({"random_state", state});
        }
        SearcherLab lab(GridInfo(), SpecOf(space, settings), 1);
        const auto all = AllOf(lab, at_once);
        CHECK(all.size() == combinations);
        CHECK(std::set(all.begin(), all.end()).size() == combinations);
        CHECK(std::holds_alternative<proposal::Exhausted>(lab.Peek(1)[0]));
      }
    }
  }
}

TEST_CASE("grid: random_state shuffles, the experiment's seed does not", "[algorithms]") {
  const auto order = [](std::vector<Setting> settings, std::uint64_t seed) {
    SearcherLab lab(GridInfo(), SpecOf(spaces::MixedGrid(), std::move(settings)), seed);
    return AllOf(lab, 1);
  };
  CHECK(order({}, 1) == order({}, 2));
  CHECK(order({{"random_state", "1"}}, 1) == order({{"random_state", "1"}}, 2));
  CHECK(order({{"random_state", "1"}}, 1) != order({{"random_state", "2"}}, 1));
  CHECK(order({{"random_state", "1"}}, 1) != order({}, 1));
}

TEST_CASE("grid: withdrawn reservations lose no combination", "[algorithms]") {
  for (const char* state : {"", "3"}) {
    DYNAMIC_SECTION("random_state '" << state << "'") {
      std::vector<Setting> settings;
      if (*state != '\0') {
        settings.push_back({"random_state", state});
      }
      SearcherLab lab(GridInfo(), SpecOf(spaces::MixedGrid(), settings), 1);
      std::set<std::string> seen;
      Rng rng(5, Scope::Experiment(), Purpose::kSimulation);
      for (int round = 0; round < 756 && seen.size() < 756; ++round) {  // at least one a round
        lab.AskInVain(1 + rng.Below(5));
        for (const Proposal& answer : lab.Ask(1 + rng.Below(3))) {
          if (!Text(answer).empty()) {
            REQUIRE(seen.insert(Text(answer)).second);
          }
        }
      }
      CHECK(seen.size() == 756);
      CHECK(std::holds_alternative<proposal::Exhausted>(lab.Peek(1)[0]));
    }
  }
}

/// The rows of the file's order, last parameter fastest, found the slow way: every cell of every
/// parameter, and an inactive one replaced; what is the same then is one combination.
std::vector<std::string> Listed(const Space& space) {
  const auto encoder = SpaceEncoder::Create(space);
  INFO((encoder ? "" : encoder.error().message));
  REQUIRE(encoder.has_value());
  std::vector<std::uint64_t> cells(encoder->dimensions(), 0);
  std::vector<std::string> rows;
  std::set<std::string> seen;
  for (bool more = true; more;) {
    std::vector<double> u;
    for (std::size_t d = 0; d < cells.size(); ++d) {
      u.push_back(encoder->MiddleOf(d, cells[d]));
    }
    const Assignment values = encoder->Decode(u);
    proposal::Start start;
    start.values = values;
    const std::string row = Text(start);
    if (seen.insert(row).second && space.Feasible(values)) {
      rows.push_back(row);
    }
    more = false;
    for (std::size_t d = cells.size(); d > 0 && !more; --d) {
      more = ++cells[d - 1] < *encoder->Cells(d - 1);
      cells[d - 1] = more ? cells[d - 1] : 0;
    }
  }
  return rows;
}

TEST_CASE("grid: inactive parameters are not varied", "[algorithms]") {
  using namespace spaces;  // NOLINT(google-build-using-namespace): six short names a row
  struct Case {
    const char* name;
    Space space;
    std::size_t count;
  };
  const Case cases[] = {
      {"one child",
       Space{{Words("o", {"adam", "sgd"}), When(Whole("m", 1, 5), "o", {"sgd"}, "none")}}, 6},
      {"child apart from its parent",
       Space{{Words("o", {"adam", "sgd"}), Whole("x", 1, 3),
              When(Whole("m", 1, 5), "o", {"sgd"}, "none"), Whole("y", 1, 2)}},
       36},
      {"three generations",
       Space{{Words("a", {"x", "y", "z"}), When(Words("b", {"p", "q"}), "a", {"y", "z"}, "no"),
              Whole("n", 1, 2), When(Whole("c", 1, 4), "b", {"q"}, "no"),
              When(Whole("d", 1, 3), "c", {"2", "4"}, "no")}},
       std::size_t{2} * (1 + std::size_t{2} * (1 + 8))},
      {"integer parent with a step, children that share values",
       Space{{Whole("layers", 1, 9, 2), When(Whole("u", 1, 3), "layers", {"3", "5", "5"}, "no"),
              When(Whole("v", 1, 2), "layers", {"5", "9"}, "no")}},
       1 + 3 + 6 + 1 + 2},
      {"double parent with a step",
       Space{{Stepped("r", 0.1, 0.5, 0.1), When(Words("w", {"a", "b"}), "r", {"0.3"}, "no")}}, 6},
      {"discrete parent, not in order of value",
       Space{
           {Discrete("d", {"32", "8", "16.0"}), When(Whole("x", 1, 3), "d", {"16.0", "8"}, "no")}},
       7},
      {"always active", Space{{Words("w", {"a"}), When(Whole("x", 1, 3), "w", {"a"}, "no")}}, 3},
      {"a constraint over a child",
       Constrained(Space{{Words("o", {"adam", "sgd"}), When(Whole("m", 1, 5), "o", {"sgd"}, "9"),
                          Whole("x", 1, 3)}},
                   {"m < x"}),
       6},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const std::vector<std::string> listed = Listed(c.space);
    for (const char* state : {"", "5"}) {
      DYNAMIC_SECTION(c.name << ", random_state '" << state << "'") {
        std::vector<Setting> settings;
        if (*state != '\0') {
          settings.push_back({"random_state", state});
        }
        SearcherLab lab(GridInfo(), SpecOf(c.space, settings), 1);
        std::vector<std::string> all = AllOf(lab, 4);
        CHECK(all.size() == c.count);
        CHECK(std::set(all.begin(), all.end()) == std::set(listed.begin(), listed.end()));
        if (settings.empty()) {
          CHECK(all == listed);
        }
      }
    }
  }
}

TEST_CASE("grid: the size of a conditional space is known without listing it", "[algorithms]") {
  const std::int64_t many = std::int64_t{1} << 40;
  const Parameter parent = spaces::Whole("p", 1, many);
  const auto child = [](const char* name, std::int64_t count, std::vector<std::string> in) {
    return spaces::When(spaces::Whole(name, 1, count), "p", std::move(in), "0");
  };
  SECTION("2^40 cells, of which two have children, plus 2 * (2^40 - 1)") {
    SearcherLab lab(GridInfo(), SpecOf(Space{{parent, child("c", many, {"1", "3"})}}), 1);
    const auto answers = lab.Ask(2);
    CHECK(Text(answers[0]) == "1 1 ");
    CHECK(Text(answers[1]) == "1 2 ");
  }
  SECTION("too many in sum is refused, as many in vain are not") {
    Problems problems;
    CheckAlgorithm(SpecOf(Space{{parent, child("c", many, {"1"}), child("d", many, {"2"})}}),
                   problems);
    CHECK_FALSE(problems.HasErrors());
    CheckAlgorithm(SpecOf(Space{{parent, child("c", many, {"1"}), child("d", many, {"1"})}}),
                   problems);
    REQUIRE(problems.HasErrors());
    CHECK_THAT(problems.list().front().message, Catch::Matchers::Contains("2^62"));
  }
}

TEST_CASE("grid: a trial whose parameter is wrongly inactive is an error of ours", "[algorithms]") {
  const ExperimentSpec spec =
      SpecOf(Space{{spaces::Words("o", {"adam", "sgd"}),
                    spaces::When(spaces::Whole("m", 1, 5), "o", {"sgd"}, "0")}});
  const Settings none;
  const auto searcher = GridInfo().create(ContextOf(spec, none, 1));
  REQUIRE(searcher.has_value());
  const std::vector<HistoryItem> wrong = {
      {1, history::Proposed{1, {{"sgd"}, {"0", false}}, "", {}}}};
  const Status status = (*searcher)->Observe(wrong);
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == Code::kInternal);
}

TEST_CASE("grid: combinations that others proposed are not repeated", "[algorithms]") {
  const ExperimentSpec spec = SpecOf(Space{{spaces::Whole("x", 1, 4)}});
  const Settings none;
  const auto searcher = GridInfo().create(ContextOf(spec, none, 1));
  REQUIRE(searcher.has_value());
  const std::vector<HistoryItem> foreign = {{1, history::Proposed{1, {{"3"}}, "", {}}},
                                            {2, history::Proposed{2, {{"1"}}, "", {}}}};
  REQUIRE((*searcher)->Observe(foreign).has_value());
  const auto answers = (*searcher)->Propose({{3, 4, 5}, {}});
  REQUIRE(answers.has_value());
  CHECK(Text((*answers)[0]) == "2 ");
  CHECK(Text((*answers)[1]) == "4 ");
  CHECK(Text((*answers)[2]).empty());
}

TEST_CASE("grid: a history of another space is an error of ours", "[algorithms]") {
  const ExperimentSpec spec = SpecOf(Space{{spaces::Whole("x", 1, 4)}});
  const Settings none;
  const auto searcher = GridInfo().create(ContextOf(spec, none, 1));
  const std::vector<HistoryItem> bad = {{1, history::Proposed{1, {{"9"}}, "", {}}}};
  const Status status = (*searcher)->Observe(bad);
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == Code::kInternal);
}

TEST_CASE("grid: a huge grid costs nothing", "[algorithms]") {
  Space space;
  for (int i = 0; i < 6; ++i) {
    space.parameters.push_back(spaces::Whole("x" + std::to_string(i), 0, 999));
  }
  SearcherLab lab(GridInfo(), SpecOf(space, {{"random_state", "1"}}), 1);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    CHECK(seen.insert(Text(lab.Ask(1)[0])).second);
  }
}

TEST_CASE("grid: what it needs of an experiment", "[algorithms]") {
  const auto wide = spaces::Whole("w", 0, std::int64_t{1} << 50);
  struct Case {
    const char* name;
    Space space;
    std::optional<int> max_trials;
    Problem::Severity severity;
    const char* field;  // empty: fine
    const char* message;
  };
  const auto error = Problem::Severity::kError;
  const auto warning = Problem::Severity::kWarning;
  const Case cases[] = {
      {"countable", spaces::MixedGrid(), 756, error, "", ""},
      {"more trials than combinations", spaces::MixedGrid(), 757, warning, "spec.maxTrialCount",
       "only 756"},
      {"double without step", Space{{spaces::Words("w", {"a"}), spaces::Real("x", 0, 1)}}, 5, error,
       "spec.parameters[1].feasibleSpace.step", "needs a step"},
      {"too many combinations", Space{{wide, spaces::Whole("v", 0, 99999)}}, 5, error,
       "spec.parameters", "2^62"},
      {"a distribution", Space{{spaces::Whole("x", 1, 9, 1, Distribution::kLogUniform)}}, 5, error,
       "spec.parameters[0].feasibleSpace.distribution", "only uniform"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      ExperimentSpec spec = SpecOf(c.space);
      spec.max_trial_count = c.max_trials;
      Problems problems;
      CheckAlgorithm(spec, problems);
      REQUIRE(problems.list().size() == (*c.field == '\0' ? 0U : 1U));
      for (const Problem& problem : problems.list()) {
        CHECK(problem.severity == c.severity);
        CHECK(problem.field == c.field);
        CHECK_THAT(problem.message, Catch::Matchers::Contains(c.message));
      }
    }
  }
}

TEST_CASE("grid: constraints filter it, and the budget is held against what is left",
          "[algorithms]") {
  const Space square{{spaces::Whole("x", 1, 4), spaces::Whole("y", 1, 4)}};
  SECTION("every feasible combination exactly once") {
    SearcherLab lab(GridInfo(), SpecOf(spaces::Constrained(square, {"x < y"})), 1);
    std::set<std::string> seen;
    for (int i = 0; i < 6; ++i) {
      const auto answers = lab.Ask(1);
      const auto* start = std::get_if<proposal::Start>(&answers.front());
      REQUIRE(start != nullptr);
      seen.insert(start->values[0].text + start->values[1].text);
    }
    CHECK(seen == std::set<std::string>{"12", "13", "14", "23", "24", "34"});
    CHECK(std::holds_alternative<proposal::Exhausted>(lab.Ask(1).front()));
  }
  SECTION("counted in the check") {
    ExperimentSpec spec = SpecOf(spaces::Constrained(square, {"x < y"}));
    spec.max_trial_count = 7;
    Problems problems;
    CheckAlgorithm(spec, problems);
    REQUIRE(problems.list().size() == 1);
    CHECK_THAT(problems.list()[0].message, Catch::Matchers::Contains("only 6 feasible"));
  }
  SECTION("nothing left is refused") {
    Problems problems;
    CheckAlgorithm(SpecOf(spaces::Constrained(square, {"x > 4"})), problems);
    REQUIRE(problems.list().size() == 1);
    CHECK(problems.list()[0].field == "spec.constraints");
  }
}

}  // namespace
}  // namespace hone
