// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/gpus.h"

#include "core/spec.h"
#include "tests/catch.h"
#include "tests/trial-runner/local_bench.h"

namespace hone::local {
namespace {

using testing::LocalBench;
using Names = std::vector<std::string>;

TEST_CASE("gpus: as many as the driver tells, or those hone may see", "[trial-runner]") {
  struct Case {
    const char* name;
    std::optional<std::string> visible;
    Names found;
  };
  const Case cases[] = {
      {"all", std::nullopt, {"0", "1", "2"}},
      {"some", "2,0", {"2", "0"}},
      {"none", "", {}},
      {"up to the first that is not there", "1, 7, 0", {"1"}},
      {"by name", "GPU-8932f937", {"GPU-8932f937"}},
      {"minus one hides all", "-1", {}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      CHECK(DetectGpus(HONE_FAKE_NVML, c.visible) == c.found);
    }
  }
  CHECK(DetectGpus("/no/such/library.so", std::nullopt).empty());
}

TEST_CASE("gpus: MIG devices stand for the GPU that is cut into them", "[trial-runner]") {
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  const std::vector<GpuInfo> expected = {
      {.name = "0", .model = "A100", .memory_bytes = 40 * kGiB},
      {.name = "MIG-2", .model = "A100 MIG 3g.20gb", .memory_bytes = 20 * kGiB},
      {.name = "MIG-3", .model = "A100 MIG 3g.20gb", .memory_bytes = 20 * kGiB}};
  CHECK(ListGpus(HONE_FAKE_NVML_MIG) == expected);
  CHECK(DetectGpus(HONE_FAKE_NVML_MIG, std::nullopt) == Names{"0", "MIG-2", "MIG-3"});
  CHECK(DetectGpus(HONE_FAKE_NVML_MIG, "MIG-3") == Names{"MIG-3"});
}

TEST_CASE("gpus: each is given to one trial at a time", "[trial-runner]") {
  GpuPool pool({"0", "1", "2"});
  CHECK(pool.Take(0) == Names{});
  CHECK(pool.Take(2) == Names{"0", "1"});
  CHECK_FALSE(pool.Take(2));
  CHECK(pool.Take(1) == Names{"2"});
  pool.Give({"1"});
  CHECK(pool.Take(1) == Names{"1"});
  pool.Give({"0", "1", "2"});
  pool.TakeNamed({"1", "unknown"});
  CHECK(pool.Take(2) == Names{"0", "2"});
}

std::string GpuJob(int gpus, const std::string& script) {
  std::string object = testing::ScriptObject(script);
  const std::string resources =
      R"("resources":{"limits":{"nvidia.com/gpu":)" + std::to_string(gpus) + "}},";
  return object.insert(object.find("\"image\""), resources);
}

constexpr char kShowAndWait[] =
    "echo $CUDA_VISIBLE_DEVICES > $HONE_TRIAL_DIR/gpus; while :; do sleep 0.02; done";

TEST_CASE("gpus: trials are told which are theirs, over engines", "[trial-runner]") {
  LocalBench bench;
  bench.options.gpus.reset();
  bench.options.environment = {"PATH=/usr/bin:/bin", "HONE_NVML_LIBRARY=" HONE_FAKE_NVML};
  bench.Start();
  CHECK(bench.runner().Total().cpus == 4);
  CHECK(bench.runner().Total().gpus == 3);
  REQUIRE(bench.Launch(bench.Spec(1, GpuJob(1, kShowAndWait))).has_value());
  REQUIRE(bench.Launch(bench.Spec(2, GpuJob(1, kShowAndWait))).has_value());
  CHECK(bench.WaitForFile(1, "gpus") == "0\n");
  CHECK(bench.WaitForFile(2, "gpus") == "1\n");
  CHECK(bench.runner().Look({bench.experiment, 2}, 1).value()->place ==
        "pid " + std::to_string(bench.Claim(2).child) + ", gpu 1");
  CHECK(bench.Launch(bench.Spec(3, GpuJob(4, "true"))).error().code == Code::kInvalidArgument);
  CHECK(bench.Launch(bench.Spec(3, GpuJob(2, "true"))).error().code == Code::kResourceExhausted);

  CHECK(bench.Stop(1).has_value());
  CHECK(bench.WaitForEnd(1).place.ends_with("gpu 0"));
  bench.Start();  // trial 2 still has its GPU, though nobody has asked about it yet
  REQUIRE(bench.Launch(bench.Spec(3, GpuJob(2, kShowAndWait))).has_value());
  CHECK(bench.WaitForFile(3, "gpus") == "0,2\n");
  CHECK(bench.Stop(2).has_value());
  CHECK(bench.Stop(3).has_value());
  bench.WaitForEnd(2);
  bench.WaitForEnd(3);
}

TEST_CASE("gpus: a spec that asks for more than there are is refused", "[trial-runner]") {
  LocalBench bench;
  bench.options.gpus = 1;
  bench.Start();
  ExperimentSpec spec;
  spec.trial_template.primary_container = "main";
  spec.trial_template.trial_spec = GpuJob(2, "true");
  Problems problems;
  bench.runner().Check(spec, problems);
  REQUIRE(problems.list().size() == 1);
  CHECK(problems.list()[0].severity == Problem::Severity::kError);
  CHECK(problems.list()[0].message == "a trial asks for 2 GPUs, this machine has 1");
  CHECK(bench.runner().DemandOf(spec) == Demand{.cpus = 1, .gpus = 2});
}

}  // namespace
}  // namespace hone::local
