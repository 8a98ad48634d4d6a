// SPDX-License-Identifier: Apache-2.0
#include "controller/admission/schema.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "algorithms/registry.h"
#include "base/json.h"
#include "base/text.h"
#include "controller/admission/schema_fields.h"
#include "earlystop/registry.h"

namespace hone {
namespace {

using Json = nlohmann::ordered_json;  // fields in the order of the table
using schema::Field;
using schema::Kind;

Json TypeOf(Kind kind) {
  switch (kind) {
    case Kind::kText:
      return "string";
    case Kind::kNumberText:
      return {"string", "number", "boolean"};
    case Kind::kInteger:
      return "integer";
    case Kind::kNumber:
      return "number";
    case Kind::kFlag:
      return "boolean";
    case Kind::kObject:
    case Kind::kTextMap:
    case Kind::kNumberTextMap:
      return "object";
    case Kind::kList:
      return "array";
  }
  return "object";
}

Json SchemaOf(const Field& field) {
  Json one = {{"type", TypeOf(field.kind)}, {"description", field.doc}};
  if (!field.words.empty()) {
    one["enum"] = Json::array();
    for (const std::string_view word : Split(field.words, ' ')) {
      one["enum"].push_back(word);
    }
  }
  if (field.kind == Kind::kTextMap) {
    one["additionalProperties"] = {{"type", "string"}};
  }
  if (field.kind == Kind::kNumberTextMap) {
    one["additionalProperties"] = {{"type", TypeOf(Kind::kNumberText)}};
  }
  return one;
}

/// The schema of the object or list that a path lies in, and the last part of the path.
std::pair<Json*, std::string> PlaceOf(Json& root, std::string_view path) {
  Json* at = &root;
  while (true) {
    if (path == "[]") {
      return {at, ""};
    }
    if (path.starts_with("[].")) {
      at = &(*at)["items"];
      path.remove_prefix(3);
    }
    const std::size_t end = path.find_first_of(".[");
    const std::string key(path.substr(0, end));
    if (end == std::string_view::npos) {
      return {at, key};
    }
    at = &(*at)["properties"][key];
    path.remove_prefix(path[end] == '.' ? end + 1 : end);
  }
}

void Add(Json& root, const Field& field) {
  const auto [at, key] = PlaceOf(root, field.path);
  if (key.empty()) {
    (*at)["items"] = SchemaOf(field);
    return;
  }
  (*at)["properties"][key] = SchemaOf(field);
  if (field.required) {
    (*at)["required"].push_back(key);
  }
}

/// One setting of one algorithm, as an alternative of what a list's item may be.
Json SettingItem(const SettingSpec& setting) {
  Json value = {{"description", setting.doc + " (" + DescribeRange(setting) + ")"}};
  if (!setting.choices.empty()) {
    value["enum"] = setting.choices;
  }
  if (setting.default_text) {
    value["default"] = *setting.default_text;
  }
  return {{"properties", {{"name", {{"const", setting.name}}}, {"value", std::move(value)}}}};
}

/// What holds for the settings if the algorithm is this one.
Json RuleOf(const std::string& name, const std::vector<SettingSpec>& settings, bool any_setting) {
  Json alternatives = Json::array();
  for (const SettingSpec& setting : settings) {
    alternatives.push_back(SettingItem(setting));
  }
  Json then = Json::object();
  if (!any_setting && !alternatives.empty()) {
    then = {{"properties", {{"algorithmSettings", {{"items", {{"anyOf", alternatives}}}}}}}};
  }
  return {{"if", {{"properties", {{"algorithmName", {{"const", name}}}}}}},
          {"then", std::move(then)}};
}

/// What is registered, as far as a file may name it.
struct Choices {
  explicit Choices(std::string what) : doc(std::move(what)) {}

  template <class Info>
  void Add(const Info& info, bool any_setting) {
    names.push_back(info.name);
    rules.push_back(RuleOf(info.name, info.settings, any_setting));
    doc += "\n" + info.name + ": " + info.summary;
  }

  Json names = Json::array();
  Json rules = Json::array();
  std::string doc;
};

void AddChoices(Json& algorithm, const Choices& choices) {
  const Json item = {
      {"type", "object"},
      {"properties",
       {{"name", {{"type", "string"}}}, {"value", {{"type", TypeOf(Kind::kNumberText)}}}}},
      {"required", {"name", "value"}}};
  algorithm["properties"] = {
      {"algorithmName", {{"type", "string"}, {"description", choices.doc}}},
      {"endpoint",
       {{"type", "string"},
        {"description",
         "HOST:PORT of a service of Katib's that is asked instead (hone's own); it knows what the "
         "name and the settings mean."}}},
      {"endpointTimeout",
       {{"type", "string"},
        {"description", "Of one call of it, such as 90s; 60s, if nothing is said (hone's own)."}}},
      {"algorithmSettings",
       {{"type", "array"},
        {"description", "What it is told; `hone algorithms` has the ranges."},
        {"items", item}}}};
  algorithm["required"] = {"algorithmName"};
  algorithm["allOf"] = choices.rules;
  algorithm["allOf"].push_back(
      {{"if", {{"not", {{"required", {"endpoint"}}}}}},
       {"then", {{"properties", {{"algorithmName", {{"enum", choices.names}}}}}}}});
}

}  // namespace

std::string ExperimentSchema() {
  Json root = {{"$schema", "http://json-schema.org/draft-07/schema#"},
               {"title", "Experiment"},
               {"description",
                "An experiment of hone: Katib's v1beta1 Experiment and hone's own fields. Made by "
                "`hone schema`."},
               {"type", "object"}};
  for (const Field& field : schema::AllFields()) {
    Add(root, field);
  }
  Json& spec = root["properties"]["spec"]["properties"];
  Choices searchers("The search algorithm.");
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    searchers.Add(*info, info->ignores_unknown_settings);
  }
  AddChoices(spec["algorithm"], searchers);
  Choices stoppers("The rule.");
  for (const StopperInfo* info : StopperRegistry::Instance().All()) {
    stoppers.Add(*info, false);
  }
  AddChoices(spec["earlyStopping"], stoppers);
  spec["nasConfig"]["properties"]["operations"]["items"]["properties"]["parameters"]["items"] =
      spec["parameters"]["items"];
  return DumpJson(root, 2) + "\n";
}

}  // namespace hone
