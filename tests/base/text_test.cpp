// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/rng.h"
#include "tests/catch.h"

namespace {

using hone::FormatDouble;
using hone::Nearest;
using hone::ParseDouble;
using hone::ParseInt;
using hone::Printable;

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST_CASE("text: FormatDouble writes what people expect", "[base]") {
  const struct {
    double value;
    const char* text;
  } rows[] = {
      {0, "0"},
      {-0.0, "-0"},
      {10, "10"},
      {-100000, "-100000"},
      {1e6, "1000000"},
      {999999999999999.0, "999999999999999"},
      {1e15, "1e+15"},
      {0.1, "0.1"},
      {0.25, "0.25"},
      {0.001, "0.001"},
      {1e-5, "1e-05"},
      {1.0 / 3, "0.3333333333333333"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {kInf, "inf"},
      {-kInf, "-inf"},
      {std::nan(""), "nan"},
      {-std::nan(""), "nan"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.text) {
      CHECK(FormatDouble(row.value) == row.text);
    }
  }
}

TEST_CASE("text: every finite double survives the round trip", "[base]") {
  hone::Rng rng(1, hone::Scope::Experiment(), hone::Purpose::kSimulation);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t bits = (std::uint64_t{rng()} << 32U) | rng();
    double x = 0;
    std::memcpy(&x, &bits, sizeof(x));
    if (std::isfinite(x)) {
      REQUIRE(ParseDouble(FormatDouble(x)) == x);
    }
  }
}

TEST_CASE("text: ParseDouble takes numbers", "[base]") {
  const struct {
    const char* text;
    double value;
  } rows[] = {
      {"1", 1},          {"+1.5", 1.5},        {"-2e3", -2000}, {".5", 0.5},          {"5.", 5},
      {"1E-2", 0.01},    {"inf", kInf},        {"+Inf", kInf},  {"-INFINITY", -kInf}, {"1e-400", 0},
      {"-1e-400", -0.0}, {"4.9e-324", 5e-324}, {"007", 7},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.text) {
      CHECK(ParseDouble(row.text) == row.value);
    }
  }
  for (const char* text : {"nan", "NaN", "+nan", "-NAN"}) {
    DYNAMIC_SECTION(text) {
      CHECK(std::isnan(ParseDouble(text).value()));
    }
  }
}

TEST_CASE("text: ParseDouble refuses the rest", "[base]") {
  for (const char* text : {"", "+", "-", "+-1", "++1", " 1", "1 ", "1,5", "0x10", "1e", "1e400",
                           "-1e400", "infinite", "nan(1)", "one", "1_000", "1.2.3"}) {
    DYNAMIC_SECTION("\"" << text << "\"") {
      CHECK_FALSE(ParseDouble(text).has_value());
    }
  }
}

TEST_CASE("text: ParseInt takes whole decimal numbers in range", "[base]") {
  CHECK(ParseInt("42") == 42);
  CHECK(ParseInt("+42") == 42);
  CHECK(ParseInt("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  for (const char* text : {"", "+", "+-1", "1.0", " 1", "1 ", "0x1", "9223372036854775808"}) {
    DYNAMIC_SECTION("\"" << text << "\"") {
      CHECK_FALSE(ParseInt(text).has_value());
    }
  }
}

TEST_CASE("text: Trim, Split and Join", "[base]") {
  CHECK(hone::Trim(" \t a b\r\n") == "a b");
  CHECK(hone::Trim(" \n").empty());
  using Parts = std::vector<std::string_view>;
  CHECK(hone::Split("a,b", ',') == Parts{"a", "b"});
  CHECK(hone::Split(",a,", ',') == Parts{"", "a", ""});
  CHECK(hone::Split("", ',') == Parts{""});
  CHECK(hone::Join(std::vector<std::string>{"a", "b", "c"}, ", ") == "a, b, c");
  CHECK(hone::Join({}, ", ").empty());
}

TEST_CASE("text: Nearest finds the word that was meant", "[base]") {
  const std::string_view names[] = {"random", "grid", "bayesianoptimization", "tpe", "cmaes"};
  const struct {
    const char* word;
    const char* nearest;
  } rows[] = {
      {"randon", "random"},
      {"RANDOM", "random"},
      {"gird", "grid"},
      {"bayesian_optimisation", "bayesianoptimization"},
      {"tp", "tpe"},
      {"hyperband", ""},
      {"x", ""},
      {"", ""},
      {"qwe", "tpe"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.word) {
      CHECK(Nearest(row.word, names) == row.nearest);
    }
  }
  CHECK(Nearest("random", {}).empty());
}

TEST_CASE("text: Printable makes any bytes safe", "[base]") {
  const struct {
    const char* name;
    std::string text;
    std::size_t limit;
    std::string safe;
  } rows[] = {
      {"plain", "a b", 10, "a b"},
      {"umlauts and emoji stay", "h\xC3\xB6ne \xF0\x9F\x8E\x89", 20,
       "h\xC3\xB6ne \xF0\x9F\x8E\x89"},
      {"line breaks", "a\nb\r\tc", 40, "a\\x0ab\\x0d\\x09c"},
      {"terminal escapes", "\x1b[2J", 40, "\\x1b[2J"},
      {"zero byte and DEL", std::string("a\0b\x7f", 4), 40, "a\\x00b\\x7f"},
      {"C1 control", "\xC2\x9B", 40, "\\xc2\\x9b"},
      {"direction override", "a\xE2\x80\xAE", 40, "a\\xe2\\x80\\xae"},
      {"lone bytes", "\xFF\x80", 40, "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"overlong slash", "\xC0\xAF", 40, "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"overlong in three bytes", "\xE0\x80\xAF", 40, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"surrogate", "\xED\xA0\x80", 40, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"beyond Unicode", "\xF4\x90\x80\x80", 40,
       "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"cut in a character", "ab\xE2\x82", 40, "ab\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"just fits", "abcdef", 6, "abcdef"},
      {"cut", "abcdefg", 6, "abc\xE2\x80\xA6"},
      {"cut between characters", "\xC3\xB6\xC3\xB6\xC3\xB6\xC3\xB6", 6, "\xC3\xB6\xE2\x80\xA6"},
      {"cut between escapes", "\n\n\n", 10, "\\x0a\xE2\x80\xA6"},
      {"no room for an ellipsis", "abc", 2, ""},
      {"no room at all", "abc", 0, ""},
      {"empty", "", 0, ""},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(Printable(row.text, row.limit) == row.safe);
    }
  }
}

TEST_CASE("text: Printable keeps its promises on random bytes", "[base]") {
  hone::Rng rng(2, hone::Scope::Experiment(), hone::Purpose::kSimulation);
  for (int round = 0; round < 2000; ++round) {
    std::string text(rng.Below(40), '\0');
    for (char& c : text) {
      c = static_cast<char>(rng.Below(256));
    }
    const std::size_t limit = rng.Below(60);
    const std::string safe = Printable(text, limit);
    REQUIRE(safe.size() <= limit);
    REQUIRE(Printable(safe, limit) == safe);  // so it is valid UTF-8 without control characters
  }
}

}  // namespace
