// SPDX-License-Identifier: Apache-2.0
#include "algorithms/markdown.h"

#include <string_view>

#include "algorithms/registry.h"
#include "base/text.h"

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

std::string DefaultOf(const SettingSpec& setting) {
  return setting.required ? "required" : setting.default_text.value_or("unset");
}

std::string Section(const SearcherInfo& info) {
  std::string text = "\n## " + info.name + "\n\n" + info.summary + ". Source: " + info.source +
                     ".\n\nSupports: " + Join(CapabilityWords(info.supports), ", ") + ".\n";
  if (info.settings.empty()) {
    return text + "\nNo settings.\n";
  }
  text += "\n" + Row("setting", "default", "accepted", "meaning") + "|---|---|---|---|\n";
  for (const SettingSpec& setting : info.settings) {
    text += Row("`" + setting.name + "`", DefaultOf(setting), DescribeRange(setting), setting.doc);
  }
  if (info.ignores_unknown_settings) {
    text += "\nUnknown settings are ignored with a warning.\n";
  }
  return text;
}

}  // namespace

std::string AlgorithmsMarkdown() {
  std::string text =
      "# Search algorithms\n\n"
      "Made by `hone algorithms --markdown`; do not edit. Settings go into\n"
      "`spec.algorithm.algorithmSettings` of the experiment file. `distributions` means that\n"
      "logUniform, normal and logNormal are honoured, `conditional` that activeWhen is,\n"
      "`constrained` that constraints are.\n";
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    text += Section(*info);
  }
  return text;
}

}  // namespace hone
