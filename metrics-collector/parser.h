// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/observation.h"
#include "core/problem.h"
#include "core/spec.h"

namespace hone {

/// Turns complete lines of a log into records. Pure; the log is untrusted.
/// @threads  immutable after creation
class MetricParser {
 public:
  virtual ~MetricParser() = default;
  /// Appends the records of one line (without its end) to `out`, in order of appearance.
  virtual void ParseLine(std::string_view line, std::vector<MetricRecord>& out) const = 0;
  /// For people: why a line that gave no record gave none. Empty if it does not concern the
  /// metrics.
  [[nodiscard]] virtual std::string WhyNothing(std::string_view line) const = 0;
};

/// The parser an experiment asks for. @errors kInvalidArgument: a filter that does not compile or
/// lacks its two groups
Result<std::unique_ptr<MetricParser>> MakeParser(const CollectorSpec& collector,
                                                 const Objective& objective);

/// The check of a spec that needs the regular expression library: every filter compiles and has a
/// group for the name and one for the value.
void CheckFilters(const CollectorSpec& collector, Problems& problems);

}  // namespace hone
