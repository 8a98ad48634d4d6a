// SPDX-License-Identifier: Apache-2.0
#include "core/template.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "core/plain_scalar.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::string_view kOpen = "${trialParameters.";
constexpr std::string_view kMetaOpen = "${trialSpec.";

struct Replacements {
  std::map<std::string, std::string, std::less<>> values;
  bool typed = false;  // kPlainMark is meant
};

/// The next "<open>NAME}" at or after `from`: where it starts, where it ends, and NAME (not empty).
struct Reference {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view name;
};

std::optional<Reference> NextReference(std::string_view text, std::string_view open,
                                       std::size_t from) {
  const std::size_t begin = text.find(open, from);
  if (begin == std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t name = begin + open.size();
  const std::size_t close = text.find('}', name + 1);
  if (close == std::string_view::npos) {
    return std::nullopt;
  }
  return Reference{begin, close + 1, text.substr(name, close - name)};
}

/// One pass from left to right: a value that looks like a placeholder is not looked at again.
Result<std::string> Substitute(std::string_view text, const Replacements& replacements) {
  std::string out;
  std::size_t done = 0;
  while (const auto reference = NextReference(text, kOpen, done)) {
    const auto value = replacements.values.find(reference->name);
    if (value == replacements.values.end()) {
      return Fail(Code::kInvalidArgument,
                  "the template uses " +
                      Quoted(text.substr(reference->begin, reference->end - reference->begin)) +
                      ", which is not in trialParameters",
                  "spec.trialTemplate.trialSpec");
    }
    out += text.substr(done, reference->begin - done);
    out += value->second;
    done = reference->end;
  }
  out += text.substr(done);
  return out;
}

bool MayContain(std::string_view text) {
  return text.find(kOpen) != std::string_view::npos;
}

Status SubstituteIn(json& node, const Replacements& replacements);

Status SubstituteInObject(json& node, const Replacements& replacements) {
  const bool in_keys =
      std::ranges::any_of(node.items(), [](const auto& item) { return MayContain(item.key()); });
  for (auto& item : node) {
    HONE_RETURN_IF_ERROR(SubstituteIn(item, replacements));
  }
  if (!in_keys) {
    return {};
  }
  json renamed = json::object();
  for (auto& [key, value] : node.items()) {
    HONE_ASSIGN_OR_RETURN(const std::string new_key, Substitute(key, replacements));
    if (renamed.contains(new_key)) {
      return Fail(Code::kInvalidArgument,
                  "two fields of the template become " + Quoted(new_key) + " with these values",
                  "spec.trialTemplate.trialSpec");
    }
    renamed[new_key] = std::move(value);
  }
  node = std::move(renamed);
  return {};
}

Status SubstituteInList(json& node, const Replacements& replacements) {
  for (json& item : node) {
    HONE_RETURN_IF_ERROR(SubstituteIn(item, replacements));
  }
  return {};
}

Status SubstituteInText(json& node, const Replacements& replacements) {
  std::string_view text = node.get_ref<const std::string&>();
  const bool plain = replacements.typed && text.starts_with(kPlainMark);
  if (plain) {
    text.remove_prefix(kPlainMark.size());
  }
  HONE_ASSIGN_OR_RETURN(std::string filled, Substitute(text, replacements));
  json typed = plain ? ResolvePlainScalar(filled) : json();
  const bool is_number = typed.is_number() && std::isfinite(typed.get<double>());
  node = is_number || typed.is_boolean() ? std::move(typed) : json(std::move(filled));
  return {};
}

Status SubstituteIn(json& node, const Replacements& replacements) {
  if (node.is_object()) {
    return SubstituteInObject(node, replacements);
  }
  if (node.is_array()) {
    return SubstituteInList(node, replacements);
  }
  if (node.is_string() && MayContain(node.get_ref<const std::string&>())) {
    return SubstituteInText(node, replacements);
  }
  return {};
}

Result<json> ParseTemplate(const ExperimentSpec& spec) {
  json object = ParseJson(spec.trial_template.trial_spec);
  if (!object.is_object()) {
    return Fail(Code::kInvalidArgument, "is not a JSON object", "spec.trialTemplate.trialSpec");
  }
  return object;
}

Result<std::string> MetadataEntry(const json& object, const char* map, std::string_view key,
                                  std::string_view reference) {
  const auto metadata = object.find("metadata");
  if (metadata != object.end() && metadata->is_object()) {
    const json entries = metadata->value(map, json::object());
    const auto entry = entries.is_object() ? entries.find(std::string(key)) : entries.end();
    if (entry != entries.end() && entry->is_string()) {
      return entry->get<std::string>();
    }
  }
  return Fail(Code::kInvalidArgument, Quoted(reference) + ": the template's metadata." + map +
                                          " has no text under " + Quoted(key));
}

Result<std::string> ParameterValue(const ExperimentSpec& spec, const Assignment& values,
                                   const std::string& reference) {
  const std::optional<std::size_t> index = spec.space.Find(reference);
  if (!index || *index >= values.size()) {
    return Fail(Code::kInvalidArgument, "there is no value for parameter " + Quoted(reference));
  }
  const Value& value = values[*index];
  const std::optional<std::string>& inactive = spec.space.parameters[*index].inactive_value;
  if (value.active) {
    return value.text;
  }
  if (!inactive) {
    return Fail(Code::kInvalidArgument,
                "parameter " + Quoted(reference) + " is inactive and has no inactiveValue");
  }
  return *inactive;
}

Result<Replacements> MakeReplacements(const json& object, const ExperimentSpec& spec,
                                      std::string_view trial_name, const Assignment& values) {
  Replacements replacements;
  replacements.typed = spec.trial_template.config_map.has_value();
  const std::vector<TrialParameter>& parameters = spec.trial_template.parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const TrialParameter& parameter = parameters[i];
    Result<std::string> value =
        IsMetadataReference(parameter.reference)
            ? MetadataReference(object, spec, trial_name, parameter.reference)
            : ParameterValue(spec, values, parameter.reference);
    if (!value) {
      return Fail(value.error().code, value.error().message,
                  "spec.trialTemplate.trialParameters[" + std::to_string(i) + "].reference");
    }
    replacements.values[parameter.name] = std::move(*value);
  }
  return replacements;
}

}  // namespace

Result<std::string> RenderTrial(const ExperimentSpec& spec, std::string_view trial_name,
                                const Assignment& values) {
  HONE_ASSIGN_OR_RETURN(json object, ParseTemplate(spec));
  HONE_ASSIGN_OR_RETURN(const Replacements replacements,
                        MakeReplacements(object, spec, trial_name, values));
  HONE_RETURN_IF_ERROR(SubstituteIn(object, replacements));
  json& metadata = object["metadata"];
  if (!metadata.is_object()) {
    metadata = json::object();
  }
  metadata["name"] = trial_name;
  metadata["namespace"] = spec.name_space;
  return DumpJson(object);
}

std::optional<PlaceholderRange> FindPlaceholder(std::string_view text) {
  const auto reference = NextReference(text, kOpen, 0);
  return reference ? std::optional(PlaceholderRange{reference->begin, reference->end})
                   : std::nullopt;
}

std::vector<std::string> PlaceholdersIn(std::string_view text) {
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  std::size_t done = 0;
  while (const auto reference = NextReference(text, kOpen, done)) {
    if (seen.insert(reference->name).second) {
      names.emplace_back(reference->name);
    }
    done = reference->end;
  }
  return names;
}

Result<std::string> MetadataReference(const json& object, const ExperimentSpec& spec,
                                      std::string_view trial_name, std::string_view reference) {
  const auto found = NextReference(reference, kMetaOpen, 0);
  const std::string_view word = found ? found->name : std::string_view{};
  if (word == "Name") {
    return std::string(trial_name);
  }
  if (word == "Namespace") {
    return spec.name_space;
  }
  for (const auto& [known, field] :
       {std::pair{"Kind", "kind"}, std::pair{"APIVersion", "apiVersion"}}) {
    const auto value = object.find(field);
    if (word == known && value != object.end() && value->is_string()) {
      return value->get<std::string>();
    }
  }
  for (const auto& [known, map] :
       {std::pair{"Labels[", "labels"}, std::pair{"Annotations[", "annotations"}}) {
    const std::string_view prefix = known;
    if (word.starts_with(prefix) && word.ends_with(']') && word.size() > prefix.size() + 1) {
      return MetadataEntry(object, map, word.substr(prefix.size(), word.size() - prefix.size() - 1),
                           reference);
    }
  }
  return Fail(Code::kInvalidArgument,
              Quoted(reference) +
                  " is unknown; use ${trialSpec.Name}, Namespace, Kind, APIVersion, Labels[KEY] or "
                  "Annotations[KEY]");
}

bool IsMetadataReference(std::string_view reference) {
  return NextReference(reference, kMetaOpen, 0).has_value();
}

}  // namespace hone
