// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/parser.h"

#include "base/text.h"
#include "core/push_line.h"
#include "metrics-collector/json_lines.h"
#include "metrics-collector/text.h"

namespace hone {
namespace {

/// Reads what workers reported, or a process beside the trial took.
class PushLinesParser final : public MetricParser {
 public:
  void ParseLine(std::string_view line, std::vector<MetricRecord>& out) const override {
    if (auto record = ParsePushLine(line)) {
      out.push_back(std::move(*record));
    }
  }
  [[nodiscard]] std::string WhyNothing(std::string_view line) const override {
    return Trim(line).empty() || ParsePushLine(line) ? "" : "is no line of pushed metrics";
  }
};

}  // namespace

Result<std::unique_ptr<MetricParser>> MakeParser(const CollectorSpec& collector,
                                                 const Objective& objective) {
  const bool pushed = collector.kind == CollectorKind::kPush ||
                      collector.kind == CollectorKind::kPrometheus ||
                      collector.kind == CollectorKind::kCustom;
  if (pushed) {
    return std::make_unique<PushLinesParser>();
  }
  if (collector.format == FileFormat::kJson) {
    return collector.step_metric.empty()
               ? MakeJsonLinesParser(objective.MetricNames())
               : MakeJsonLinesParser(objective.MetricNames(), collector.step_metric);
  }
  return MakeTextParser(objective.MetricNames(), collector.metrics_format, collector.step_metric);
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
