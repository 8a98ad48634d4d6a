// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

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

/// An array of rows of a table, as PostgreSQL reads it from a text. Values take the table's columns
/// in their order; those that are left out at the end of a row have to be told as Null.
class RowsText {
 public:
  RowsText& Row();
  RowsText& Int(std::int64_t value);
  RowsText& Unsigned(std::uint64_t value) { return Int(static_cast<std::int64_t>(value)); }
  RowsText& Text(std::string_view value);
  RowsText& Real(const std::optional<double>& value);
  /// Nothing for a time that is not set.
  RowsText& Time(Timestamp value);
  RowsText& Time(const std::optional<Timestamp>& value);
  RowsText& Null(int columns = 1);

  [[nodiscard]] std::string Take() &&;

 private:
  void Begin();

  std::string text_ = "{";
  bool open_ = false;   // a row was begun
  bool first_ = false;  // it has no value yet
};

}  // namespace hone::postgres
