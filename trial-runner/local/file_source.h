// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "core/ports/byte_source.h"

namespace hone::local {

/// A file of this machine. It is opened anew for each Read, so that a file that is made later or
/// replaced is seen.
std::unique_ptr<ByteSource> OpenFileSource(std::filesystem::path path);

/// The same for a file whose path is not known at first. @param find  asked until it gives a path
using FindPath = std::function<Result<std::optional<std::filesystem::path>>()>;
std::unique_ptr<ByteSource> OpenFileSource(FindPath find);

}  // namespace hone::local
