// SPDX-License-Identifier: Apache-2.0
#include "core/settings.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace hone {
namespace {

using Kind = SettingSpec::Kind;

SettingSpec NumericSetting(Kind kind, std::string name, const Limits& limits, std::string doc) {
  SettingSpec spec;
  spec.name = std::move(name);
  spec.kind = kind;
  spec.min = limits.min;
  spec.max = limits.max;
  spec.open_min = limits.open_min;
  spec.open_max = limits.open_max;
  spec.doc = std::move(doc);
  return spec;
}

std::optional<double> NumberIn(const SettingSpec& spec, std::string_view text) {
  if (spec.kind == Kind::kInt) {
    const std::optional<std::int64_t> x = ParseInt(text);
    return x ? std::optional(static_cast<double>(*x)) : std::nullopt;
  }
  const std::optional<double> x = ParseDouble(text);
  return x && std::isfinite(*x) ? x : std::nullopt;
}

bool InRange(const SettingSpec& spec, double x) {
  const bool above = !spec.min || (spec.open_min ? x > *spec.min : x >= *spec.min);
  const bool below = !spec.max || (spec.open_max ? x < *spec.max : x <= *spec.max);
  return above && below;
}

bool Accepts(const SettingSpec& spec, std::string_view text) {
  switch (spec.kind) {
    case Kind::kInt:
    case Kind::kReal: {
      const std::optional<double> x = NumberIn(spec, text);
      return x && InRange(spec, *x);
    }
    case Kind::kChoice:
      return std::ranges::find(spec.choices, text) != spec.choices.end();
    case Kind::kFlag:
      return text == "true" || text == "false";
    case Kind::kText:
      return true;
  }
  return false;
}

void RefuseUnknown(std::span<const SettingSpec> schema, const Setting& setting, std::string field,
                   Problems& problems) {
  std::vector<std::string_view> names;
  for (const SettingSpec& spec : schema) {
    names.push_back(spec.name);
  }
  const std::string_view nearest = Nearest(setting.name, names);
  std::string message = "there is no setting " + Quoted(setting.name);
  if (!nearest.empty()) {
    message += "; did you mean " + Quoted(nearest) + "?";
  } else if (names.empty()) {
    message += "; this algorithm has none, remove it";
  } else {
    const std::vector<std::string> known(names.begin(), names.end());
    message += "; known are " + Join(known, ", ");
  }
  problems.Refuse(std::move(field), std::move(message));
}

/// "0 < real < 1", "int >= 0", "real".
std::string DescribeNumber(const SettingSpec& spec, const std::string& word) {
  const char* const low = spec.open_min ? " < " : " <= ";
  const char* const high = spec.open_max ? " < " : " <= ";
  if (spec.min && spec.max) {
    return FormatDouble(*spec.min) + low + word + high + FormatDouble(*spec.max);
  }
  if (spec.min) {
    return word + (spec.open_min ? " > " : " >= ") + FormatDouble(*spec.min);
  }
  return spec.max ? word + high + FormatDouble(*spec.max) : word;
}

}  // namespace

SettingSpec IntSetting(std::string name, std::optional<std::int64_t> value, const Limits& limits,
                       std::string doc) {
  SettingSpec spec = NumericSetting(Kind::kInt, std::move(name), limits, std::move(doc));
  if (value) {
    spec.default_text = std::to_string(*value);
  }
  return spec;
}

SettingSpec RealSetting(std::string name, std::optional<double> value, const Limits& limits,
                        std::string doc) {
  SettingSpec spec = NumericSetting(Kind::kReal, std::move(name), limits, std::move(doc));
  if (value) {
    spec.default_text = FormatDouble(*value);
  }
  return spec;
}

SettingSpec ChoiceSetting(std::string name, std::string value, std::vector<std::string> choices,
                          std::string doc) {
  SettingSpec spec;
  spec.name = std::move(name);
  spec.kind = Kind::kChoice;
  spec.default_text = std::move(value);
  spec.choices = std::move(choices);
  spec.doc = std::move(doc);
  return spec;
}

std::string DescribeRange(const SettingSpec& spec) {
  switch (spec.kind) {
    case Kind::kInt:
      return DescribeNumber(spec, "int");
    case Kind::kReal:
      return DescribeNumber(spec, "real");
    case Kind::kChoice:
      return "one of " + Join(spec.choices, ", ");
    case Kind::kFlag:
      return "true or false";
    case Kind::kText:
      return "text";
  }
  return "text";
}

bool Settings::Has(std::string_view name) const {
  return values_.contains(std::string(name));
}

std::int64_t Settings::Int(std::string_view name) const {
  const std::optional<std::int64_t> x = ParseInt(Text(name));
  HONE_CHECK(x.has_value(), "the setting " + std::string(name) + " is no int");
  return *x;
}

double Settings::Real(std::string_view name) const {
  const std::optional<double> x = ParseDouble(Text(name));
  HONE_CHECK(x.has_value(), "the setting " + std::string(name) + " is no real");
  return *x;
}

const std::string& Settings::Text(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  HONE_CHECK(found != values_.end(),
             "the setting " + std::string(name) + " has neither value nor default");
  return found->second;
}

Settings CheckSettings(std::span<const SettingSpec> schema, std::span<const Setting> given,
                       std::string_view path, Problems& problems) {
  std::map<std::string, std::string> values;
  std::map<std::string_view, std::size_t> first_use;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const Setting& setting = given[i];
    const std::string item = std::string(path) + "[" + std::to_string(i) + "]";
    const auto spec = std::ranges::find(schema, setting.name, &SettingSpec::name);
    const auto [use, is_new] = first_use.emplace(setting.name, i);
    if (spec == schema.end()) {
      RefuseUnknown(schema, setting, item + ".name", problems);
    } else if (!is_new) {
      problems.Refuse(item + ".name", Quoted(setting.name) + " was given already by setting " +
                                          std::to_string(use->second) + "; remove one of the two");
    } else if (!Accepts(*spec, setting.value)) {
      problems.Refuse(item + ".value", "setting " + Quoted(setting.name) + " must be " +
                                           DescribeRange(*spec) + ", not " + Quoted(setting.value));
    } else {
      values.emplace(setting.name, setting.value);
    }
  }
  for (const SettingSpec& spec : schema) {
    if (spec.default_text) {
      values.emplace(spec.name, *spec.default_text);
    } else if (spec.required && !first_use.contains(spec.name)) {
      problems.Refuse(std::string(path), "the setting " + Quoted(spec.name) + " is required (" +
                                             DescribeRange(spec) + "): " + spec.doc);
    }
  }
  return Settings(std::move(values));
}

}  // namespace hone
