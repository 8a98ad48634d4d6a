// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>

#include "accelerator/used_from.h"
#include "base/result.h"

namespace hone {

/// What one piece of work takes.
struct Timing {
  std::int64_t size = 0;  ///< in the unit of a threshold
  double processor_seconds = 0;
  double device_seconds = 0;
};

/// The least of these sizes from which on the device is faster at every one, by a quarter at least:
/// a tie is no gain, and one lucky size no rule. @param timings  by ascending size
std::optional<std::int64_t> FasterFrom(std::span<const Timing> timings);

/// Computes a small model both ways. @errors kDataLoss: the device's numbers are wrong;
/// kUnavailable: it broke
Status CheckNumbers(CudaDevice& device);

/// Times models of the sizes that searches have, here and on the device, each three times: the best
/// counts. Takes about a quarter of a second of the processor.
/// @param seconds  a clock
Thresholds Measure(CudaDevice& device, const std::function<double()>& seconds);

}  // namespace hone
