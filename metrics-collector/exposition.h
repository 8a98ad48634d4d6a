// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "core/observation.h"

namespace hone {

/// A metric of an experiment as a selector of Prometheus samples: `loss`, or `loss{split="val"}`,
/// which takes samples that have these labels and maybe others. Without labels it takes the sample
/// that has none, else the only one of its name.
struct SampleSelector {
  using Labels = std::vector<std::pair<std::string, std::string>>;
  std::string metric;  ///< as the experiment writes it
  std::string name;
  Labels labels;
};

/// @errors kInvalidArgument: what stands in braces is no list of label="value"
Result<SampleSelector> ParseSelector(const std::string& metric);

/// What one answer of an endpoint said.
struct Exposition {
  std::vector<MetricRecord> records;  ///< in the order of the selectors; at most one for each
  std::string ambiguous;              ///< a metric that several samples fit, in words; else empty
};

/// Reads Prometheus' text exposition format (version 0.0.4; exemplars of OpenMetrics are passed
/// by). The text is untrusted: one line that is none, or a last line without its end, and nothing
/// of it is believed. Values are kept as written (`NaN` and `+Inf` too).
/// @errors kDataLoss: which line is no sample
/// @source https://prometheus.io/docs/instrumenting/exposition_formats/
Result<Exposition> ReadExposition(std::string_view text,
                                  const std::vector<SampleSelector>& selectors);

}  // namespace hone
