// SPDX-License-Identifier: Apache-2.0
// hone algorithms: the registries of search algorithms and of rules of early stopping.
#include <nlohmann/json.hpp>

#include "algorithms/markdown.h"
#include "algorithms/registry.h"
#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/verb.h"
#include "base/text.h"
#include "core/settings_table.h"
#include "earlystop/markdown.h"
#include "earlystop/registry.h"

namespace hone::cli {
namespace {

std::string SettingsText(const std::vector<SettingSpec>& settings) {
  std::vector<std::string> parts;
  parts.reserve(settings.size());
  for (const SettingSpec& setting : settings) {
    parts.push_back(setting.name + " (" + DescribeRange(setting) + ", " + DefaultOf(setting) + ")");
  }
  return Join(parts, "; ");
}

std::string SearchersText() {
  Table table({"NAME", "SUMMARY", "SUPPORTS", "SETTINGS"});
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    table.Add({info->name, info->summary, Join(CapabilityWords(info->supports), ","),
               SettingsText(info->settings)});
  }
  return table.Text();
}

std::string StoppersText() {
  Table table({"NAME", "SUMMARY", "SETTINGS"});
  for (const StopperInfo* info : StopperRegistry::Instance().All()) {
    table.Add({info->name, info->summary, SettingsText(info->settings)});
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

template <class Info>
nlohmann::json ObjectOf(const Info& info) {
  nlohmann::json settings = nlohmann::json::array();
  for (const SettingSpec& setting : info.settings) {
    settings.push_back(SettingObject(setting));
  }
  return {{"name", info.name},
          {"summary", info.summary},
          {"source", info.source},
          {"settings", std::move(settings)}};
}

nlohmann::json SearchersDocument() {
  nlohmann::json items = nlohmann::json::array();
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    nlohmann::json item = ObjectOf(*info);
    item["supports"] = CapabilityWords(info->supports);
    items.push_back(std::move(item));
  }
  return {{"items", std::move(items)}};
}

nlohmann::json StoppersDocument() {
  nlohmann::json items = nlohmann::json::array();
  for (const StopperInfo* info : StopperRegistry::Instance().All()) {
    items.push_back(ObjectOf(*info));
  }
  return {{"items", std::move(items)}};
}

struct Options {
  bool early_stopping = false;
  bool markdown = false;
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Flag("--early-stopping", options.early_stopping, "the rules of early stopping instead");
  args.Flag("--markdown", options.markdown, "as docs/algorithms.md or docs/stopping-rules.md");
  args.Output(options.output);
}

Result<int> ListAlgorithms(const Config& /*config*/, const Options& options) {
  const auto& [stoppers, markdown, output] = options;
  if (markdown) {
    HONE_RETURN_IF_ERROR(PrintText(stoppers ? StoppingRulesMarkdown() : AlgorithmsMarkdown()));
  } else if (output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(stoppers ? StoppersText() : SearchersText()));
  } else {
    HONE_RETURN_IF_ERROR(
        PrintDocument(stoppers ? StoppersDocument() : SearchersDocument(), output));
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
