// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "core/ports/byte_source.h"
#include "trial-runner/local/file_watch.h"

namespace hone::local {

/// A file of this machine. A file that is made later is seen. It is held open, so that what was
/// written to it before another file took its place is still read, and no other file can have its
/// inode; a file shorter than the offset was cut. One that was cut and has grown beyond the offset
/// between two reads looks like one that only grew.
/// @param watched  who is told when it grows
std::unique_ptr<ByteSource> OpenFileSource(std::filesystem::path path, WatchedBy watched = {});

/// The same for a file whose path is not known at first. @param find  asked until it gives a path
using FindPath = std::function<Result<std::optional<std::filesystem::path>>()>;
std::unique_ptr<ByteSource> OpenFileSource(FindPath find, WatchedBy watched = {});

}  // namespace hone::local
