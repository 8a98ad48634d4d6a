// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hone::local {

/// The machine's GPUs and how many of them are given away. Not thread-safe.
class GpuPool {
 public:
  GpuPool() = default;
  /// @param names  as CUDA_VISIBLE_DEVICES takes them: "0", "1", or "GPU-8932f937-..."
  explicit GpuPool(std::vector<std::string> names);

  [[nodiscard]] std::size_t size() const { return gpus_.size(); }
  /// The first `count` free ones, or nothing if there are fewer.
  std::optional<std::vector<std::string>> Take(std::size_t count);
  /// Marks these as given away by an earlier instance; unknown ones are fine.
  void TakeNamed(const std::vector<std::string>& names);
  void Give(const std::vector<std::string>& names);

 private:
  struct Gpu {
    std::string name;
    int users = 0;
  };
  std::vector<Gpu> gpus_;
};

/// What the driver tells of a GPU, or of a MIG device, which counts as one of its own.
struct GpuInfo {
  std::string name;   ///< as CUDA_VISIBLE_DEVICES takes it: "0", or the UUID of a MIG device
  std::string model;  ///< "NVIDIA A100-SXM4-40GB MIG 1g.5gb"; empty: not known
  std::uint64_t memory_bytes = 0;  ///< 0: not known
  bool operator==(const GpuInfo&) const = default;
};

/// All GPUs of the machine; one that is cut into MIG devices is left out for them. No driver: none.
/// @param library  of the driver's management interface (NVML); loaded with dlopen
std::vector<GpuInfo> ListGpus(const std::string& library);

/// The GPUs that trials may use: those of `visible` (the value of CUDA_VISIBLE_DEVICES that hone
/// was started with) if there is one, else what NVIDIA's driver library tells. No driver: none.
std::vector<std::string> DetectGpus(const std::string& library,
                                    const std::optional<std::string>& visible);

}  // namespace hone::local
