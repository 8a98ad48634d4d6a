// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "base/utf8.h"

namespace hone {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
// Integers up to here are exact and read better without an exponent.
constexpr double kPlainIntegers = 1e15;

char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool SkipPlus(std::string_view& text) {
  if (!text.starts_with('+')) {
    return true;
  }
  text.remove_prefix(1);
  return !text.starts_with('-') && !text.starts_with('+');
}

// std::from_chars leaves no value when a number is out of range; strtod tells too small (rounds to
// zero) from too large (no such number).
std::optional<double> OutOfRange(std::string_view text) {
  static const locale_t kC = newlocale(LC_ALL_MASK, "C", nullptr);
  const double value = strtod_l(std::string(text).c_str(), nullptr, kC);
  return std::isinf(value) ? std::nullopt : std::optional(value);
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (LowerAscii(a[i]) == LowerAscii(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

// Control characters, and those that reorder or hide the text around them.
bool IsUnsafe(std::uint32_t c) {
  const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
  const bool separator = c == 0x2028 || c == 0x2029;
  const bool direction = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  return control || separator || direction;
}

void AppendEscaped(std::string& out, std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += kHex[byte >> 4U];
    out += kHex[byte & 0x0FU];
  }
}

}  // namespace

std::string FormatDouble(double x) {
  if (std::isnan(x)) {
    return "nan";
  }
  if (std::isinf(x)) {
    return x < 0 ? "-inf" : "inf";
  }
  std::array<char, 32> buffer{};
  const bool plain = std::fabs(x) < kPlainIntegers && x == std::trunc(x);
  const auto end = plain ? std::to_chars(buffer.begin(), buffer.end(), x, std::chars_format::fixed)
                         : std::to_chars(buffer.begin(), buffer.end(), x);
  return std::string(buffer.begin(), end.ptr);
}

std::optional<double> ParseDouble(std::string_view text) {
  if (!SkipPlus(text) || text.empty()) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.back() == ')') {  // ")": from_chars takes nan(123)
    return std::nullopt;
  }
  if (error == std::errc::result_out_of_range) {
    return OutOfRange(text);
  }
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<std::int64_t> ParseInt(std::string_view text) {
  if (!SkipPlus(text)) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + 1);
  }
}

std::string Join(std::span<const std::string> parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) {
      out += separator;
    }
    out += parts[i];
  }
  return out;
}

std::string_view Nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  best_distance = std::min(best_distance, word.size());  // all letters changed is not a slip
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = EditDistance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string Printable(std::string_view text, std::size_t limit) {
  std::string out;
  std::size_t cut = 0;  // where the ellipsis goes if the text turns out to be too long
  while (!text.empty() && out.size() <= limit) {
    if (out.size() + kEllipsis.size() <= limit) {
      cut = out.size();
    }
    const CodePoint c = FirstCodePoint(text);
    const std::string_view bytes = text.substr(0, std::max<std::size_t>(c.length, 1));
    if (c.length == 0) {
      out += kReplacement;
    } else if (IsUnsafe(c.value)) {
      AppendEscaped(out, bytes);
    } else {
      out += bytes;
    }
    text.remove_prefix(bytes.size());
  }
  if (out.size() > limit) {
    out.resize(cut);
    out += kEllipsis.substr(0, limit >= kEllipsis.size() ? kEllipsis.size() : 0);
  }
  return out;
}

std::string NoSuch(std::string_view what, std::string_view name,
                   const std::vector<std::string>& known) {
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const std::string_view near = Nearest(name, candidates);
  return "there is no " + std::string(what) + " " + Quoted(name) + "; " +
         (near.empty() ? "known are " + Join(known, ", ")
                       : "did you mean \"" + std::string(near) + "\"?");
}

std::string Quoted(std::string_view text) {
  return "\"" + Printable(text) + "\"";
}

}  // namespace hone
