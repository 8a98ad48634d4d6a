// SPDX-License-Identifier: Apache-2.0
// The setting `accelerator`: libraries of tests/accelerator in the place of libhone_cuda.so.
#include <map>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/catch.h"
#include "tests/paths.h"
#include "tests/support/hone_program.h"

using hone::test::Has;
using hone::test::HoneProgram;
using hone::test::ProgramFolder;
using nlohmann::json;

namespace {

std::string Library(const std::string& name) {
  return (ProgramFolder().parent_path() / "tests" / name).string();
}

json AcceleratorCheck(HoneProgram& hone, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"doctor", "-o", "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto run = hone.Run(arguments);
  const json document = hone::ParseJsonOrThrow(run.out);
  for (const json& item : document.at("items")) {
    if (item.at("name") == "accelerator") {
      return item;
    }
  }
  return {};
}

/// Enough trials for a model of 32 and more, which the quick library is measured to be faster at.
std::string Write(HoneProgram& hone) {
  json extra = {{"algorithm", {{"algorithmName", "bayesianoptimization"}}}};
  return hone.Write({.trials = 38, .parallel = 2, .extra = &extra});
}

}  // namespace

TEST_CASE("accelerator: the doctor says whether a device is there, and why it is not used",
          "[apps]") {
  HoneProgram hone;
  CHECK(AcceleratorCheck(hone, {}).at("message") == "not asked for (--accelerator cuda)");
  const json absent = AcceleratorCheck(hone, {"--accelerator", "/nowhere/libhone_cuda.so"});
  CHECK(absent.at("status") == "warn");
  CHECK(Has(absent.at("message"), "models are computed by the processor: "));
  CHECK(Has(absent.at("message"), "/nowhere/libhone_cuda.so"));
  const json slow = AcceleratorCheck(hone, {"--accelerator", Library("libhone_cuda_emulated.so")});
  CHECK(slow.at("message") ==
        "emulated works, but no model is computed faster on it: it is not used");
  const json quick = AcceleratorCheck(hone, {"--accelerator", Library("libhone_cuda_quick.so")});
  CHECK(quick.at("status") == "ok");
  CHECK(Has(quick.at("message"), "quick: "));
  for (const char* const text : {"gpu", "cuda:", "cuda:-1", "cuda:x", "libhone_cuda.so"}) {
    const auto run = hone.Run({"list", "--accelerator", text});
    CHECK(run.exit_code == 2);
    CHECK(Has(run.err, "must be none, cuda, cuda:N or the absolute path"));
  }
}

TEST_CASE("accelerator: the ledger says when a device was used, and replay needs the same one",
          "[apps][slow]") {
  HoneProgram hone;
  const std::vector<std::string> with = {"--accelerator", Library("libhone_cuda_quick.so")};
  REQUIRE(hone.Run({"run", Write(hone), with[0], with[1]}).exit_code == 0);
  CHECK(hone.StateOf("demo").cpu_level.find("+cuda[quick 0.0") != std::string::npos);
  const auto same = hone.Run({"replay", "demo", with[0], with[1]});
  CHECK(same.out == "38 of 38 proposals are equal\n");
  CHECK(same.err.empty());
  CHECK(same.exit_code == 0);
  const auto without = hone.Run({"replay", "demo"});
  CHECK(without.exit_code == 1);
  CHECK(Has(without.err, "a device is used with --accelerator cuda"));
}

TEST_CASE("accelerator: an experiment that began without a device never uses one", "[apps][slow]") {
  HoneProgram hone;
  const std::vector<std::string> with = {"--accelerator", Library("libhone_cuda_quick.so")};
  json few = {{"algorithm", {{"algorithmName", "bayesianoptimization"}}},
              {"resumePolicy", "LongRunning"}};
  REQUIRE(hone.Run({"run", hone.Write({.trials = 2, .extra = &few})}).exit_code == 0);
  REQUIRE(hone.Run({"resume", "demo", "--max-trials", "38", with[0], with[1]}).exit_code == 0);
  CHECK_FALSE(Has(hone.StateOf("demo").cpu_level, "cuda"));
  const auto replay = hone.Run({"replay", "demo"});
  CHECK(replay.out == "38 of 38 proposals are equal\n");
}

TEST_CASE("accelerator: a device that fails in the middle ends nothing but its own use",
          "[apps][slow]") {
  HoneProgram hone;
  auto program =
      hone.StartProgram({"env", "HONE_QUICK_CUDA_FAILS=1", (ProgramFolder() / "hone").string(),
                         "run", Write(hone), "--accelerator", Library("libhone_cuda_quick.so")});
  const auto run = program.Wait();
  CHECK(run.exit_code == 0);
  CHECK(Has(run.err, "accelerator_failed"));
  CHECK(hone.Trials("demo").size() == 38);
}
