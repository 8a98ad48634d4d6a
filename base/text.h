// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hone {

/// Shortest decimal text that reads back as the same double; "nan", "inf", "-inf" for the rest.
/// Integers below 1e15 have no exponent ("100000"); from there on and for small fractions the
/// shorter of the two notations is taken ("1e+15", "1e-05", "0.25"). Locale-free.
std::string FormatDouble(double x);
/// The whole text as a double in the C locale; surrounding blanks are not allowed. A leading '+'
/// is, and so are "nan", "inf" and "infinity" in any case. Too small for a double is zero (or its
/// nearest denormal), too large is no number.
std::optional<double> ParseDouble(std::string_view text);
/// The whole text as a decimal integer with optional sign.
std::optional<std::int64_t> ParseInt(std::string_view text);

std::string_view Trim(std::string_view text);
/// One part more than there are separators: the empty text has one empty part.
std::vector<std::string_view> Split(std::string_view text, char separator);
/// The parts are views: what they look into has to outlive them.
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> Split(Temporary&& text, char separator) = delete;
std::string Join(std::span<const std::string> parts, std::string_view separator);

/// The candidate nearest to `word` by Levenshtein distance, if near enough to be a slip (distance
/// <= 2 or a third of the length, ignoring case); empty if none. For "did you mean".
std::string_view Nearest(std::string_view word, std::span<const std::string_view> candidates);

/// "there is no WHAT "NAME"; did you mean "NEAREST"?", or with what is known if nothing is near.
/// @param name  untrusted; shown as Printable makes it
std::string NoSuch(std::string_view what, std::string_view name,
                   const std::vector<std::string>& known);

/// Makes untrusted text safe for a terminal or a log line: control characters (and those that turn
/// the direction of writing) become \xNN, each byte of invalid UTF-8 becomes U+FFFD, and it is cut
/// to `limit` bytes, ellipsis included. Whole lines stay one line.
std::string Printable(std::string_view text, std::size_t limit = 80);

/// Untrusted text in double quotes, as Printable makes it.
std::string Quoted(std::string_view text);

}  // namespace hone
