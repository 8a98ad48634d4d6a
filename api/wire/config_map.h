// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire/yaml.h"

/// Templates of trials that stand in ConfigMaps. Internal to api/wire.
namespace hone {

/// A template as YAML text, read before its placeholders have values.
struct TemplateText {
  std::shared_ptr<const nlohmann::json>
      value;  ///< shared so that this header needs no JSON library
  SourceMap source;
  std::vector<YamlError> mistakes;
};

/// A placeholder may stand wherever a value of it may, also in a flow list. Plain scalars with
/// placeholders get kPlainMark (core/template.h).
/// @param lines_before  the text in its file; all lines are the file's
TemplateText ReadTemplate(std::string_view text, int lines_before);

}  // namespace hone
