// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hone::postgres {

/// A text as a column holds it, and back; see store/schema/postgres/0001_initial.sql.
std::string Stored(std::string_view text);
std::string Original(std::string stored);

std::string ToHex(std::string_view bytes);
/// @param digits  two per byte, as ToHex makes them
std::string FromHex(std::string_view digits);

/// An array as PostgreSQL reads it from a text.
class ArrayText {
 public:
  /// @param value  nothing: NULL
  void Add(const std::optional<std::string>& value);
  [[nodiscard]] std::string Take() &&;

 private:
  std::string text_ = "{";
};

}  // namespace hone::postgres
