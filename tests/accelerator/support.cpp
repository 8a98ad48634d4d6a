// SPDX-License-Identifier: Apache-2.0
#include "tests/accelerator/support.h"

#include <dlfcn.h>

#include "accelerator/cuda_library.h"
#include "base/log.h"
#include "base/rng.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace hone::test {
namespace {

std::filesystem::path EmulatedFile() {
  return ProgramFolder().parent_path() / "tests" / "libhone_cuda_emulated.so";
}

template <class Function>
Function Find(const char* name) {
  void* const library = ::dlopen(EmulatedFile().c_str(), RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library != nullptr);
  return reinterpret_cast<Function>(::dlsym(library, name));
}

}  // namespace

EmulatedCuda Emulated() {
  ConfigureLog(LogLevel::kOff, LogFormat::kLogfmt);  // the faults are on purpose
  const auto api = LoadCudaLibrary(EmulatedFile());
  INFO((api.has_value() ? "" : api.error().Text()));
  REQUIRE(api.has_value());
  return {**api,
          Find<void (*)(long)>("hone_emulated_fail_from"),
          Find<long (*)()>("hone_emulated_calls"),
          Find<long (*)()>("hone_emulated_alive"),
          Find<void (*)(int)>("hone_emulated_devices"),
          Find<void (*)(bool)>("hone_emulated_hang"),
          Find<void (*)()>("hone_emulated_forget")};
}

std::unique_ptr<CudaDevice> EmulatedDevice() {
  auto device = CudaDevice::Open(Emulated().api, 0);
  INFO((device.has_value() ? "" : device.error().Text()));
  REQUIRE(device.has_value());
  return *std::move(device);
}

std::unique_ptr<CudaDevice> RealDevice(std::string& why) {
  const auto api = LoadCudaLibrary(ProgramFolder() / "libhone_cuda.so");
  if (!api.has_value()) {
    why = api.error().Text();
    return nullptr;
  }
  auto device = CudaDevice::Open(**api, 0);
  if (!device.has_value()) {
    why = device.error().Text();
    return nullptr;
  }
  return *std::move(device);
}

gp::Dimensions MixedDimensions() {
  gp::Dimensions dimensions(4);
  dimensions[1] = {.categorical = true, .values = {1.0 / 6, 0.5, 5.0 / 6}};
  dimensions[2].parent = 1;
  dimensions[2].active_values = {true, false, true};
  return dimensions;
}

gp::Hyper MixedHyper() {
  const gp::VectorXd none = gp::VectorXd::Zero(4);
  gp::Hyper hyper{gp::VectorXd::Constant(4, -0.7), -4, 0.3, none, none, 0.4, 0.2};
  hyper.log_a[0] = 0.4;
  hyper.log_length[3] = 0.2;
  return hyper;
}

gp::MatrixXd SomePoints(Eigen::Index rows, Eigen::Index count, std::uint32_t stream) {
  Rng rng(20, Scope::Experiment(), Purpose::kSimulation, stream);
  gp::MatrixXd points(rows, count);
  for (double& x : points.reshaped()) {
    x = rng.Uniform();
  }
  return points;
}

gp::VectorXd SomeOutputs(const gp::MatrixXd& points) {
  return (5 * points.colwise().sum().array()).sin().matrix().transpose();
}

}  // namespace hone::test
