// SPDX-License-Identifier: Apache-2.0
// Experiments whose search algorithm is somebody else's service, in a process of its own.
#include <csignal>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/e2e/spoilt.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

using nlohmann::json;

json Algorithm(const std::string& name, const std::string& endpoint, const char* timeout) {
  return {{"algorithm",
           {{"algorithmName", name}, {"endpoint", endpoint}, {"endpointTimeout", timeout}}}};
}

TEST_CASE("remote: a service that is dead, slow or wrong ends the experiment, and is named",
          "[e2e][slow]") {
  CheckSpoilt("remote_fake.py",
              {{"refused", "refuses the experiment: gamma must be > 0"},
               {"slow", "deadline exceeded"},
               {"broken", "Exception calling application"},
               {"count", " were asked for"},
               {"foreign", "\"y\", which is no parameter"},
               {"bounds", "parameter x: "},
               {"kind", "parameter x: "},
               {"twice", "has parameter x twice"},
               {"missing", "lacks parameter x"},
               {"big", "resource exhausted"},
               {"garbage", "the reply is no such message"}},
              &Algorithm, "the search algorithm failed: the suggestion service at ");
}

TEST_CASE("remote: the example's service in Python searches on after the engine was killed",
          "[e2e][slow]") {
  HoneProgram hone;
  if (MakeStubs(hone, "api/proto/katib_v1beta1.proto").empty()) {
    return;
  }
  const RunningProgram service = hone.StartProgram(
      {kPython, (SourceFolder() / "examples/remote/service.py").string(), "127.0.0.1:0"});
  const std::string endpoint = "spec.algorithm.endpoint=" + AddressOf(service);
  std::filesystem::create_directory_symlink(SourceFolder() / "examples", hone.work() / "examples");
  RunningProgram run = hone.Start({"run", "examples/remote/experiment.yaml", "--set", endpoint});
  REQUIRE(Eventually([&] {
    return hone.Run({"get", "remote-climber"}).exit_code == 0 &&
           hone.Trials("remote-climber").size() >= 3;
  }));
  run.Signal(SIGKILL);
  CHECK(run.Wait().exit_code == 128 + SIGKILL);
  const std::vector<std::string> before = hone.Trials("remote-climber");

  const ProgramRun resumed = hone.Run({"resume", "remote-climber"});
  INFO(resumed.out << resumed.err);
  CHECK(resumed.exit_code == 0);
  CHECK(hone.Status("remote-climber") == "Succeeded");
  const std::vector<std::string> trials = hone.Trials("remote-climber");
  CHECK(trials.size() == 8);
  REQUIRE(trials.size() >= before.size());
  CHECK(std::vector(trials.begin(), trials.begin() + static_cast<std::ptrdiff_t>(before.size())) ==
        before);

  const ProgramRun replay = hone.Run({"replay", "remote-climber"});
  CHECK(replay.exit_code == 0);
  CHECK(replay.err.find("recorded, not recomputed") != std::string::npos);
}

TEST_CASE("remote: hone suggestion serves hone", "[e2e]") {
  HoneProgram hone;
  RunningProgram service = hone.Start({"suggestion", "--listen", "127.0.0.1:0"});
  json extra = Algorithm("tpe", AddressOf(service), "30s");
  const std::string file =
      hone.Write(ScriptExperiment{.name = "far", .trials = 4, .extra = &extra});
  const ProgramRun run = hone.Run({"run", file});
  INFO(run.out << run.err);
  CHECK(run.exit_code == 0);
  CHECK(hone.Trials("far").size() == 4);
}

}  // namespace
}  // namespace hone::test
