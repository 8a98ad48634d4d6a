// SPDX-License-Identifier: Apache-2.0
// What an endpoint answers: a selector, a zero byte, and a text in Prometheus' format.
#include "base/check.h"
#include "base/text.h"
#include "metrics-collector/exposition.h"
#include "tests/fuzz/fuzz.h"

void hone::fuzz::FuzzOne(std::string_view input) {
  const std::string metric(TakePart(input));
  const auto selector = ParseSelector(metric.empty() ? "loss" : metric);
  if (!selector.has_value()) {
    return;
  }
  const auto read = ReadExposition(input, {*selector});
  if (!read.has_value()) {
    HONE_CHECK(!read.error().message.empty(), "what is wrong is told");
    return;
  }
  HONE_CHECK(read->records.size() <= 1, "at most one for each selector");
  for (const MetricRecord& record : read->records) {
    HONE_CHECK(record.metric == selector->metric, "only what was asked for");
    HONE_CHECK(ParseDouble(record.text).has_value(), "a sample is a number");
  }
}
