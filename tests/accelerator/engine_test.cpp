// SPDX-License-Identifier: Apache-2.0
// What any library behind algorithms/gp/cuda/abi.h must compute: the same as the processor. Run on
// the emulated one everywhere, and on a device where there is one.
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "accelerator/measure.h"
#include "tests/accelerator/support.h"
#include "tests/catch.h"

namespace hone {
namespace {

using Eigen::Index;
using gp::MatrixXd;
using gp::VectorXd;
using test::SomePoints;

// Rounding: the processor takes distances from products, the library from differences, and a factor
// multiplies that by what the matrix is ill-conditioned.
constexpr double kClose = 1e-8;

struct Case {
  const char* name;
  gp::Dimensions dimensions;
  gp::Hyper hyper;
  Index points;
  Index others;
};

gp::Hyper Plain(Index dimensions) {
  const VectorXd none = VectorXd::Zero(dimensions);
  return {VectorXd::Constant(dimensions, -0.5), -3, 0, none, none, 0, 0};
}

std::vector<Case> Cases() {
  return {{"a mixed space, all parts", test::MixedDimensions(), test::MixedHyper(), 50, 37},
          {"numbers, the product alone", gp::Dimensions(3), Plain(3), 129, 5},
          {"one point, one other", gp::Dimensions(1), Plain(1), 1, 1},
          {"more others than a block has threads", gp::Dimensions(2), Plain(2), 8, 300}};
}

void CheckSame(const MatrixXd& a, const MatrixXd& b) {
  REQUIRE(a.rows() == b.rows());
  REQUIRE(a.cols() == b.cols());
  CHECK((a - b).cwiseAbs().maxCoeff() < kClose);
}

void CheckModels(CudaDevice& device) {
  const UsedFrom always(device, {.factor = 0, .predict = 0});
  for (const Case& c : Cases()) {
    INFO(c.name);
    const gp::Embedding embedding(c.dimensions);
    const auto rows = std::ssize(c.dimensions);
    const MatrixXd points = SomePoints(rows, c.points, 1);
    const MatrixXd others = SomePoints(rows, c.others, 2);
    gp::Model here(embedding, c.hyper, points);
    gp::Model there(embedding, c.hyper, points, &always);
    CheckSame(there.Factor(), here.Factor());
    here.SetOutputs(test::SomeOutputs(points));
    there.SetOutputs(test::SomeOutputs(points));
    CheckSame(there.Predict(others).mean, here.Predict(others).mean);
    CheckSame(there.Predict(others).sd, here.Predict(others).sd);
    // With points appended, matrices have room between their columns and another size.
    here.Condition(others.col(0), true);
    there.Condition(others.col(0), true);
    CheckSame(there.Predict(others).mean, here.Predict(others).mean);
    CheckSame(there.Predict(others).sd, here.Predict(others).sd);
    CHECK_FALSE(device.Broken());
  }
}

void CheckRepeatable(CudaDevice& device) {
  const gp::Embedding embedding(test::MixedDimensions());
  const MatrixXd points = SomePoints(4, 200, 3);
  const UsedFrom always(device, {.factor = 0, .predict = 0});
  const gp::Model once(embedding, test::MixedHyper(), points, &always);
  (void)device.Factor(embedding, test::MixedHyper(),
                      embedding.Map(test::MixedHyper(), SomePoints(4, 7, 4)), 1);  // in between
  const gp::Model again(embedding, test::MixedHyper(), points, &always);
  CHECK(once.Factor() == again.Factor());
}

void CheckIndefinite(CudaDevice& device) {
  const gp::Embedding embedding(gp::Dimensions(2));
  const MatrixXd image = MatrixXd::Constant(2, 3, 0.5);  // one point three times
  CHECK_FALSE(device.Factor(embedding, Plain(2), image, -0.5));
  CHECK_FALSE(device.Broken());
  CHECK(device.Factor(embedding, Plain(2), image, 0.1));
  // A model helps itself: the processor adds to the noise.
  const UsedFrom always(device, {.factor = 0, .predict = 0});
  gp::Hyper noiseless = Plain(2);
  noiseless.log_noise = -60;
  const gp::Model model(embedding, noiseless, image, &always);
  CHECK(model.Factor().allFinite());
}

void CheckEngine(CudaDevice& device) {
  CHECK(CheckNumbers(device).has_value());
  CheckModels(device);
  CheckRepeatable(device);
  CheckIndefinite(device);
}

TEST_CASE("cuda: the engine on an emulated device computes what the processor does",
          "[accelerator]") {
  CheckEngine(*test::EmulatedDevice());
}

TEST_CASE("cuda: the engine on a device computes what the processor does", "[accelerator]") {
  std::string why;
  const auto device = test::RealDevice(why);
  if (device == nullptr) {
    std::printf("SKIPPED: the tests on a CUDA device: %s\n", why.c_str());
    return;
  }
  CheckEngine(*device);
  const Thresholds from = Measure(*device, [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  });
  std::printf("on %s: factors from %lld points, predictions from %lld (-1: never)\n",
              device->info().name, static_cast<long long>(from.factor.value_or(-1)),
              static_cast<long long>(from.predict.value_or(-1)));
}

}  // namespace
}  // namespace hone
