// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace hone {

/// How long this process may be sure to own what it owns: until its last heartbeat runs out, by its
/// own clock. The store refuses the writes of an owner that was declared dead; this is for what no
/// store sees, the start of a trial.
/// @threads  safe
class OwnerLease {
 public:
  void Extend(Timestamp until) { until_ = until.time_since_epoch().count(); }
  [[nodiscard]] bool Holds(Timestamp now) const { return now.time_since_epoch().count() < until_; }

 private:
  std::atomic<std::int64_t> until_ = 0;  // microseconds since 1970
};

}  // namespace hone
