// SPDX-License-Identifier: Apache-2.0
#include "core/plain_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/text.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 11> kTrue = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                                    "True", "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 11> kFalse = {"n",     "N",     "no",  "No",  "NO", "false",
                                                     "False", "FALSE", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 3> kNan = {".nan", ".NaN", ".NAN"};
constexpr std::array<std::string_view, 3> kInfinity = {".inf", ".Inf", ".INF"};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t SkipDigits(std::string_view text, std::size_t pos) {
  while (pos < text.size() && IsDigit(text[pos])) {
    ++pos;
  }
  return pos;
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool LooksLikeFloat(std::string_view text) {
  std::size_t pos = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const std::size_t whole = SkipDigits(text, pos);
  bool digits = whole > pos;
  pos = whole;
  if (pos < text.size() && text[pos] == '.') {
    const std::size_t fraction = SkipDigits(text, pos + 1);
    digits = digits || fraction > pos + 1;
    pos = fraction;
  }
  if (!digits) {
    return false;
  }
  if (pos < text.size() && (text[pos] == 'e' || text[pos] == 'E')) {
    ++pos;
    pos += pos < text.size() && (text[pos] == '-' || text[pos] == '+') ? 1 : 0;
    const std::size_t exponent = SkipDigits(text, pos);
    if (exponent == pos) {
      return false;
    }
    pos = exponent;
  }
  return pos == text.size();
}

int TakeBase(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') {
    return 10;
  }
  const char mark = digits[1];
  const bool marked = std::string_view("xXbBoO").find(mark) != std::string_view::npos;
  digits.remove_prefix(marked ? 2 : 1);
  if (mark == 'x' || mark == 'X') {
    return 16;
  }
  return mark == 'b' || mark == 'B' ? 2 : 8;
}

/// A whole number with an optional sign and the base marks 0x, 0b, 0o and 0.
std::optional<json> ParseWhole(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  const int base = TakeBase(text);
  std::uint64_t magnitude = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  if (!negative) {
    return json(magnitude);
  }
  constexpr std::uint64_t kMostNegative = std::uint64_t{1} << 63U;
  if (magnitude > kMostNegative) {
    return std::nullopt;
  }
  return json(static_cast<std::int64_t>(~magnitude + 1));
}

std::optional<json> ParseNumber(std::string_view text) {
  std::string plain(text);
  std::erase(plain, '_');
  if (auto whole = ParseWhole(plain)) {
    return whole;
  }
  if (!LooksLikeFloat(plain)) {
    return std::nullopt;
  }
  const std::optional<double> number = ParseDouble(plain);
  if (!number || !std::isfinite(*number)) {
    return std::nullopt;  // beyond the range of a double: a text
  }
  constexpr double kExact = 1e15;
  if (*number == std::trunc(*number) && std::abs(*number) < kExact) {
    return json(static_cast<std::int64_t>(*number));
  }
  return json(*number);
}

bool In(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

}  // namespace

json ResolvePlainScalar(std::string_view text) {
  if (In(text, kNull)) {
    return nullptr;
  }
  if (In(text, kTrue) || In(text, kFalse)) {
    return In(text, kTrue);
  }
  if (In(text, kNan)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const bool is_signed = text.starts_with('-') || text.starts_with('+');
  if (In(is_signed ? text.substr(1) : text, kInfinity)) {
    return std::numeric_limits<double>::infinity();
  }
  if (is_signed || text.starts_with('.') || IsDigit(text.front())) {
    if (auto number = ParseNumber(text)) {
      return std::move(*number);
    }
  }
  return std::string(text);
}

}  // namespace hone
