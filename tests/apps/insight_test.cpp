// SPDX-License-Identifier: Apache-2.0
// hone importance and hone predict, and how configurations are written for them.
#include "apps/cli/insight.h"

#include <nlohmann/json.hpp>

#include "tests/algorithms/spaces.h"
#include "tests/catch.h"
#include "tests/support/hone_program.h"

namespace hone::cli {
namespace {

using test::HoneProgram;

const Space& Some() {
  static const Space space{{spaces::Real("x", 0, 1), spaces::Words("kind", {"a", "b,c", "d"}),
                            spaces::When(spaces::Whole("n", 1, 4), "kind", {"a"}, "0")}};
  return space;
}

/// Results of another tool: loss = x.
void Import(HoneProgram& hone, int trials) {
  std::string csv = "x,loss\n";
  for (int i = 0; i < trials; ++i) {
    const std::string x = "0." + std::to_string(10 + 5 * i);
    csv.append(x).append(",").append(x).append("\n");
  }
  const std::string file = hone.Write("results.csv", csv);
  const std::string experiment = hone.Write({.name = "demo", .trials = 100});
  const auto run = hone.Run({"import", file, "--experiment", experiment});
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
}

TEST_CASE("predict: a configuration in words", "[apps]") {
  const Assignment base = {{"0.25", true}, {"d", true}, {"0", false}};
  const auto at = [&](const std::string& text) { return PointAt(Some(), text, base); };
  CHECK(at("").value() == base);
  CHECK(at("x=0.5").value() == Assignment{{"0.5", true}, {"d", true}, {"0", false}});
  CHECK(at("kind=b,c,x=1").value() == Assignment{{"1", true}, {"b,c", true}, {"0", false}});
  CHECK(at("kind=a").value() == Assignment{{"0.25", true}, {"a", true}, {"3", true}});
  CHECK(at("kind=a,n=1").value() == Assignment{{"0.25", true}, {"a", true}, {"1", true}});
  CHECK(PointAt(Some(), "", std::nullopt).value().front().text == "0.5");
  for (const char* wrong :
       {"x", "y=1", "x=2", "kind=z", "x=0.1,x=0.2", "n=2", "x=nan", "x=,", ","}) {
    CAPTURE(wrong);
    REQUIRE_FALSE(at(wrong).has_value());
    CHECK(at(wrong).error().code == Code::kInvalidArgument);
  }
}

TEST_CASE("predict: a sweep has each value, or eleven over the range", "[apps]") {
  const Assignment point = {{"0.25", true}, {"a", true}, {"2", true}};
  const auto numbers = SweepOf(Some(), "x", point).value();
  REQUIRE(numbers.size() == 11);
  CHECK(numbers.front()[0].text == "0");
  CHECK(numbers[5][0].text == "0.5");
  CHECK(numbers.back()[0].text == "1");
  CHECK(SweepOf(Some(), "n", point).value().size() == 4);
  const auto words = SweepOf(Some(), "kind", point).value();
  REQUIRE(words.size() == 3);
  CHECK(words[1] == Assignment{{"0.25", true}, {"b,c", true}, {"0", false}});
  CHECK_FALSE(SweepOf(Some(), "m", point).has_value());
  CHECK_FALSE(SweepOf(Some(), "n", words[1]).has_value());
}

TEST_CASE("hone importance: shares as a table and as a document", "[apps]") {
  HoneProgram hone;
  Import(hone, 16);
  const auto table = hone.Run({"importance", "demo"});
  CHECK(table.exit_code == 0);
  CHECK(table.out.find("PARAMETER  IMPORTANCE") == 0);
  CHECK(table.out.find("from 16 trials") != std::string::npos);
  const auto document = hone.Json({"importance", "demo"});
  CHECK(document.at("method") == "fanova");
  CHECK(document.at("items").at(0).at("importance") == Approx(1));
  const auto ped = hone.Json({"importance", "demo", "--method", "ped-anova"});
  CHECK(ped.at("best") == 5);
  CHECK(hone.Run({"importance", "demo", "--method", "shap"}).exit_code == 2);
  CHECK(hone.Run({"importance", "nothing"}).exit_code == 1);
}

TEST_CASE("hone predict: several configurations, a sweep, an error", "[apps]") {
  HoneProgram hone;
  Import(hone, 16);
  const auto document = hone.Json({"predict", "demo", "--at", "x=0.3", "--at", "x=0.7"});
  CHECK(document.at("metric") == "loss");
  REQUIRE(document.at("items").size() == 2);
  CHECK(document.at("items")[0].at("mean") == Approx(0.3).margin(0.02));
  CHECK(document.at("items")[1].at("mean") == Approx(0.7).margin(0.02));
  CHECK(hone.Json({"predict", "demo", "--sweep", "x"}).at("items").size() == 11);
  const auto wrong = hone.Run({"predict", "demo", "--at", "y=1"});
  CHECK(wrong.exit_code == 2);
  CHECK(wrong.err.find("there is no parameter 'y'") != std::string::npos);
}

TEST_CASE("hone importance, hone predict: too few trials are an error that says so", "[apps]") {
  HoneProgram hone;
  Import(hone, 3);
  for (const char* command : {"importance", "predict"}) {
    const auto run = hone.Run({command, "demo"});
    CHECK(run.exit_code == 1);
    CHECK(run.err.find("there are 3") != std::string::npos);
  }
}

}  // namespace
}  // namespace hone::cli
