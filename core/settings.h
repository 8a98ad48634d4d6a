// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/problem.h"

namespace hone {

/// A name and a text as they stand in an experiment file.
struct Setting {
  std::string name;
  std::string value;
  bool operator==(const Setting&) const = default;
};

/// One setting of an algorithm: the schema behind validation, defaults, help, forms and
/// docs/algorithms.md.
struct SettingSpec {
  enum class Kind { kInt, kReal, kChoice, kText, kFlag };
  std::string name;
  Kind kind = Kind::kText;
  std::optional<std::string> default_text;  ///< nothing: unset unless given
  std::optional<double> min;
  std::optional<double> max;
  bool open_min = false;  ///< the bound itself is not allowed
  bool open_max = false;
  std::vector<std::string> choices;
  std::string doc;
  bool required = false;
};

/// Limits of a numeric setting; use with designated initializers.
struct Limits {
  std::optional<double> min = std::nullopt;
  std::optional<double> max = std::nullopt;
  bool open_min = false;
  bool open_max = false;
};

SettingSpec IntSetting(std::string name, std::optional<std::int64_t> value, const Limits& limits,
                       std::string doc);
SettingSpec RealSetting(std::string name, std::optional<double> value, const Limits& limits,
                        std::string doc);
SettingSpec ChoiceSetting(std::string name, std::string value, std::vector<std::string> choices,
                          std::string doc);

/// "int >= 0", "0 < real < 1", "one of a, b": for messages and tables.
std::string DescribeRange(const SettingSpec& spec);

/// Settings after checking: defaults filled in, every value known to parse and be in range.
class Settings {
 public:
  Settings() = default;
  explicit Settings(std::map<std::string, std::string> values) : values_(std::move(values)) {}

  [[nodiscard]] bool Has(std::string_view name) const;
  /// The following abort when the setting is absent or of another kind: the schema promised it.
  [[nodiscard]] std::int64_t Int(std::string_view name) const;
  [[nodiscard]] double Real(std::string_view name) const;
  [[nodiscard]] const std::string& Text(std::string_view name) const;

 private:
  std::map<std::string, std::string> values_;
};

/// Checks what the user wrote against a schema: unknown names (with the nearest known one),
/// duplicates, missing required ones, values that do not parse or are out of range.
/// @param path  of the list, such as "spec.algorithm.algorithmSettings"
Settings CheckSettings(std::span<const SettingSpec> schema, std::span<const Setting> given,
                       std::string_view path, Problems& problems);

}  // namespace hone
