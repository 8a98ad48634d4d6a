// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace hone::local {

struct Node;

/// A volume of a pod at its place in a container.
struct Mount {
  enum class Kind {
    kEmpty,   ///< a new folder of the attempt
    kMemory,  ///< the same in memory
    kHost,    ///< a file or folder of this machine
  };
  Kind kind = Kind::kEmpty;
  std::string volume;     ///< its name
  std::string host_path;  ///< kHost
  std::string host_type;  ///< kHost: "Directory" and the like; empty: not checked
  std::string target;     ///< absolute
  std::string sub_path;   ///< below the volume; may be empty
  bool read_only = false;
  std::uint64_t memory_limit = 0;  ///< kMemory, bytes; 0: none
  bool operator==(const Mount&) const = default;
};

/// The volumeMounts of a container with the volumes of its pod. What is neither emptyDir nor
/// hostPath is refused.
std::vector<Mount> DecodeMounts(const Node& pod, const Node& container);

/// Where the content of a mount lies on this machine; empty for kMemory.
std::filesystem::path SourceOf(const Mount& mount, const std::filesystem::path& attempt);

/// Makes what a mount needs before it can be mounted.
/// @errors kNotFound, kInvalidArgument: the host's file is not there, or is of another type; as
/// MakeFolders
Status PrepareMount(const Mount& mount, const std::filesystem::path& attempt);

}  // namespace hone::local
