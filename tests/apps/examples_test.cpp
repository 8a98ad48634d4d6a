// SPDX-License-Identifier: Apache-2.0
// Every experiment under examples/ is valid, without so much as a warning, and those that can run
// here do.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> ExperimentsBelow(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(SourceFolder() / folder)) {
    if (entry.path().extension() == ".yaml") {
      found.push_back(entry.path());
    }
  }
  return found;
}

TEST_CASE("examples: all experiments are valid", "[apps]") {
  const auto files = ExperimentsBelow("examples");
  CHECK(files.size() >= 5);
  for (const fs::path& file : files) {
    CAPTURE(file.string());
    const ProgramRun run = HoneProgram().Run({"validate", file});
    CHECK(run.exit_code == 0);
    CHECK(run.out.empty());
  }
}

TEST_CASE("examples: those with a script here run", "[apps][slow]") {
  const auto files = ExperimentsBelow("examples/digits");
  CHECK(files.size() >= 5);
  for (const fs::path& file : files) {
    CAPTURE(file.string());
    HoneProgram hone;
    // The experiments name their script from the project's root.
    fs::create_directory_symlink(SourceFolder() / "examples", hone.work() / "examples");
    const ProgramRun run = hone.Run(
        {"run", file, "--set", "spec.maxTrialCount=2", "--set", "spec.maxFailedTrialCount=0"});
    CAPTURE(run.out, run.err);
    CHECK(run.exit_code == 0);
    const auto list = hone.Json({"list"});
    REQUIRE(list.at("items").size() == 1);
    const auto trials = hone.Trials(list.at("items").at(0).at("metadata").at("name"));
    REQUIRE(trials.size() == 2);
    for (const std::string& trial : trials) {
      CHECK_FALSE(hone.Json({"metrics", trial}).at("items").empty());
    }
  }
}

}  // namespace
}  // namespace hone::test
