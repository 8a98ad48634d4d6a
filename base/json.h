// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace hone {

// The library's parser and writer are templates that take seconds to compile; here they are
// compiled once.

/// The value that the whole text is; `is_discarded()` if it is none.
nlohmann::json ParseJson(std::string_view text);
/// @throws nlohmann::json::parse_error  says where; for texts of our own
nlohmann::json ParseJsonOrThrow(std::string_view text);

/// The text of a value: on one line, or with `indent` blanks a level. Bytes that are no UTF-8
/// become U+FFFD.
std::string DumpJson(const nlohmann::json& value, int indent = -1);
std::string DumpJson(const nlohmann::ordered_json& value, int indent = -1);

}  // namespace hone
