// SPDX-License-Identifier: Apache-2.0
// What registers itself is really in the program: a linker may drop what nothing refers to.
#include <nlohmann/json.hpp>
#include <set>

#include "tests/catch.h"
#include "tests/support/hone_program.h"

using hone::test::HoneProgram;

TEST_CASE("hone algorithms: the expected names are in the program", "[apps]") {
  const auto run = HoneProgram().Run({"algorithms", "-o", "json"});
  REQUIRE(run.exit_code == 0);
  std::set<std::string> names;
  const auto document = nlohmann::json::parse(run.out);
  for (const auto& item : document.at("items")) {
    names.insert(item.at("name").get<std::string>());
  }
  for (const char* const expected : {"auto", "bayesianoptimization", "cmaes", "evolution", "grid", "random", "sobol"}) {
    CAPTURE(expected);
    CHECK(names.contains(expected));
  }
}
