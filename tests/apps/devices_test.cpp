// SPDX-License-Identifier: Apache-2.0
// hone devices, and why something waits, by the real program. Slots are declared, so that this runs
// without GPUs.
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/support/hone_program.h"

namespace hone::test {
namespace {

using nlohmann::json;

TEST_CASE("hone devices: what is declared, where nothing runs", "[apps]") {
  HoneProgram hone;
  const json devices = hone.Json({"devices", "--cpus", "4", "--gpus", "0,MIG-7", "--memory", "8G"});
  CHECK(devices.at("engine") == false);
  CHECK(devices.at("cpus") == json({{"total", 4}, {"used", 0}}));
  CHECK(devices.at("memoryBytes").at("total") == std::uint64_t{8} << 30);
  REQUIRE(devices.at("gpus").at("items").size() == 2);
  CHECK(devices.at("gpus").at("items").at(1).at("name") == "MIG-7");
  CHECK(hone.Run({"devices", "--gpus", "1"}).out.rfind("RESOURCE  TOTAL", 0) == 0);
}

TEST_CASE("hone devices: who has a GPU, and why others wait", "[apps]") {
  HoneProgram hone;
  json extra = {{"resources", {{"nvidia.com/gpu", 1}}}};
  const std::string go = (hone.folder() / "go").string();
  const std::string file = hone.Write(
      {.name = "wants",
       .script = "echo gpu $CUDA_VISIBLE_DEVICES $NVIDIA_VISIBLE_DEVICES; while ! test -e " + go +
                 "; do sleep 0.05; done; echo loss=${x}",
       .trials = 3,
       .parallel = 3,
       .extra = &extra});
  RunningProgram run = hone.Start({"run", file, "--cpus", "8", "--gpus", "GPU-a,GPU-b"});
  json devices;
  REQUIRE(Eventually([&] {
    devices = hone.Json({"devices"});
    const json& items = devices.at("gpus").at("items");
    return devices.at("gpus").at("used") == 2 && items.size() == 2 &&
           items.at(0).contains("trial") && items.at(1).contains("trial");
  }));
  CHECK(devices.at("gpus").at("total") == 2);
  const std::string why = "a trial takes 1 GPU, and free is nothing";
  REQUIRE(devices.at("experiments").size() == 1);
  CHECK(devices.at("experiments").at(0).at("waits") == why);
  CHECK(hone.Run({"explain", "wants"}).out.find("it waits for more slots: " + why) !=
        std::string::npos);
  CHECK(hone.Run({"get", "wants"}).out.find("waits       " + why) != std::string::npos);
  std::ofstream(go) << "now";
  CHECK(run.Wait().exit_code == 0);
  CHECK(hone.Json({"devices"}).at("engine") == false);
}

TEST_CASE("hone run: what the machine can never give is refused", "[apps]") {
  HoneProgram hone;
  struct Case {
    const char* name;
    json resources;
    const char* told;
  };
  const Case cases[] = {
      {"GPUs", {{"nvidia.com/gpu", 3}}, "a trial asks for 3 GPUs, this machine has 2"},
      {"memory",
       {{"memory", "9Gi"}},
       "a trial asks for 9 GiB of memory, this machine offers 8 GiB; ask for less, or declare more "
       "with --memory"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      json extra = {{"resources", c.resources}};
      const ProgramRun run =
          hone.Run({"run", hone.Write({.extra = &extra}), "--gpus", "2", "--memory", "8G"});
      CHECK(run.exit_code == 2);
      CAPTURE(run.err);
      CHECK(run.err.find(c.told) != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace hone::test
