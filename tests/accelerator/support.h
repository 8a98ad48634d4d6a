// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "accelerator/cuda_device.h"
#include "algorithms/gp/model.h"

namespace hone::test {

/// The library with the emulated runtime, and how it is told to fail.
struct EmulatedCuda {
  const HoneCudaApi& api;
  void (*fail_from)(long k);
  long (*calls)();
  long (*alive)();
  void (*devices)(int count);
  void (*hang)(bool hangs);
  void (*forget)();
};
EmulatedCuda Emulated();

/// A device of the emulated library.
std::unique_ptr<CudaDevice> EmulatedDevice();

/// The library that nvcc made, on a device of this machine.
/// @param why  set to the reason if there is none
std::unique_ptr<CudaDevice> RealDevice(std::string& why);

/// A number, a category of three, a number under two of the categories, a number.
gp::Dimensions MixedDimensions();
/// Of these dimensions, with every part of the covariance; the first number is warped.
gp::Hyper MixedHyper();
gp::MatrixXd SomePoints(Eigen::Index rows, Eigen::Index count, std::uint32_t stream);
gp::VectorXd SomeOutputs(const gp::MatrixXd& points);

}  // namespace hone::test
