// SPDX-License-Identifier: Apache-2.0
// hone tensorboard, and what the real TensorBoard makes of it.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

using nlohmann::json;

/// What the real package makes of a folder; null, with a word, where there is none.
json ReadBack(HoneProgram& hone, const std::string& folder) {
  const std::filesystem::path python = SourceFolder() / "build/bench-venv/bin/python";
  std::error_code ignored;
  if (!std::filesystem::exists(python, ignored) ||
      hone.StartProgram({python.string(), "-c", "import tensorboard"}).Wait().exit_code != 0) {
    WARN("skipped: no TensorBoard (tools/setup.sh --bench installs it)");
    return nullptr;
  }
  const auto read =
      hone.StartProgram({python.string(),
                         (SourceFolder() / "tests/apps/read_tensorboard.py").string(), folder})
          .Wait();
  INFO(read.err);
  REQUIRE(read.exit_code == 0);
  return ParseJsonOrThrow(read.out);
}

const json& SessionOf(const json& document, const std::string& trial) {
  const json& groups = document.at("sessions").at("sessionGroups");
  const auto found = std::ranges::find_if(
      groups, [&](const json& group) { return group.at("sessions")[0].at("name") == trial; });
  REQUIRE(found != groups.end());
  return *found;
}

}  // namespace

TEST_CASE("hone tensorboard: curves and parameters as the real TensorBoard reads them", "[apps]") {
  HoneProgram hone;
  const std::string script = "for e in 1 2 3; do echo \"loss=0.$e\"; done";
  REQUIRE(hone.Run({"run", hone.Write({.script = script, .trials = 2})}).exit_code == 0);
  const auto wrote = hone.Run({"tensorboard", "demo", "--logdir", "runs"});
  INFO(wrote.err);
  REQUIRE(wrote.exit_code == 0);
  CHECK(wrote.out == "wrote 2 runs; look at them with: tensorboard --logdir runs\n");
  CHECK(hone.Run({"tensorboard", "demo", "--logdir", "runs"}).exit_code == 0);  // replaces
  CHECK(hone.Run({"tensorboard", "other"}).exit_code == 1);

  const json document = ReadBack(hone, (hone.work() / "runs").string());
  if (document.is_null()) {
    return;
  }
  const ExperimentState state = hone.StateOf("demo");
  for (const TrialState& trial : state.trials) {
    const std::string name = state.NameOf(trial);
    const json& curve = document.at("curves").at(name).at("loss");
    REQUIRE(curve.size() == 3);
    CHECK(curve[2][0] == 3);
    CHECK(curve[2][1].get<double>() == Approx(0.3));
    const json& session = SessionOf(document, name);
    CHECK(session.at("hparams").at("x").get<double>() == Approx(std::stod(trial.values[0].text)));
    CHECK(session.at("sessions")[0].at("status") == "STATUS_SUCCESS");
  }
  const json& experiment = document.at("experiment");
  CHECK(experiment.at("name") == "demo");
  CHECK(experiment.at("hparamInfos")[0].at("name") == "x");
  CHECK(experiment.at("hparamInfos")[0].contains("domainInterval"));
  CHECK(experiment.at("metricInfos")[0].at("name").at("tag") == "loss");
}

}  // namespace hone::test
