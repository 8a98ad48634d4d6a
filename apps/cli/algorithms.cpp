// SPDX-License-Identifier: Apache-2.0
// hone algorithms: the registry of search algorithms.
#include <nlohmann/json.hpp>

#include "algorithms/markdown.h"
#include "algorithms/registry.h"
#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/verb.h"
#include "base/text.h"

namespace hone::cli {
namespace {

std::string DefaultOf(const SettingSpec& setting) {
  return setting.required ? "required" : setting.default_text.value_or("unset");
}

std::string SettingsText(const SearcherInfo& info) {
  std::vector<std::string> parts;
  parts.reserve(info.settings.size());
  for (const SettingSpec& setting : info.settings) {
    parts.push_back(setting.name + " (" + DescribeRange(setting) + ", " + DefaultOf(setting) + ")");
  }
  return Join(parts, "; ");
}

std::string TableText() {
  Table table({"NAME", "SUMMARY", "SUPPORTS", "SETTINGS"});
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    table.Add({info->name, info->summary, Join(CapabilityWords(info->supports), ","),
               SettingsText(*info)});
  }
  return table.Text();
}

nlohmann::json SettingObject(const SettingSpec& setting) {
  nlohmann::json object = {{"name", setting.name},
                           {"accepted", DescribeRange(setting)},
                           {"required", setting.required},
                           {"doc", setting.doc}};
  if (setting.default_text) {
    object["default"] = *setting.default_text;
  }
  return object;
}

nlohmann::json Document() {
  nlohmann::json items = nlohmann::json::array();
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    nlohmann::json settings = nlohmann::json::array();
    for (const SettingSpec& setting : info->settings) {
      settings.push_back(SettingObject(setting));
    }
    items.push_back({{"name", info->name},
                     {"summary", info->summary},
                     {"source", info->source},
                     {"supports", CapabilityWords(info->supports)},
                     {"settings", std::move(settings)}});
  }
  return {{"items", std::move(items)}};
}

struct Options {
  bool markdown = false;
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Flag("--markdown", options.markdown, "as docs/algorithms.md");
  args.Output(options.output);
}

Result<int> ListAlgorithms(const Config& /*config*/, const Options& options) {
  const auto& [markdown, output] = options;
  if (markdown) {
    HONE_RETURN_IF_ERROR(PrintText(AlgorithmsMarkdown()));
  } else if (output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText()));
  } else {
    HONE_RETURN_IF_ERROR(PrintDocument(Document(), output));
  }
  return kExitOk;
}

}  // namespace

Verb AlgorithmsVerb() {
  return MakeVerb<Options>({.name = "algorithms",
                            .group = kSetUpGroup,
                            .summary = "the search algorithms and their settings",
                            .example = "hone algorithms"},
                           &Declare, &ListAlgorithms);
}

}  // namespace hone::cli
