// SPDX-License-Identifier: Apache-2.0
// hone config: what is configured, and where each value comes from.
#include <nlohmann/json.hpp>

#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/settings.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

struct Options {
  bool markdown = false;
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Flag("--markdown", options.markdown, "as docs/configuration.md");
  args.Output(options.output);
}

std::string Shown(const EffectiveValue& setting) {
  const std::string unset = setting.key == "store" ? "hone.db" : "all";
  return setting.value.empty() ? unset : setting.value;
}

Result<int> ShowConfig(const Config& config, const Options& options) {
  if (options.markdown) {
    HONE_RETURN_IF_ERROR(PrintText(ConfigurationMarkdown()));
    return kExitOk;
  }
  if (options.output == OutputFormat::kTable) {
    Table table({"KEY", "VALUE", "SOURCE"});
    for (const EffectiveValue& setting : config.effective) {
      table.Add({setting.key, Shown(setting), setting.source});
    }
    HONE_RETURN_IF_ERROR(PrintText(table.Text()));
    return kExitOk;
  }
  nlohmann::json items = nlohmann::json::array();
  for (const EffectiveValue& setting : config.effective) {
    items.push_back(
        {{"key", setting.key},
         {"value", setting.value.empty() ? nlohmann::json() : nlohmann::json(setting.value)},
         {"source", setting.source}});
  }
  HONE_RETURN_IF_ERROR(PrintDocument({{"items", std::move(items)}}, options.output));
  return kExitOk;
}

}  // namespace

Verb ConfigVerb() {
  return MakeVerb<Options>({.name = "config",
                            .group = kSetUpGroup,
                            .summary = "what is configured, and where each value comes from",
                            .example = "hone config --cpus 4"},
                           &Declare, &ShowConfig);
}

}  // namespace hone::cli
