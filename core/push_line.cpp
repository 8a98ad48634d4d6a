// SPDX-License-Identifier: Apache-2.0
#include "core/push_line.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace hone {
namespace {

using nlohmann::json;

// [metric, text, microseconds since 1970 or null, step or null]
constexpr std::size_t kParts = 4;

}  // namespace

std::string PushLine(const MetricRecord& record) {
  json parts = {record.metric, record.text, nullptr, nullptr};
  if (record.at) {
    parts[2] = record.at->time_since_epoch().count();
  }
  if (record.step) {
    parts[3] = *record.step;
  }
  return DumpJson(parts) + "\n";
}

std::optional<MetricRecord> ParsePushLine(std::string_view line) {
  const json parts = ParseJson(line);
  const bool whole =
      parts.is_array() && parts.size() == kParts && parts[0].is_string() && parts[1].is_string();
  if (!whole) {
    return std::nullopt;
  }
  MetricRecord record{parts[0].get<std::string>(), parts[1].get<std::string>(), {}, {}};
  if (parts[2].is_number_integer()) {
    record.at = Timestamp(Duration(parts[2].get<std::int64_t>()));
  }
  if (parts[3].is_number()) {
    record.step = parts[3].get<double>();
  }
  return record;
}

}  // namespace hone
