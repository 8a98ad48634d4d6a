// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace hone {

/// Bytes that grow at the end: a log, local or far away.
/// @threads  one at a time
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Appends up to `limit` bytes from `offset` on to `out`. @returns bytes appended; 0 at the
  /// present end, at a gap, and for a source that does not exist yet
  /// @errors  kOutOfRange, told once: what stood before `offset` is gone, because the log was cut
  /// or another one has its place; a reader goes on at 0
  virtual Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit,
                                     std::string& out) = 0;
  /// Where to go on at `offset`: there, or behind a gap, if the log was cut out from there on.
  virtual Result<std::uint64_t> SkipGap(std::uint64_t offset) { return offset; }
};

}  // namespace hone
