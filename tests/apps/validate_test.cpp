// SPDX-License-Identifier: Apache-2.0
// `hone validate` and `hone run` as programs, over files with mistakes.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

namespace hone {
namespace {

using nlohmann::json;
using test::HoneProgram;

std::string MutationBase(const std::string& name) {
  return test::ReadText(test::SourceFolder() / "tests/apps/mutations" / name);
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  INFO(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string FiveMistakes() {
  std::string text = MutationBase("job.yaml");
  text = Replaced(text, "name: base", "name: Base");
  text = Replaced(text, "type: minimize", "type: minimise");
  text = Replaced(text, "parallelTrialCount: 2", "parallelTrialCount: 20");
  text = Replaced(text, "maxFailedTrialCount: 3", "maxTrialCount: 3");
  return Replaced(text, "max: \"0.1\"", "max: \"0.0001\"");
}

TEST_CASE("hone validate: five mistakes are five lines, and nothing starts", "[apps]") {
  HoneProgram hone;
  const std::string file = hone.Write("bad.yaml", FiveMistakes());
  const std::string want =
      file +
      ":6: metadata.name: \"Base\" must start with a lower-case letter and hold only "
      "lower-case letters, digits, '-' and '.', ending with a letter or digit\n" +
      file +
      ":10: spec.objective.type: must be one of minimize, maximize; \"minimise\" is "
      "unknown, did you mean minimize?\n" +
      file +
      ":23: spec.parallelTrialCount: must be <= maxTrialCount (20 > 12); it is 3 if not "
      "given\n" +
      file + ":25: the key \"maxTrialCount\" stands here and in line 24; remove one of the two\n" +
      file +
      ":35: spec.parameters[0].feasibleSpace.max: must be >= min (1e-04 < 0.001); swap the "
      "bounds or correct one\n";
  const auto validate = hone.Run({"validate", file});
  CHECK(validate.exit_code == 2);
  CHECK(validate.out == want);
  const auto run = hone.Run({"run", file});
  CHECK(run.exit_code == 2);
  CHECK(run.err == want);
  CHECK_FALSE(std::filesystem::exists(hone.data()));
}

TEST_CASE("hone validate: the problems as JSON", "[apps]") {
  HoneProgram hone;
  const std::string file = hone.Write("bad.yaml", FiveMistakes());
  const std::string good = hone.Write("good.yaml", MutationBase("job.yaml"));
  const auto run = hone.Run({"validate", "-o", "json", file, good, "missing.yaml"});
  CHECK(run.exit_code == 2);
  const json items = ParseJsonOrThrow(run.out)["items"];
  REQUIRE(items.size() == 3);
  CHECK(items[0]["valid"] == false);
  REQUIRE(items[0]["problems"].size() == 5);
  CHECK(items[0]["problems"][1] ==
        json({{"file", file},
              {"line", 10},
              {"severity", "error"},
              {"field", "spec.objective.type"},
              {"message",
               "must be one of minimize, maximize; \"minimise\" is unknown, did you "
               "mean minimize?"}}));
  CHECK(items[1] == json({{"file", good}, {"valid", true}, {"problems", json::array()}}));
  CHECK(items[2]["valid"] == false);
}

TEST_CASE("hone validate: a template in a file of its own", "[apps]") {
  HoneProgram hone;
  const std::string both = MutationBase("configmap.yaml");
  const std::size_t border = both.find("---\n");
  const std::string file = hone.Write("e.yaml", both.substr(0, border));
  const std::string map = hone.Write("map.yaml", both.substr(border));
  CHECK(hone.Run({"validate", file}).exit_code == 2);
  const auto run = hone.Run({"validate", file, "--config-map", map});
  CHECK(run.exit_code == 0);
  CHECK(run.out.empty());
  CHECK(hone.Run({"validate", file, "--config-map", "missing.yaml"}).exit_code == 2);
}

TEST_CASE("hone run: a template in a ConfigMap reaches the trials with its types", "[apps]") {
  HoneProgram hone;
  std::string text = MutationBase("configmap.yaml");
  text = Replaced(text, "maxTrialCount: 12", "maxTrialCount: 3");
  text = Replaced(text, "[python3, train.py, --lr=${trialParameters.rate}]",
                  "[bash, -c, \"echo loss=${trialParameters.rate}\"]");
  const auto run = hone.Run({"run", hone.Write("e.yaml", text)});
  CHECK(run.exit_code == 0);
  CHECK(hone.Trials("base").size() == 3);
  CHECK(hone.Status("base") == "Succeeded");
}

}  // namespace
}  // namespace hone
