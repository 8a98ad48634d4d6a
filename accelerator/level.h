// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "accelerator/used_from.h"

namespace hone {

/// What ExperimentCreated::cpu_level says of an experiment whose models use a device, such as
///   x86-64-v3+cuda[NVIDIA H100 9.0, CUDA 13000, ...; factor from 256; predict never]
/// Without a device it is the instruction set alone.
struct DeviceLevel {
  std::string identity;  ///< IdentityOf
  Thresholds from;
  bool operator==(const DeviceLevel&) const = default;
};

/// @param from  not Never()
std::string LevelText(std::string_view instruction_set, const DeviceLevel& device);

/// @returns  nothing: no device
std::optional<DeviceLevel> DeviceOfLevel(std::string_view level);

}  // namespace hone
