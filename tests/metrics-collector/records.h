// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "metrics-collector/parser.h"

namespace hone::test {

/// "name=value" for each record, with "@time" behind it where the record has one.
inline std::vector<std::string> Show(const std::vector<MetricRecord>& records) {
  std::vector<std::string> shown;
  for (const MetricRecord& record : records) {
    const std::string at = record.at ? "@" + FormatMicros(*record.at) : "";
    shown.push_back(record.metric + "=" + record.text + at);
  }
  return shown;
}

inline std::vector<std::string> ParseOne(const MetricParser& parser, std::string_view line) {
  std::vector<MetricRecord> records;
  parser.ParseLine(line, records);
  return Show(records);
}

}  // namespace hone::test
