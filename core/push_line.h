// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/observation.h"

namespace hone {

/// A line of the log of what a trial pushed: all of a record, with its end of line. Invalid UTF-8
/// is replaced.
std::string PushLine(const MetricRecord& record);

/// What PushLine wrote; nothing for other lines.
std::optional<MetricRecord> ParsePushLine(std::string_view line);

}  // namespace hone
