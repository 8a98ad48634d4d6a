// SPDX-License-Identifier: Apache-2.0
#include "accelerator/level.h"

#include <array>

#include "accelerator/accelerator.h"
#include "accelerator/measure.h"
#include "tests/accelerator/support.h"
#include "tests/catch.h"

namespace hone {
namespace {

TEST_CASE("accelerator: a level says which device from which sizes on, and is read back",
          "[accelerator]") {
  const std::array<DeviceLevel, 3> levels = {{
      {"NVIDIA H100 80GB HBM3 9.0, CUDA 13000, cuBLAS 130100, cuSOLVER 12004", {256, 40000000}},
      {"odd; factor from 3 ] name", {std::nullopt, 7}},
      {"", {5, std::nullopt}},
  }};
  for (const DeviceLevel& level : levels) {
    const std::string text = LevelText("x86-64-v3", level);
    INFO(text);
    CHECK(text.starts_with("x86-64-v3+cuda["));
    CHECK(DeviceOfLevel(text) == level);
  }
  for (const char* const text :
       {"x86-64-v3", "", "x+cuda[a; factor from 2; predict never", "x+cuda[]",
        "x+cuda[a; factor from two; predict never]", "x+cuda[a; factor never; predict never]",
        "x+cuda[a; predict never; factor from 2]"}) {
    INFO(text);
    CHECK_FALSE(DeviceOfLevel(text));
  }
}

TEST_CASE("accelerator: used from the size on where it is faster by a quarter, and at all larger",
          "[accelerator]") {
  struct Case {
    const char* name;
    std::array<Timing, 3> timings;
    std::optional<std::int64_t> from;
  };
  const std::array<Case, 5> cases = {{
      {"never faster", {{{64, 1, 2}, {128, 2, 3}, {256, 4, 5}}}, std::nullopt},
      {"always", {{{64, 3, 2}, {128, 5, 3}, {256, 9, 5}}}, 64},
      {"the larger ones", {{{64, 1, 2}, {128, 5, 3}, {256, 9, 5}}}, 128},
      {"a lucky small one", {{{64, 9, 2}, {128, 2, 3}, {256, 9, 5}}}, 256},
      {"a tie", {{{64, 1, 2}, {128, 2, 2}, {256, 5, 4}}}, std::nullopt},
  }};
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      CHECK(FasterFrom(c.timings) == c.from);
    }
  }
}

TEST_CASE("accelerator: without a clock that moves nothing is faster, and the device is not used",
          "[accelerator]") {
  const auto device = test::EmulatedDevice();
  CHECK(Measure(*device, [] { return 0.0; }).Never());
  Accelerator accelerator(test::EmulatedDevice(), {});
  CHECK(accelerator.LevelFor("x86-64-v3") == "x86-64-v3");
  CHECK(accelerator.For("x86-64-v3") == nullptr);
}

TEST_CASE("accelerator: an experiment gets the device and the sizes that it was recorded with",
          "[accelerator]") {
  Accelerator accelerator(test::EmulatedDevice(), {.factor = 30, .predict = std::nullopt});
  const std::string level = accelerator.LevelFor("x86-64-v3");
  CHECK(level ==
        "x86-64-v3+cuda[emulated 9.0, CUDA 13000, cuBLAS 130100, cuSOLVER 12004; "
        "factor from 30; predict never]");
  const gp::Device* const device = accelerator.For(level);
  REQUIRE(device != nullptr);
  CHECK(accelerator.For(level) == device);
  const gp::Embedding embedding(test::MixedDimensions());
  const gp::Hyper hyper = test::MixedHyper();
  const auto factor = [&](const gp::Device& by, Eigen::Index n) {
    return by.Factor(embedding, hyper, embedding.Map(hyper, test::SomePoints(4, n, 1)), 0.1);
  };
  CHECK_FALSE(factor(*device, 29));
  CHECK(factor(*device, 30));
  const gp::Device* const other =
      accelerator.For(LevelText("x", {IdentityOf(accelerator.info()), {.factor = 10}}));
  REQUIRE(other != nullptr);
  CHECK(factor(*other, 29));
  CHECK(accelerator.For(LevelText("x", {"another device", {.factor = 10}})) == nullptr);
}

}  // namespace
}  // namespace hone
