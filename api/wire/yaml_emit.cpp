// SPDX-License-Identifier: Apache-2.0
#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>
#include <yaml-cpp/null.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/wire/yaml.h"
#include "base/check.h"
#include "base/json.h"
#include "base/text.h"
#include "core/plain_scalar.h"

namespace hone {
namespace {

using nlohmann::json;

bool IsSafeChar(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/' || c == '-';
}

/// Whether a text means itself without quotes, to any reader of YAML.
bool MayStandPlain(const std::string& text) {
  return !text.empty() && text.front() != '-' && std::ranges::all_of(text, IsSafeChar) &&
         ResolvePlainScalar(text).is_string() && (text.front() < '0' || text.front() > '9') &&
         text.front() != '.';
}

/// Characters that YAML allows in escapes only, beyond those that yaml-cpp escapes by itself.
bool NeedsEscapes(std::string_view text) {
  constexpr std::string_view kNeverPlain[] = {"\x7f", "\xef\xbf\xbe", "\xef\xbf\xbf"};
  return std::ranges::any_of(kNeverPlain, [text](std::string_view character) {
    return text.find(character) != std::string_view::npos;
  });
}

void EmitText(const std::string& text, YAML::Emitter& out) {
  if (!MayStandPlain(text)) {
    out << YAML::DoubleQuoted;
  }
  if (NeedsEscapes(text)) {
    out << YAML::EscapeNonAscii;
  }
  out << text;
}

void Emit(const json& value, YAML::Emitter& out) {
  if (value.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [key, member] : value.items()) {
      out << YAML::Key;
      EmitText(key, out);
      out << YAML::Value;
      Emit(member, out);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    out << YAML::BeginSeq;
    for (const json& item : value) {
      Emit(item, out);
    }
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    EmitText(value.get_ref<const std::string&>(), out);
  } else if (value.is_null()) {
    out << YAML::Null;
  } else {
    out << DumpJson(value);  // flags and numbers are written as in JSON
  }
}

}  // namespace

std::string EmitYaml(const json& value) {
  YAML::Emitter out;
  Emit(value, out);
  HONE_CHECK(out.good(), "every JSON value has a YAML form");
  return std::string(out.c_str()) + "\n";
}

}  // namespace hone
