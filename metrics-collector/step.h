// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace hone {

/// What a step, an epoch, an iteration may be: a finite number that is not negative; a log may say
/// anything.
inline std::optional<double> ParseStep(std::string_view text) {
  const std::optional<double> step = ParseDouble(text);
  return step && std::isfinite(*step) && *step >= 0 ? step : std::nullopt;
}

}  // namespace hone
