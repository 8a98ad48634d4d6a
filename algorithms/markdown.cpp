// SPDX-License-Identifier: Apache-2.0
#include "algorithms/markdown.h"

#include "algorithms/registry.h"
#include "base/text.h"
#include "core/settings_table.h"

namespace hone {
namespace {

std::string Section(const SearcherInfo& info) {
  std::string text = "\n## " + info.name + "\n\n" + info.summary + ". Source: " + info.source +
                     ".\n\nSupports: " + Join(CapabilityWords(info.supports), ", ") + ".\n";
  text += SettingsTable(info.settings);
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
      "`constrained` that constraints are, `checkpoints` that trials go on from what others "
      "left.\n";
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    text += Section(*info);
  }
  return text;
}

}  // namespace hone
