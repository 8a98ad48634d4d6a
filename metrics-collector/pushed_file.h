// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "core/observation.h"

namespace hone {

/// Most bytes that one attempt may push: about a quarter of a million values.
inline constexpr std::uint64_t kMostPushedBytes = std::uint64_t{32} << 20;

/// The file of what an attempt's collector takes, in PushLines (core/push_line.h), which the engine
/// follows as it follows a log. One writer; whole lines, though a full disk may make one wait.
/// @threads  one at a time
class PushedFile {
 public:
  /// Goes on at the end of a file that is there. @errors as ErrnoError
  static Result<PushedFile> Open(const std::filesystem::path& path,
                                 std::uint64_t most_bytes = kMostPushedBytes);

  /// Adds all of them or none. They outlive this process, not a power cut.
  /// @errors kResourceExhausted: the limit is reached, or the disk is full
  Status Append(std::span<const MetricRecord> records);

 private:
  PushedFile(UniqueFd fd, std::uint64_t size, std::uint64_t most_bytes)
      : fd_(std::move(fd)), size_(size), most_bytes_(most_bytes) {}
  Status WriteRest();

  UniqueFd fd_;
  std::uint64_t size_;  // with rest_
  std::uint64_t most_bytes_;
  std::string rest_;  // of lines that a full disk cut
};

}  // namespace hone
