// SPDX-License-Identifier: Apache-2.0
// Format JSON: lines of a log.
#include "base/check.h"
#include "metrics-collector/json_lines.h"
#include "tests/fuzz/fuzz.h"

void hone::fuzz::FuzzOne(std::string_view input) {
  const auto parser = MakeJsonLinesParser({"loss", "acc"});
  std::vector<MetricRecord> records;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    parser->ParseLine(line, records);
  }
  for (const MetricRecord& record : records) {
    HONE_CHECK(record.metric == "loss" || record.metric == "acc",
               "only metrics that were asked for");
  }
}
