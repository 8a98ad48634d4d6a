// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/text_codec.h"

#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace hone::postgres {
namespace {

constexpr std::string_view kMark = "\\x";
constexpr std::string_view kDigits = "0123456789abcdef";

bool Fits(std::string_view text) {
  return !text.starts_with(kMark) && text.find('\0') == std::string_view::npos && IsUtf8(text);
}

int DigitOf(char c) {
  const std::size_t at = kDigits.find(c);
  return at == std::string_view::npos ? 0 : static_cast<int>(at);
}

}  // namespace

std::string Stored(std::string_view text) {
  return Fits(text) ? std::string(text) : std::string(kMark) + ToHex(text);
}

std::string Original(std::string stored) {
  return stored.starts_with(kMark) ? FromHex(std::string_view(stored).substr(kMark.size()))
                                   : std::move(stored);
}

std::string ToHex(std::string_view bytes) {
  std::string digits;
  digits.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    digits += kDigits[byte >> 4U];
    digits += kDigits[byte & 15U];
  }
  return digits;
}

std::string FromHex(std::string_view digits) {
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(DigitOf(digits[i]) * 16 + DigitOf(digits[i + 1]));
  }
  return bytes;
}

void ArrayText::Add(const std::optional<std::string>& value) {
  text_ += text_.size() > 1 ? "," : "";
  if (!value) {
    text_ += "NULL";
    return;
  }
  text_ += '"';
  for (const char c : *value) {
    if (c == '"' || c == '\\') {
      text_ += '\\';
    }
    text_ += c;
  }
  text_ += '"';
}

std::string ArrayText::Take() && {
  text_ += '}';
  return std::move(text_);
}

RowsText& RowsText::Row() {
  text_ += open_ ? ")\",\"(" : "\"(";
  open_ = true;
  first_ = true;
  return *this;
}

void RowsText::Begin() {
  text_ += std::exchange(first_, false) ? "" : ",";
}

RowsText& RowsText::Int(std::int64_t value) {
  Begin();
  text_ += std::to_string(value);
  return *this;
}

RowsText& RowsText::Text(std::string_view value) {
  Begin();
  text_ += R"(\")";
  for (const char c : Stored(value)) {  // quoted in the row, and that once more in the array
    if (c == '"') {
      text_ += R"(\"\")";
    } else if (c == '\\') {
      text_ += R"(\\\\)";
    } else {
      text_ += c;
    }
  }
  text_ += R"(\")";
  return *this;
}

RowsText& RowsText::Real(const std::optional<double>& value) {
  Begin();
  text_ += value ? FormatDouble(*value) : "";
  return *this;
}

RowsText& RowsText::Time(Timestamp value) {
  return Time(value == Timestamp{} ? std::nullopt : std::optional(value));
}

RowsText& RowsText::Time(const std::optional<Timestamp>& value) {
  return value ? Int(value->time_since_epoch().count()) : Null();
}

RowsText& RowsText::Null(int columns) {
  for (int i = 0; i < columns; ++i) {
    Begin();
  }
  return *this;
}

std::string RowsText::Take() && {
  text_ += open_ ? ")\"}" : "}";
  return std::move(text_);
}

}  // namespace hone::postgres
