// SPDX-License-Identifier: Apache-2.0
// Flag over environment over file over default.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/wire/yaml.h"
#include "apps/cli/settings.h"
#include "base/file.h"
#include "base/text.h"

namespace hone::cli {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 20;

/// A value with its place.
struct Placed {
  std::string text;
  std::string source;
};
using FileValues = std::map<std::string, Placed, std::less<>>;

struct ConfigPath {
  std::string path;
  bool named = true;  // by a person, so that it must exist
};

ConfigPath FindFile(const FlagTexts& flags, const Environment& environment) {
  if (const auto flag = flags.find("config"); flag != flags.end()) {
    return {flag->second};
  }
  if (const std::string variable = environment("HONE_CONFIG"); !variable.empty()) {
    return {variable};
  }
  if (const std::string xdg = environment("XDG_CONFIG_HOME"); !xdg.empty() && xdg.front() == '/') {
    return {xdg + "/hone/config.yaml", false};
  }
  const std::string home = environment("HOME");
  return {home.empty() ? "" : home + "/.config/hone/config.yaml", false};
}

Error UnknownKey(std::span<const Setting> settings, const std::string& key, std::string place) {
  std::vector<std::string_view> known;
  for (const Setting& setting : settings) {
    known.push_back(setting.key);
  }
  std::string message = "there is no such setting";
  if (const std::string_view near = Nearest(key, known); !near.empty()) {
    message += ", did you mean " + std::string(near) + "?";
  }
  return {Code::kInvalidArgument, message + " ('hone config' lists all)", std::move(place)};
}

/// A scalar as it was written. @errors kInvalidArgument for lists and maps
Result<std::string> TextOf(const YamlDocument& document, const std::string& key,
                           const nlohmann::json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  const auto plain = document.source.PlainText(key);
  if (!plain || value.is_null()) {
    return Fail(Code::kInvalidArgument, "must have one value; remove the key to use the default");
  }
  return *plain;
}

Result<FileValues> ReadDocument(std::span<const Setting> settings, const std::string& path,
                                const YamlDocument& document) {
  FileValues values;
  if (document.value->is_null()) {
    return values;
  }
  if (!document.value->is_object()) {
    return Fail(Code::kInvalidArgument, "must be a map of settings", path + ":1");
  }
  for (const auto& [key, value] : document.value->items()) {
    const std::string line = path + ":" + std::to_string(document.source.LineOf(key));
    const std::string place = line + ": " + Printable(key, 60);
    if (std::none_of(settings.begin(), settings.end(),
                     [&](const Setting& setting) { return setting.key == key; })) {
      return tl::make_unexpected(UnknownKey(settings, key, place));
    }
    auto text = TextOf(document, key, value);
    if (!text.has_value()) {
      return Fail(Code::kInvalidArgument, text.error().message, place);
    }
    if (key == "data-dir" && !text->starts_with('/')) {
      return Fail(Code::kInvalidArgument, "must be an absolute path in a file", place);
    }
    values[key] = {std::move(*text), line};
  }
  return values;
}

Result<FileValues> ReadConfigFile(std::span<const Setting> settings, const ConfigPath& file) {
  std::error_code unreadable;
  const bool optional = !file.named && !std::filesystem::exists(file.path, unreadable);
  if (file.path.empty() || optional) {
    return FileValues();
  }
  auto text = ReadFile(file.path, kLargestFile);
  if (!text.has_value()) {
    return Fail(Code::kInvalidArgument, "the configuration file: " + text.error().Text());
  }
  const auto documents = ParseYaml(*text);
  if (!documents.has_value()) {
    return Fail(Code::kInvalidArgument, documents.error().message,
                file.path + ":" + std::to_string(documents.error().line));
  }
  if (documents->size() > 1) {
    return Fail(Code::kInvalidArgument, "must be one YAML document", file.path);
  }
  return documents->empty() ? FileValues() : ReadDocument(settings, file.path, documents->front());
}

/// A setting's text, where it comes from, and how an error names that.
struct Said {
  std::string text;
  std::string source;
  std::string place;
};

Said Find(const Setting& setting, const FlagTexts& flags, const Environment& environment,
          const FileValues& file) {
  if (const auto flag = flags.find(setting.key); flag != flags.end()) {
    return {flag->second, "flag " + setting.Flag(), setting.Flag()};
  }
  if (const std::string variable = environment(setting.Variable()); !variable.empty()) {
    return {variable, "environment " + setting.Variable(), setting.Variable()};
  }
  if (const auto found = file.find(setting.key); found != file.end()) {
    return {found->second.text, found->second.source, found->second.source + ": " + setting.key};
  }
  return {setting.default_text(environment), "default", setting.Flag()};
}

}  // namespace

Result<Config> ResolveConfig(std::span<const Setting> settings, const FlagTexts& flags,
                             const Environment& environment) {
  HONE_ASSIGN_OR_RETURN(const FileValues file,
                        ReadConfigFile(settings, FindFile(flags, environment)));
  Config config;
  for (const Setting& setting : settings) {
    const Said said = Find(setting, flags, environment, file);
    // What has no default is left to whoever knows the machine.
    const bool unset = said.source == "default" && said.text.empty();
    if (const Status set = unset ? Status() : setting.set(config, said.text); !set.has_value()) {
      return Fail(Code::kInvalidArgument, set.error().message, said.place);
    }
    const bool masked = setting.secret && !said.text.empty();
    config.effective.push_back({setting.key, masked ? "***" : said.text, said.source});
  }
  return config;
}

}  // namespace hone::cli
