// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include "tests/catch.h"

namespace {

using hone::Duration;
using hone::FormatMicros;
using hone::FormatSeconds;
using hone::ParseTimestamp;
using hone::Timestamp;

constexpr Timestamp At(std::int64_t micros) {
  return Timestamp(Duration(micros));
}

TEST_CASE("clock: formats UTC as RFC 3339", "[base]") {
  struct Row {
    const char* name;
    std::int64_t micros;
    const char* seconds;
    const char* with_micros;
  };
  // Seconds since 1970 by `date -u -d @N`.
  const Row rows[] = {
      {"the epoch", 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
      {"a fraction", 1'769'860'800'000'042, "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000042Z"},
      {"a leap day", 1'709'251'199'999'999, "2024-02-29T23:59:59Z", "2024-02-29T23:59:59.999999Z"},
      {"before the epoch", -1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999999Z"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(FormatSeconds(At(row.micros)) == row.seconds);
      CHECK(FormatMicros(At(row.micros)) == row.with_micros);
      CHECK(ParseTimestamp(row.with_micros) == At(row.micros));
    }
  }
}

TEST_CASE("clock: reads any RFC 3339 time", "[base]") {
  const struct {
    const char* text;
    const char* same_as;
  } rows[] = {
      {"2026-01-31t12:00:00z", "2026-01-31T12:00:00.000000Z"},
      {"2026-01-31 12:00:00Z", "2026-01-31T12:00:00.000000Z"},
      {"2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00.000000Z"},
      {"2026-01-31T23:30:00-05:45", "2026-02-01T05:15:00.000000Z"},
      {"2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.500000Z"},
      {"2026-01-31T12:00:00.123456789+00:00", "2026-01-31T12:00:00.123456Z"},
      {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
      {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.text) {
      const auto parsed = ParseTimestamp(row.text);
      REQUIRE(parsed.has_value());
      CHECK(FormatMicros(*parsed) == row.same_as);
    }
  }
}

TEST_CASE("clock: refuses what is not a time", "[base]") {
  const char* const texts[] = {
      "",
      "now",
      "2026-01-31",
      "2026-01-31T12:00:00",
      "2026-01-31T12:00Z",
      "2026-02-29T12:00:00Z",
      "2026-00-10T12:00:00Z",
      "2026-13-10T12:00:00Z",
      "2026-01-31T24:00:00Z",
      "2026-01-31T12:60:00Z",
      "2026-01-31T12:00:61Z",
      "2026-01-31T12:00:00.Z",
      "2026-01-31T12:00:00.5",
      "2026-01-31T12:00:00+2:00",
      "2026-01-31T12:00:00+24:00",
      "2026-01-31T12:00:00Zx",
      " 2026-01-31T12:00:00Z",
      "+026-01-31T12:00:00Z",
  };
  for (const char* text : texts) {
    DYNAMIC_SECTION("\"" << text << "\"") {
      const auto parsed = ParseTimestamp(text);
      REQUIRE_FALSE(parsed.has_value());
      CHECK(parsed.error().code == hone::Code::kInvalidArgument);
    }
  }
}

TEST_CASE("clock: the machine's clock does not stand still at 1970", "[base]") {
  const hone::SystemClock clock;
  const Timestamp first = clock.Now();
  CHECK(first > ParseTimestamp("2024-01-01T00:00:00Z").value());
  CHECK(FormatSeconds(first).size() == 20);
}

}  // namespace
