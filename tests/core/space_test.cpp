// SPDX-License-Identifier: Apache-2.0
#include "core/space.h"

#include <cmath>
#include <limits>

#include "tests/catch.h"

namespace hone {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr std::int64_t kTwo53 = std::int64_t{1} << 53;

Domain Real(double min, double max, std::optional<double> step = {},
            Distribution distribution = Distribution::kUniform) {
  return RealDomain{min, max, step, distribution};
}

Domain Whole(std::int64_t min, std::int64_t max, std::int64_t step = 1,
             Distribution distribution = Distribution::kUniform) {
  return IntegerDomain{min, max, step, distribution};
}

Parameter Named(std::string name, Domain domain) {
  return {std::move(name), std::move(domain), std::nullopt, std::nullopt};
}

std::vector<Problem> ProblemsOf(std::vector<Parameter> parameters) {
  Problems problems;
  CheckSpace(Space{std::move(parameters)}, "spec.parameters", problems);
  return problems.list();
}

TEST_CASE("space: a name is found at its index", "[core]") {
  const Space space{{Named("lr", Real(0, 1)), Named("layers", Whole(1, 4))}};
  CHECK(space.Find("layers") == 1);
  CHECK(space.Find("lr") == 0);
  CHECK_FALSE(space.Find("LR"));
}

TEST_CASE("space: cardinality counts the values", "[core]") {
  struct Case {
    const char* name;
    Domain domain;
    std::optional<std::uint64_t> count;
  };
  const Case cases[] = {
      {"continuous", Real(0, 1), std::nullopt},
      {"one real", Real(2, 2), 1},
      {"stepped real", Real(0.1, 0.5, 0.1), 5},
      {"upper end off the grid", Real(0, 1, 0.3), 4},
      {"whole numbers", Whole(1, 5), 5},
      {"whole numbers with step", Whole(1, 6, 2), 3},
      {"one whole number", Whole(7, 7), 1},
      {"widest whole numbers", Whole(-kTwo53, kTwo53), (std::uint64_t{1} << 54) + 1},
      {"discrete", DiscreteDomain{{"1", "2"}, {1, 2}}, 2},
      {"categorical", CategoricalDomain{{"a", "b", "c"}}, 3},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      CHECK(Cardinality(c.domain) == c.count);
    }
  }
}

TEST_CASE("space: a step count tolerates the noise of binary fractions", "[core]") {
  CHECK(StepCount(0, 0.3, 0.1) == 4);  // 0.3 / 0.1 is 2.9999999999999996
  CHECK(StepCount(0.1, 0.7, 0.1) == 7);
  CHECK(StepCount(0, 1, 1e-3) == 1001);
  CHECK(StepCount(0, 0.299, 0.1) == 3);
  CHECK(StepCount(1, 1, 5) == 1);
  CHECK(StepCount(2, 1, 1) == 0);
}

TEST_CASE("space: texts of stepped reals have no binary noise", "[core]") {
  struct Case {
    double min, step;
    std::uint64_t k;
    const char* text;
  };
  const Case cases[] = {
      {0.1, 0.1, 2, "0.3"},     {0.1, 0.1, 0, "0.1"},         {0, 0.1, 7, "0.7"},
      {-0.3, 0.1, 3, "0"},      {1, 0.05, 3, "1.15"},         {0, 1e-5, 3, "3e-05"},
      {1e-5, 1e-5, 2, "3e-05"}, {100, 25, 3, "175"},          {0.25, 0.125, 1, "0.375"},
      {-1.5, 0.2, 4, "-0.7"},   {0, 0.001, 999, "0.999"},     {1e6, 0.1, 1, "1000000.1"},
      {0, 1e20, 3, "3e+20"},    {0.001, 0.0005, 1, "0.0015"},
  };
  for (const Case& c : cases) {
    CHECK(SteppedText(c.min, c.step, c.k) == c.text);
  }
}

TEST_CASE("space: more digits than a double keeps are left alone", "[core]") {
  const double min = 0.12345678901234568;
  CHECK(std::stod(SteppedText(min, 0.1, 1)) == min + 0.1);
}

TEST_CASE("space: values are checked with a reason", "[core]") {
  const Domain discrete = DiscreteDomain{{"0.10", "1"}, {0.1, 1}};
  const Domain words = CategoricalDomain{{"adam", "sgd"}};
  struct Case {
    const char* name;
    Domain domain;
    const char* text;
    const char* reason;  // empty: a value
  };
  const Case cases[] = {
      {"real inside", Real(0, 1), "0.25", ""},
      {"real at the lower bound", Real(0, 1), "0", ""},
      {"real at the upper bound", Real(0, 1), "1", ""},
      {"real above", Real(0, 1), "1.0000001", "above the maximum 1"},
      {"real below", Real(0, 1), "-1e-9", "below the minimum 0"},
      {"real NaN", Real(0, 1), "nan", "not a finite number"},
      {"real infinite", Real(0, 1), "inf", "not a finite number"},
      {"real empty", Real(0, 1), "", "not a finite number"},
      {"real word", Real(0, 1), "0.5x", "not a finite number"},
      {"on the grid", Real(0.1, 0.9, 0.1), "0.3", ""},
      {"on the grid with noise", Real(0.1, 0.9, 0.1), "0.30000000000000004", ""},
      {"off the grid", Real(0.1, 0.9, 0.1), "0.35", "not on the grid of step 0.1 from 0.1"},
      {"between the last step and max", Real(0, 1, 0.3), "1", "not on the grid"},
      {"whole", Whole(1, 5), "3", ""},
      {"whole as real", Whole(1, 5), "3.0", "not a whole number"},
      {"whole above", Whole(1, 5), "6", "above the maximum 5"},
      {"whole below", Whole(1, 5), "0", "below the minimum 1"},
      {"whole off the grid", Whole(1, 5, 2), "2", "not on the grid of step 2 from 1"},
      {"discrete verbatim", discrete, "0.10", ""},
      {"discrete, other text", discrete, "0.1", "not in the list"},
      {"choice", words, "sgd", ""},
      {"no choice", words, "SGD", "not in the list"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const Status status = CheckValue(c.domain, c.text);
      CHECK(status.has_value() == (*c.reason == '\0'));
      if (!status) {
        CHECK(status.error().code == Code::kInvalidArgument);
        CHECK_THAT(status.error().message, Catch::Matchers::Contains(c.reason));
      }
    }
  }
}

TEST_CASE("space: the number behind a text", "[core]") {
  CHECK(NumberOf(Real(0, 1), "0.25") == 0.25);
  CHECK(NumberOf(Whole(-9, 9), "-3") == -3);
  CHECK(NumberOf(Whole(-kTwo53, kTwo53), "9007199254740991") == 9007199254740991.0);
  CHECK(NumberOf(DiscreteDomain{{"1e-3", "2"}, {1e-3, 2}}, "1e-3") == 1e-3);
  CHECK(NumberOf(CategoricalDomain{{"a", "b"}}, "b") == 1);
  CHECK_FALSE(NumberOf(CategoricalDomain{{"a", "b"}}, "c"));
  CHECK_FALSE(NumberOf(Real(0, 1), "2"));
}

TEST_CASE("space: problems of a domain name the field and what to do", "[core]") {
  const auto log = Distribution::kLogUniform;
  struct Case {
    const char* name;
    Domain domain;
    const char* field;  // empty: no problem
    const char* message;
  };
  const Case cases[] = {
      {"real", Real(0, 1), "", ""},
      {"real with one value", Real(1, 1), "", ""},
      {"stepped real", Real(0, 1, 0.25), "", ""},
      {"step as long as the range", Real(0.1, 0.4, 0.3), "", ""},
      {"real min > max", Real(0.3, 0.1), "max", "must be >= min (0.1 < 0.3)"},
      {"real min NaN", Real(std::nan(""), 1), "min", "finite"},
      {"real max infinite", Real(0, kInf), "max", "finite"},
      {"range overflows", Real(-1.7e308, 1.7e308), "max", "too large"},
      {"step 0", Real(0, 1, 0.0), "step", "> 0"},
      {"step negative", Real(0, 1, -0.1), "step", "> 0 (it is -0.1)"},
      {"step NaN", Real(0, 1, std::nan("")), "step", "finite"},
      {"step larger than the range", Real(0, 1, 2.0), "step", "must be <= max - min (2 > 1)"},
      {"step far too small", Real(0, 1, 1e-300), "step", "2^53"},
      {"log from 0", Real(0, 1, {}, log), "min", "must be > 0 for logUniform (it is 0)"},
      {"log negative", Real(-1, 1, {}, Distribution::kLogNormal), "min", "> 0 for logNormal"},
      {"log of positive", Real(1e-9, 1, {}, log), "", ""},
      {"normal through 0", Real(-1, 1, {}, Distribution::kNormal), "", ""},
      {"whole", Whole(1, 5), "", ""},
      {"whole with one value", Whole(5, 5), "", ""},
      {"whole min > max", Whole(5, 1), "max", "must be >= min (1 < 5)"},
      {"whole step 0", Whole(1, 5, 0), "step", ">= 1"},
      {"whole step larger than the range", Whole(1, 5, 5), "step", "(5 > 4)"},
      {"whole log from 0", Whole(0, 5, 1, log), "min", "> 0"},
      {"whole beyond 2^53", Whole(0, kTwo53 + 2), "max", "2^53"},
      {"whole below -2^53", Whole(-kTwo53 - 2, 0), "min", "2^53"},
      {"whole at 2^53", Whole(-kTwo53, kTwo53), "", ""},
      {"discrete empty", DiscreteDomain{}, "list", "empty"},
      {"discrete twice", DiscreteDomain{{"0.1", "0.10"}, {0.1, 0.1}}, "list[1]", "already"},
      {"discrete NaN", DiscreteDomain{{"x"}, {std::nan("")}}, "list[0]", "categorical"},
      {"categorical empty", CategoricalDomain{}, "list", "empty"},
      {"categorical twice", CategoricalDomain{{"a", "b", "a"}}, "list[2]", "\"a\" is in the list"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const auto problems = ProblemsOf({Named("first", Real(0, 1)), Named("p", c.domain)});
      REQUIRE(problems.size() == (*c.field == '\0' ? 0U : 1U));
      if (!problems.empty()) {
        CHECK(problems[0].severity == Problem::Severity::kError);
        CHECK(problems[0].field == std::string("spec.parameters[1].feasibleSpace.") + c.field);
        CHECK_THAT(problems[0].message, Catch::Matchers::Contains(c.message));
      }
    }
  }
}

TEST_CASE("space: all problems are told at once", "[core]") {
  const auto problems = ProblemsOf(
      {Named("a", Real(2, 1, -1.0)), Named("a", CategoricalDomain{}), Named("", Whole(1, 2))});
  std::vector<std::string> fields;
  fields.reserve(problems.size());
  for (const Problem& problem : problems) {
    fields.push_back(problem.field);
  }
  CHECK(fields == std::vector<std::string>{
                      "spec.parameters[0].feasibleSpace.max",
                      "spec.parameters[0].feasibleSpace.step", "spec.parameters[1].name",
                      "spec.parameters[1].feasibleSpace.list", "spec.parameters[2].name"});
}

TEST_CASE("space: an activation names an earlier parameter and values of it", "[core]") {
  struct Case {
    const char* name;
    Activation when;
    const char* field;  // empty: no problem
  };
  const Case cases[] = {
      {"known value", {"optimizer", {"sgd"}}, ""},
      {"value of a number", {"layers", {"2", "3"}}, ""},
      {"unknown parameter", {"optimiser", {"sgd"}}, "activeWhen.parameter"},
      {"itself", {"momentum", {"0.5"}}, "activeWhen.parameter"},
      {"later parameter", {"last", {"x"}}, "activeWhen.parameter"},
      {"continuous parameter", {"lr", {"0.5"}}, "activeWhen.parameter"},
      {"no values", {"optimizer", {}}, "activeWhen.in"},
      {"unknown value", {"optimizer", {"sgd", "rmsprop"}}, "activeWhen.in[1]"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Parameter momentum = Named("momentum", Real(0, 1));
      momentum.active_when = c.when;
      const auto problems = ProblemsOf({Named("optimizer", CategoricalDomain{{"adam", "sgd"}}),
                                        Named("layers", Whole(1, 4)), Named("lr", Real(0, 1)),
                                        momentum, Named("last", CategoricalDomain{{"x"}})});
      REQUIRE(problems.size() == (*c.field == '\0' ? 0U : 1U));
      if (!problems.empty()) {
        CHECK(problems[0].field == std::string("spec.parameters[3].") + c.field);
      }
    }
  }
}

TEST_CASE("space: an inactive value without activation is a warning", "[core]") {
  Parameter p = Named("p", Real(0, 1));
  p.inactive_value = "0";
  const auto problems = ProblemsOf({p});
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].severity == Problem::Severity::kWarning);
}

}  // namespace
}  // namespace hone
