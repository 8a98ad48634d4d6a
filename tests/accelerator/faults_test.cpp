// SPDX-License-Identifier: Apache-2.0
// A fault of the device ends its use, and nothing else.
#include <array>
#include <string>

#include "accelerator/accelerator.h"
#include "accelerator/cuda_library.h"
#include "accelerator/measure.h"
#include "tests/accelerator/support.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace hone {
namespace {

using gp::MatrixXd;
using test::SomePoints;

/// What is left of a model when any one call of CUDA fails, and all after it.
struct Outcome {
  bool opened = false;
  bool broken = false;
  MatrixXd factor;
  gp::Prediction prediction;
};

Outcome UseWithFaultFrom(const test::EmulatedCuda& cuda, long k) {
  cuda.fail_from(k);
  Outcome outcome;
  const gp::Embedding embedding(test::MixedDimensions());
  const MatrixXd points = SomePoints(4, 30, 1);
  const auto device = CudaDevice::Open(cuda.api, 0);
  outcome.opened = device.has_value();
  if (!outcome.opened) {
    CHECK_FALSE(device.error().message.empty());
    return outcome;
  }
  const UsedFrom always(**device, {.factor = 0, .predict = 0});
  gp::Model model(embedding, test::MixedHyper(), points, &always);
  model.SetOutputs(test::SomeOutputs(points));
  outcome.factor = model.Factor();
  outcome.prediction = model.Predict(SomePoints(4, 9, 2));
  outcome.broken = (*device)->Broken().has_value();
  return outcome;
}

TEST_CASE("cuda: whichever call fails, the processor goes on and nothing is left behind",
          "[accelerator]") {
  const test::EmulatedCuda cuda = test::Emulated();
  const Outcome sound = UseWithFaultFrom(cuda, 0);
  const long calls = cuda.calls();
  REQUIRE(sound.opened);
  REQUIRE_FALSE(sound.broken);
  CHECK(cuda.alive() == 0);
  const gp::Embedding embedding(test::MixedDimensions());
  const MatrixXd points = SomePoints(4, 30, 1);
  gp::Model here(embedding, test::MixedHyper(), points);
  here.SetOutputs(test::SomeOutputs(points));
  bool opened_before = false;
  for (long k = 1; k < calls - 1; ++k) {  // the last two are of closing
    INFO("call " << k << " of " << calls);
    const Outcome outcome = UseWithFaultFrom(cuda, k);
    CHECK(cuda.alive() == 0);
    CHECK(outcome.opened >= opened_before);
    opened_before = outcome.opened;
    if (outcome.opened) {
      CHECK(outcome.broken);
      CHECK((outcome.factor - here.Factor()).cwiseAbs().maxCoeff() < 1e-8);
      const gp::Prediction mine = here.Predict(SomePoints(4, 9, 2));
      CHECK((outcome.prediction.mean - mine.mean).cwiseAbs().maxCoeff() < 1e-8);
      CHECK((outcome.prediction.sd - mine.sd).cwiseAbs().maxCoeff() < 1e-8);
    }
  }
  CHECK(opened_before);
  cuda.fail_from(0);
}

TEST_CASE("cuda: a device that broke is asked no more, and models are the processor's own",
          "[accelerator]") {
  const test::EmulatedCuda cuda = test::Emulated();
  const auto device = test::EmulatedDevice();
  const UsedFrom always(*device, {.factor = 0, .predict = 0});
  cuda.fail_from(1);
  const gp::Embedding embedding(test::MixedDimensions());
  const MatrixXd points = SomePoints(4, 30, 1);
  const gp::Model first(embedding, test::MixedHyper(), points, &always);
  const auto why = device->Broken();
  REQUIRE(why);
  CHECK(*why == "the device: invalid argument");
  cuda.fail_from(0);  // it would work again
  gp::Model model(embedding, test::MixedHyper(), points, &always);
  model.SetOutputs(test::SomeOutputs(points));
  const MatrixXd others = SomePoints(4, 9, 2);
  const gp::Prediction prediction = model.Predict(others);
  CHECK(cuda.calls() == 0);
  gp::Model here(embedding, test::MixedHyper(), points);
  here.SetOutputs(test::SomeOutputs(points));
  CHECK(first.Factor() == here.Factor());
  CHECK(model.Factor() == here.Factor());
  CHECK(prediction.mean == here.Predict(others).mean);
  CHECK(prediction.sd == here.Predict(others).sd);
}

TEST_CASE("cuda: a device that never answers is given up", "[accelerator]") {
  const test::EmulatedCuda cuda = test::Emulated();
  auto device = CudaDevice::Open(cuda.api, 0, std::chrono::milliseconds(10));
  REQUIRE(device.has_value());
  const UsedFrom always(**device, {.factor = 0, .predict = 0});
  const gp::Embedding embedding(test::MixedDimensions());
  const MatrixXd points = SomePoints(4, 30, 1);
  cuda.hang(true);
  const gp::Model model(embedding, test::MixedHyper(), points, &always);
  CHECK(model.Factor() == gp::Model(embedding, test::MixedHyper(), points).Factor());
  CHECK((*device)->Broken() == "the device: it does not come to an end");
  const long alive = cuda.alive();
  CHECK(alive > 0);
  device->reset();  // freeing would wait
  cuda.hang(false);
  CHECK(cuda.alive() == alive);
  cuda.forget();
}

TEST_CASE("cuda: where no device is to be had, the reason is told", "[accelerator]") {
  const test::EmulatedCuda cuda = test::Emulated();
  const auto folder = test::ProgramFolder().parent_path() / "tests";
  const auto no_clock = [] { return 0.0; };
  const auto emulated = folder / "libhone_cuda_emulated.so";
  struct Case {
    const char* name;
    std::filesystem::path library;
    int devices;
    int ordinal;
    const char* message;
  };
  const std::array<Case, 4> cases = {{
      {"no library", folder / "libhone_cuda_absent.so", 1, 0, "cannot open shared object file"},
      {"another library", "libdl.so.2", 1, 0, "is no library for hone"},
      {"no device", emulated, 0, 0, "no CUDA device: no CUDA-capable device is detected"},
      {"no such device", emulated, 1, 3, "no CUDA device of that number"},
  }};
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      cuda.devices(c.devices);
      const auto opened = Accelerator::Open(c.library, c.ordinal, no_clock);
      cuda.devices(1);
      REQUIRE_FALSE(opened.has_value());
      INFO(opened.error().Text());
      CHECK(opened.error().Text().find(c.message) != std::string::npos);
      CHECK(cuda.alive() == 0);
    }
  }
}

HoneCudaApi WithWrongMeans(const HoneCudaApi& api) {
  static const HoneCudaApi* right = nullptr;
  right = &api;
  HoneCudaApi wrong = api;
  wrong.predict = [](HoneCudaSession* session, const HoneCudaKernel* kernel, HoneCudaMatrix image,
                     HoneCudaMatrix factor, const double* alpha, HoneCudaMatrix at, double* mean,
                     double* explained) {
    const auto status = right->predict(session, kernel, image, factor, alpha, at, mean, explained);
    mean[at.columns - 1] += 1e-3;
    return status;
  };
  return wrong;
}

TEST_CASE("cuda: a device with wrong numbers is found out", "[accelerator]") {
  const test::EmulatedCuda cuda = test::Emulated();
  const HoneCudaApi wrong = WithWrongMeans(cuda.api);
  auto device = CudaDevice::Open(wrong, 0);
  REQUIRE(device.has_value());
  const Status checked = CheckNumbers(**device);
  REQUIRE_FALSE(checked.has_value());
  CHECK(checked.error().code == Code::kDataLoss);
}

}  // namespace
}  // namespace hone
