// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "metrics-collector/parser.h"

namespace hone {

/// Format JSON: one object per line, a member for each metric, an optional `timestamp` (RFC 3339 or
/// Unix seconds).
/// Differs from Katib: numbers are values too; a fraction of Unix seconds is a true fraction; a
/// line that is no JSON is skipped, where Katib gives up the whole log; Python's NaN and Infinity
/// are read as the texts nan, inf and -inf.
/// @param step  the member that says the step of the line; Katib knows none
std::unique_ptr<MetricParser> MakeJsonLinesParser(std::vector<std::string> metrics,
                                                  std::string step = "step");

}  // namespace hone
