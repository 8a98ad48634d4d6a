// SPDX-License-Identifier: Apache-2.0
#include "core/settings_table.h"

#include <string_view>

namespace hone {
namespace {

/// Text of a table cell: a bar would end it.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    cell += c == '|' ? std::string("\\|") : std::string(1, c);
  }
  return cell;
}

std::string Row(std::string_view name, std::string_view value, std::string_view range,
                std::string_view doc) {
  return "| " + Cell(name) + " | " + Cell(value) + " | " + Cell(range) + " | " + Cell(doc) + " |\n";
}

}  // namespace

std::string DefaultOf(const SettingSpec& setting) {
  return setting.required ? "required" : setting.default_text.value_or("unset");
}

std::string SettingsTable(std::span<const SettingSpec> settings) {
  if (settings.empty()) {
    return "\nNo settings.\n";
  }
  std::string text =
      "\n" + Row("setting", "default", "accepted", "meaning") + "|---|---|---|---|\n";
  for (const SettingSpec& setting : settings) {
    text += Row("`" + setting.name + "`", DefaultOf(setting), DescribeRange(setting), setting.doc);
  }
  return text;
}

}  // namespace hone
