// SPDX-License-Identifier: Apache-2.0
// What registers itself is really in the program: a linker may drop what nothing refers to.
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/support/hone_program.h"

using hone::test::HoneProgram;

namespace {

std::set<std::string> NamesOf(const std::vector<std::string>& command) {
  const auto run = HoneProgram().Run(command);
  REQUIRE(run.exit_code == 0);
  std::set<std::string> names;
  const auto document = hone::ParseJsonOrThrow(run.out);
  for (const auto& item : document.at("items")) {
    names.insert(item.at("name").get<std::string>());
  }
  return names;
}

}  // namespace

TEST_CASE("hone algorithms: the expected names are in the program", "[apps]") {
  const auto names = NamesOf({"algorithms", "-o", "json"});
  for (const char* const expected :
       {"auto", "bayesianoptimization", "cmaes", "evolution", "grid", "random", "sobol"}) {
    CAPTURE(expected);
    CHECK(names.contains(expected));
  }
}

TEST_CASE("hone algorithms: the expected rules of early stopping are in the program", "[apps]") {
  const auto names = NamesOf({"algorithms", "--early-stopping", "-o", "json"});
  CHECK(names == std::set<std::string>{"asha", "medianstop", "percentile", "plateau", "wilcoxon"});
}
