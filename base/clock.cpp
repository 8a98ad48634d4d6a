// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <array>
#include <cstdio>
#include <optional>

namespace hone {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::string FormatParts(Timestamp t, bool with_micros) {
  const auto day = std::chrono::floor<days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<Duration> time(t - day);
  std::array<char, 96> buffer{};
  int length = std::snprintf(
      buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()));
  std::string text(buffer.data(), static_cast<std::size_t>(length));
  if (with_micros) {
    length = std::snprintf(buffer.data(), buffer.size(), ".%06d",
                           static_cast<int>(time.subseconds().count()));
    text.append(buffer.data(), static_cast<std::size_t>(length));
  }
  return text + "Z";
}

/// Reads a text from left to right; after the first thing that does not fit, `ok` stays false.
struct Cursor {
  std::string_view rest;
  bool ok = true;

  bool Take(std::string_view any_of) {
    if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) {
      return false;
    }
    rest.remove_prefix(1);
    return true;
  }

  void Expect(std::string_view any_of) { ok = ok && Take(any_of); }

  int Digits(std::size_t count, int max) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char c = rest.empty() ? '?' : rest.front();
      ok = ok && c >= '0' && c <= '9';
      if (!ok) {
        return 0;
      }
      value = value * 10 + (c - '0');
      rest.remove_prefix(1);
    }
    ok = ok && value <= max;
    return value;
  }

  Duration Fraction() {
    Duration unit = seconds(1);
    Duration sum{0};
    do {
      unit /= 10;
      sum += Digits(1, 9) * unit;
    } while (ok && !rest.empty() && rest.front() >= '0' && rest.front() <= '9');
    return sum;
  }

  Duration Offset() {
    if (Take("Zz")) {
      return Duration{0};
    }
    const bool west = !rest.empty() && rest.front() == '-';
    Expect("+-");
    Duration offset = hours(Digits(2, 23));
    Expect(":");
    offset += minutes(Digits(2, 59));
    return west ? -offset : offset;
  }
};

std::optional<Timestamp> ParseParts(std::string_view text) {
  Cursor in{text};
  const int year = in.Digits(4, 9999);
  in.Expect("-");
  const int month = in.Digits(2, 12);
  in.Expect("-");
  const int day = in.Digits(2, 31);
  in.Expect("Tt ");
  Duration time = hours(in.Digits(2, 23));
  in.Expect(":");
  time += minutes(in.Digits(2, 59));
  in.Expect(":");
  time += seconds(in.Digits(2, 60));  // 60: a leap second, which becomes the next minute's first
  if (in.ok && in.Take(".")) {
    time += in.Fraction();
  }
  time -= in.Offset();
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!in.ok || !in.rest.empty() || !date.ok()) {
    return std::nullopt;
  }
  return Timestamp(std::chrono::sys_days(date)) + time;
}

}  // namespace

Timestamp SystemClock::Now() const {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

std::string FormatSeconds(Timestamp t) {
  return FormatParts(t, false);
}

std::string FormatMicros(Timestamp t) {
  return FormatParts(t, true);
}

Result<Timestamp> ParseTimestamp(std::string_view text) {
  if (const auto parsed = ParseParts(text)) {
    return *parsed;
  }
  return Fail(Code::kInvalidArgument,
              "\"" + std::string(text.substr(0, 64)) +
                  "\" is not an RFC 3339 time such as 2026-01-31T12:00:00Z");
}

}  // namespace hone
