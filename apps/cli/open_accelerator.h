// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "apps/cli/config.h"
#include "base/result.h"

namespace hone {
class Accelerator;
}

namespace hone::cli {

/// The setting `accelerator`: a device for the models of searches.
struct AcceleratorChoice {
  std::filesystem::path library{};  ///< empty: hone's own
  int ordinal = 0;                  ///< which device, by CUDA's count
  bool operator==(const AcceleratorChoice&) const = default;
};

/// "none", "cuda", "cuda:1", or the absolute path of a library. @returns nothing: none
Result<std::optional<AcceleratorChoice>> ParseAccelerator(const std::string& text);

/// The setting as it holds.
std::optional<AcceleratorChoice> ChosenAccelerator(const Config& config);

/// The chosen device, measured. @returns null: none is wanted @errors  why it is not to be had
Result<std::unique_ptr<Accelerator>> OpenAccelerator(const Config& config);

/// The same for who goes on without: a log line says why. @returns null: none
std::unique_ptr<Accelerator> AcceleratorOrNone(const Config& config);

}  // namespace hone::cli
