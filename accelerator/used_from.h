// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "accelerator/cuda_device.h"
#include "algorithms/gp/device.h"

namespace hone {

/// The sizes from which a device is faster than the processor; nothing: at none.
struct Thresholds {
  std::optional<std::int64_t> factor{};   ///< points
  std::optional<std::int64_t> predict{};  ///< points squared times others
  [[nodiscard]] bool Never() const { return !factor && !predict; }
  bool operator==(const Thresholds&) const = default;
};

/// A device for what is large enough. Which that is follows from the sizes alone.
class UsedFrom final : public gp::Device {
 public:
  /// @param device  outlives this
  UsedFrom(CudaDevice& device, const Thresholds& from) : device_(device), from_(from) {}

  [[nodiscard]] std::optional<gp::MatrixXd> Factor(const gp::Embedding& embedding,
                                                   const gp::Hyper& hyper,
                                                   const gp::MatrixXd& image,
                                                   double noise) const override {
    const bool large = from_.factor && image.cols() >= *from_.factor;
    return large ? device_.Factor(embedding, hyper, image, noise) : std::nullopt;
  }

  [[nodiscard]] std::optional<Posterior> Predict(const gp::Embedding& embedding,
                                                 const gp::Hyper& hyper, const Known& known,
                                                 const gp::MatrixXd& at) const override {
    const std::int64_t size = known.image.cols() * known.image.cols() * at.cols();
    const bool large = from_.predict && size >= *from_.predict;
    return large ? device_.Predict(embedding, hyper, known, at) : std::nullopt;
  }

 private:
  CudaDevice& device_;
  Thresholds from_;
};

}  // namespace hone
