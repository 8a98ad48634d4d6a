// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics-collector/parser.h"

namespace hone {

/// Katib's filter for `name=value`, used when an experiment gives none.
extern const char* const kDefaultFilter;

/// Why a filter cannot be used. @errors kInvalidArgument
Status CheckFilter(const std::string& filter);

/// Format TEXT (StdOut and File): `name=value` anywhere in a line that names one of the metrics.
/// @param filters  RE2, group 1 the name, group 2 the value; empty: kDefaultFilter
/// @param step     name of what says the step of the metrics in the same line; the last one counts.
///                 Empty: nothing does
/// @errors kInvalidArgument as CheckFilter
Result<std::unique_ptr<MetricParser>> MakeTextParser(std::vector<std::string> metrics,
                                                     const std::vector<std::string>& filters,
                                                     std::string step = {});

/// The names that kDefaultFilter finds with a value in a text, each once, in order.
/// @param limit  not more than so many
std::vector<std::string> NamesWithValues(std::string_view text, std::size_t limit);

}  // namespace hone
