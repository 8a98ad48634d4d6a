// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace hone {

/// What one trial of an experiment takes of the runner's resources.
struct Demand {
  std::uint32_t cpus = 1;
  std::uint32_t gpus = 0;
  std::uint64_t memory_bytes = 0;
  bool operator==(const Demand&) const = default;
};

/// All the resources of a runner, used or not.
struct Capacity {
  std::uint32_t cpus = 0;
  std::uint32_t gpus = 0;
  std::uint64_t memory_bytes = 0;  ///< 0: not counted
  bool operator==(const Capacity&) const = default;
};

/// "4 CPUs, 2 GPUs and 8 GiB of memory", without what is zero; "nothing".
std::string DemandText(const Demand& demand);

/// "8 GiB", "512 MiB"; rounded up.
std::string MemoryText(std::uint64_t bytes);

/// Whether a runner with this capacity can ever start such a trial. Too many CPUs are no reason:
/// runners take the machine's number for them.
/// @returns what is wrong, for people; empty: it can
std::string WhyNever(const Demand& demand, const Capacity& total);

}  // namespace hone
