// SPDX-License-Identifier: Apache-2.0
#include "core/constraint.h"

#include "tests/catch.h"

namespace hone {
namespace {

using Type = Constraint::Type;
const std::vector<std::pair<std::string, Type>> kNames = {
    {"x", Type::kNumber}, {"batch-size", Type::kNumber}, {"opt", Type::kText}};

TEST_CASE("constraint: what holds for x = 2, batch-size = 8, opt = adam", "[core]") {
  struct Case {
    const char* text;
    bool holds;
  };
  const Case cases[] = {{"x < 3", true},
                        {"x >= 3", false},
                        {"1 + x * 3 == 7", true},
                        {"(1 + x) * 3 == 9", true},
                        {"8 - 4 - 2 == 2", true},
                        {"-x<-1.5e+0", true},
                        {"x * `batch-size` <= 16", true},
                        {"x-1 == 1", true},
                        {"opt == \"adam\"", true},
                        {"opt != \"adam\"", false},
                        {"x > 5 || opt == \"adam\" && x == 2", true},
                        {"!(x > 1) && x == 2", false},
                        {"x / 0 > 1e300", true},
                        {"(x - x) / 0 == 0", false}};
  const std::vector<Constraint::Value> values = {2.0, 8.0, std::string_view("adam")};
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.text) {
      const Result<Constraint> constraint = Constraint::Parse(c.text, kNames);
      REQUIRE(constraint.has_value());
      CHECK(constraint->Holds(values) == c.holds);
    }
  }
}

TEST_CASE("constraint: what is refused", "[core]") {
  const std::string cases[] = {"",
                               "x",
                               "x + 1",
                               "y < 1",
                               "x <",
                               "x < 1 2",
                               "(x < 1",
                               "x < \"a",
                               "opt < \"b\"",
                               "opt == 1",
                               "!x",
                               "x && x",
                               "1..2 < x",
                               "-opt == 1",
                               "x = 1",
                               "1 < x < 3",
                               std::string(100, '(') + "x<1",
                               std::string(200, '!') + "(x<1)",
                               std::string(5000, ' ') + "x<1"};
  for (const std::string& text : cases) {
    DYNAMIC_SECTION(text.substr(0, 20) << text.size()) {
      const Result<Constraint> constraint = Constraint::Parse(text, kNames);
      REQUIRE_FALSE(constraint.has_value());
      CHECK(constraint.error().code == Code::kInvalidArgument);
    }
  }
}

}  // namespace
}  // namespace hone
