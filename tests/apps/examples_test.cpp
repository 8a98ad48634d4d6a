// SPDX-License-Identifier: Apache-2.0
// Every experiment under examples/ is valid, without so much as a warning.
#include <filesystem>

#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

TEST_CASE("examples: all experiments are valid", "[apps]") {
  int found = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(hone::test::SourceFolder() / "examples")) {
    if (entry.path().extension() != ".yaml") {
      continue;
    }
    CAPTURE(entry.path().string());
    const auto run = hone::test::HoneProgram().Run({"validate", entry.path().string()});
    CHECK(run.exit_code == 0);
    CHECK(run.out.empty());
    ++found;
  }
  CHECK(found >= 5);
}
