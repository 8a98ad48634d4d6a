// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "algorithms/gp/cuda/abi.h"
#include "base/result.h"

namespace hone {

/// Loads a library of abi.h's kind. It stays loaded to the end of the process: CUDA's own libraries
/// do not bear to be unloaded.
/// @returns not null @errors kNotFound: it, or a library that it needs, cannot be loaded;
///          kFailedPrecondition: it is none of these, or of another version
Result<const HoneCudaApi*> LoadCudaLibrary(const std::filesystem::path& file);

}  // namespace hone
