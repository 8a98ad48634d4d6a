// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace hone::auth {

/// So many requests a second, and as many at once after a pause: a token bucket.
class RateBucket {
 public:
  /// @param rate_per_second  > 0
  bool Take(std::uint32_t rate_per_second, Timestamp now) {
    const std::chrono::duration<double> gone = now - last_;
    const double rate = rate_per_second;
    left_ = IsSet(last_) ? std::clamp(left_ + gone.count() * rate, 0.0, rate) : rate;
    last_ = now;
    if (left_ < 1) {
      return false;
    }
    left_ -= 1;
    return true;
  }

 private:
  double left_ = 0;
  Timestamp last_{};
};

}  // namespace hone::auth
