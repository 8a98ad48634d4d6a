// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/observation.h"

namespace hone {

/// What one step of a LogReader read.
struct TailStep {
  std::uint64_t offset_before = 0;
  std::uint64_t offset_after =
      0;  ///< of the first byte not yet turned into records: the start of an unfinished line
  std::vector<MetricRecord> records;
  bool at_end = true;        ///< false: there is more to read now
  std::string started_over;  ///< if the log was cut or replaced: how; `offset_after` is 0 then
  std::string damaged;  ///< if bytes are no records: what and where, in words; told once a place
};

/// Follows a growing log from an offset on. One that starts at the `offset_after` of another goes
/// on exactly where that one was.
/// @threads  one at a time
class LogReader {
 public:
  virtual ~LogReader() = default;
  /// Reads at most 256 KiB. @param final  the log is complete
  /// @errors  those of the source; nothing is lost then, the next Step reads the same bytes
  virtual Result<TailStep> Step(bool final) = 0;
};

}  // namespace hone
