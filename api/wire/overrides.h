// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire/yaml.h"
#include "core/problem.h"

namespace hone {

/// Values put into a document after it was read, each written as `field.path=value` (the value is
/// YAML; none removes the field). Later ones win.
class Overrides {
 public:
  Overrides() = default;
  /// @param problems  told of texts that are no override, with "--set N" (from 1 on) as their field
  static Overrides Parse(std::span<const std::string> texts, Problems& problems);

  /// Maps on the way to a value are made, items of lists must exist.
  /// @param problems  as for Parse
  void Apply(nlohmann::json& document, Problems& problems) const;

  /// "--set N" if the value at the path was put there by it.
  [[nodiscard]] std::optional<std::string> PlaceOf(std::string_view path) const;
  /// "--set N" if it made the path, a part of it, or something under it.
  [[nodiscard]] std::optional<std::string> NearestPlaceOf(std::string_view path) const;
  /// As SourceMap::PlainText, for paths that have a place.
  [[nodiscard]] std::optional<std::string> PlainText(std::string_view path) const;

 private:
  struct One {
    std::size_t number = 1;
    std::string path;
    YamlDocument value;
  };
  [[nodiscard]] const One* Find(std::string_view path) const;

  std::vector<One> list_;
};

}  // namespace hone
