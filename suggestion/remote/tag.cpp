// SPDX-License-Identifier: Apache-2.0
#include "suggestion/remote/tag.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace hone::remote {
namespace {

using nlohmann::json;

std::string TextOr(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

}  // namespace

std::string MakeTag(const Tag& tag) {
  json object = {{"started", FormatMicros(tag.started)}};
  if (!tag.name.empty()) {
    object["name"] = tag.name;
  }
  for (const Setting& setting : tag.settings) {
    object["settings"].push_back({{"name", setting.name}, {"value", setting.value}});
  }
  return DumpJson(object);
}

Tag ReadTag(std::string_view text) {
  const json object = ParseJson(text);
  Tag tag;
  if (!object.is_object()) {
    return tag;
  }
  tag.started = ParseTimestamp(TextOr(object, "started")).value_or(Timestamp());
  tag.name = TextOr(object, "name");
  const auto settings = object.find("settings");
  if (settings == object.end() || !settings->is_array()) {
    return tag;
  }
  for (const json& item : *settings) {
    if (item.is_object()) {
      tag.settings.push_back({TextOr(item, "name"), TextOr(item, "value")});
    }
  }
  return tag;
}

}  // namespace hone::remote
