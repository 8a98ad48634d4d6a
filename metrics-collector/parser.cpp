// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/parser.h"

#include "metrics-collector/json_lines.h"
#include "metrics-collector/text.h"

namespace hone {

Result<std::unique_ptr<MetricParser>> MakeParser(const CollectorSpec& collector,
                                                 const Objective& objective) {
  if (collector.format == FileFormat::kJson) {
    return MakeJsonLinesParser(objective.MetricNames());
  }
  return MakeTextParser(objective.MetricNames(), collector.metrics_format);
}

void CheckFilters(const CollectorSpec& collector, Problems& problems) {
  for (std::size_t i = 0; i < collector.metrics_format.size(); ++i) {
    if (const Status usable = CheckFilter(collector.metrics_format[i]); !usable) {
      problems.Refuse(
          "spec.metricsCollectorSpec.source.filter.metricsFormat[" + std::to_string(i) + "]",
          usable.error().message);
    }
  }
}

}  // namespace hone
