// SPDX-License-Identifier: Apache-2.0
#include "earlystop/markdown.h"

#include "core/settings_table.h"
#include "earlystop/registry.h"

namespace hone {

std::string StoppingRulesMarkdown() {
  std::string text =
      "# Rules of early stopping\n\n"
      "Made by `hone algorithms --early-stopping --markdown`; do not edit. Settings go into\n"
      "`spec.earlyStopping.algorithmSettings` of the experiment file. "
      "[early-stopping.md](early-stopping.md)\n"
      "says which rule to take when.\n";
  for (const StopperInfo* info : StopperRegistry::Instance().All()) {
    text += "\n## " + info->name;
    text += "\n\n" + info->summary;
    text += ". Source: " + info->source;
    text += ".\n" + SettingsTable(info->settings);
  }
  return text;
}

}  // namespace hone
