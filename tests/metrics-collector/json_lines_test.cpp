// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/json_lines.h"

#include "tests/catch.h"
#include "tests/metrics-collector/records.h"

namespace hone {
namespace {

using Strings = std::vector<std::string>;

struct Case {
  std::string name;
  std::string line;
  Strings want;
};

TEST_CASE("json lines: objects give records in the order of the metrics", "[metrics-collector]") {
  const std::vector<Case> cases = {
      {"texts", R"({"acc":"0.50","loss":"1e-3"})", {"loss=1e-3", "acc=0.50"}},
      {"numbers", R"({"loss":0.1,"acc":3})", {"loss=0.1", "acc=3"}},
      {"shortest number", R"({"loss":0.1000})", {"loss=0.1"}},
      {"large integer", R"({"loss":9007199254740993})", {"loss=9007199254740993"}},
      {"other members", R"({"epoch":1,"loss":"2","x":{"loss":"3"}})", {"loss=2"}},
      {"neither text nor number", R"({"loss":true,"acc":[1]})", {}},
      {"null", R"({"loss":null})", {}},
      {"blanks inside the text", R"({"loss":" 2 "})", {"loss=2"}},
      {"time as text",
       R"({"timestamp":"2026-01-02T03:04:05Z","loss":1})",
       {"loss=1@2026-01-02T03:04:05.000000Z"}},
      {"time in seconds",
       R"({"timestamp":1638422847,"loss":1})",
       {"loss=1@2021-12-02T05:27:27.000000Z"}},
      {"the fraction of seconds is a true fraction",
       R"({"timestamp":1638422847.28721,"loss":1})",
       {"loss=1@2021-12-02T05:27:27.287210Z"}},
      {"bad time", R"({"timestamp":"yesterday","loss":1})", {"loss=1"}},
      {"time out of range", R"({"timestamp":1e300,"loss":1})", {"loss=1"}},
      {"time as a list", R"({"timestamp":[1],"loss":1})", {"loss=1"}},
      {"NaN of Python", R"({"loss": NaN, "acc": -Infinity})", {"loss=nan", "acc=-inf"}},
      {"NaN inside a text", R"({"note": "a \"NaN", "loss": Infinity})", {"loss=inf"}},
      {"no JSON", "loss=1", {}},
      {"cut off", R"({"loss":1)", {}},
      {"a list", R"([{"loss":1}])", {}},
      {"empty", "", {}},
      {"invalid UTF-8", "{\"loss\":\"\xff\"}", {"loss=\xef\xbf\xbd"}},
  };
  const auto parser = MakeJsonLinesParser({"loss", "acc"});
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      CHECK(test::ParseOne(*parser, c.line) == c.want);
    }
  }
}

TEST_CASE("json lines: a deeply nested line is harmless", "[metrics-collector]") {
  const auto parser = MakeJsonLinesParser({"loss"});
  std::string line = R"({"x":)";
  line.append(30000, '[').append(30000, ']').append(R"(,"loss":1})");
  CHECK(test::ParseOne(*parser, line) == Strings{"loss=1"});
  CHECK(test::ParseOne(*parser, std::string(60000, '{')).empty());
}

TEST_CASE("json lines: a line may tell its step", "[metrics-collector]") {
  const auto step = [](const MetricParser& parser, const char* line) {
    std::vector<MetricRecord> records;
    parser.ParseLine(line, records);
    REQUIRE(records.size() == 1);
    return records.front().step;
  };
  const auto plain = MakeJsonLinesParser({"loss"});
  CHECK(step(*plain, R"({"step": 7, "loss": 1})") == 7.0);
  CHECK(step(*plain, R"({"loss": 1, "step": "8.5"})") == 8.5);
  CHECK_FALSE(step(*plain, R"({"loss": 1, "epoch": 3})").has_value());
  CHECK_FALSE(step(*plain, R"({"loss": 1, "step": -1})").has_value());
  CHECK_FALSE(step(*plain, R"({"loss": 1, "step": NaN})").has_value());
  CHECK_FALSE(step(*plain, R"({"loss": 1, "step": [2]})").has_value());
  CHECK(step(*MakeJsonLinesParser({"loss"}, "epoch"), R"({"epoch": 3, "loss": 1})") == 3.0);
}

}  // namespace
}  // namespace hone
