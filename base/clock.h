// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hone {

using Duration = std::chrono::microseconds;
/// UTC, microseconds since 1970. The default value means "not set".
using Timestamp = std::chrono::sys_time<Duration>;

inline bool IsSet(Timestamp t) {
  return t != Timestamp{};
}

/// A source of time. Calls are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp Now() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp Now() const override;
};

/// RFC 3339 in UTC with whole seconds, as Katib writes it: "2026-01-31T12:00:00Z".
std::string FormatSeconds(Timestamp t);
/// RFC 3339 in UTC with six digits of fraction.
std::string FormatMicros(Timestamp t);
/// Any RFC 3339 text: fraction (kept to microseconds) and offset allowed.
/// @errors kInvalidArgument
Result<Timestamp> ParseTimestamp(std::string_view text);

}  // namespace hone
