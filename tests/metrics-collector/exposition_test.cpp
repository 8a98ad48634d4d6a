// SPDX-License-Identifier: Apache-2.0
// Prometheus' text format: what is read, and what is not believed.
#include "metrics-collector/exposition.h"

#include "tests/catch.h"
#include "tests/metrics-collector/records.h"

namespace hone {
namespace {

using Strings = std::vector<std::string>;

std::vector<SampleSelector> Selectors(const Strings& metrics) {
  std::vector<SampleSelector> selectors;
  for (const std::string& metric : metrics) {
    auto selector = ParseSelector(metric);
    REQUIRE(selector.has_value());
    selectors.push_back(*std::move(selector));
  }
  return selectors;
}

TEST_CASE("exposition: what is read", "[metrics-collector]") {
  struct Case {
    const char* name;
    Strings metrics;
    std::string text;
    Strings want;
  };
  const std::vector<Case> cases = {
      {"a plain sample", {"loss"}, "loss 0.5\n", {"loss=0.5"}},
      {"comments and empty lines", {"loss"}, "# TYPE loss gauge\n\n# x\nloss 1\n", {"loss=1"}},
      {"CR LF and blanks", {"loss"}, "  loss \t 1e-3  \r\n", {"loss=1e-3"}},
      {"other samples are none of ours", {"loss"}, "loss_total 3\nmy_loss 2\n", {}},
      {"milliseconds", {"loss"}, "loss 1 1700000000250\n", {"loss=1@2023-11-14T22:13:20.250000Z"}},
      {"seconds of OpenMetrics",
       {"loss"},
       "loss 1 1700000000.5\n# EOF\n",
       {"loss=1@2023-11-14T22:13:20.500000Z"}},
      {"an exemplar is passed by", {"n"}, "n 3 # {id=\"7\"} 1.0\n", {"n=3"}},
      {"NaN and infinities are kept as written",
       {"a", "b", "c"},
       "a NaN\nb +Inf\nc -Inf\n",
       {"a=NaN", "b=+Inf", "c=-Inf"}},
      {"without labels before one with", {"loss"}, "loss{s=\"a\"} 1\nloss 2\n", {"loss=2"}},
      {"the only one, whatever its labels", {"loss"}, "loss{s=\"a\"} 1\n", {"loss=1"}},
      {"one of several by its label",
       {"loss{s=\"b\"}"},
       "loss{s=\"a\",r=\"0\"} 1\nloss{s=\"b\",r=\"0\"} 2\n",
       {"loss{s=\"b\"}=2"}},
      {"several that fit are none", {"loss"}, "loss{s=\"a\"} 1\nloss{s=\"b\"} 2\n", {}},
      {"escapes in labels",
       {R"(loss{s="a\"b\\c"})"},
       "loss{s=\"a\\\"b\\\\c\",} 1\n",
       {R"(loss{s="a\"b\\c"}=1)"}},
      {"in the order of the metrics", {"b", "a"}, "a 1\nb 2\n", {"b=2", "a=1"}},
      {"nothing", {"loss"}, "", {}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const auto read = ReadExposition(c.text, Selectors(c.metrics));
      REQUIRE(read.has_value());
      CHECK(test::Show(read->records) == c.want);
    }
  }
}

TEST_CASE("exposition: what is not believed, all of it", "[metrics-collector]") {
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"a page of HTML", "loss 1\n<html><body>loss 1</body></html>\n"},
      {"a name without value", "loss 1\nloss\n"},
      {"a word for a value", "loss 1\nloss high\n"},
      {"a label without quotes", "loss 1\nloss{s=a} 1\n"},
      {"labels without end", "loss 1\nloss{s=\"a\" 1\n"},
      {"a text without end", "loss 1\nloss{s=\"a} 1\n"},
      {"words behind the time", "loss 1\nloss 1 5 6\n"},
      {"a time out of range", "loss 1\nloss 1 99999999999999999\n"},
      {"bytes", std::string("loss 1\n\0\1\2\xff\n", 12)},
      {"the middle of a line: half a number is another number", "loss 1\nloss 0.12"},
  };
  for (const auto& [name, text] : cases) {
    DYNAMIC_SECTION(name) {
      const auto read = ReadExposition(text, Selectors({"loss"}));
      REQUIRE_FALSE(read.has_value());
      CHECK(read.error().code == Code::kDataLoss);
      CHECK_FALSE(read.error().message.empty());
    }
  }
}

TEST_CASE("exposition: a metric that several samples fit is told", "[metrics-collector]") {
  const auto read =
      ReadExposition("loss{s=\"a\"} 1\nloss{s=\"b\"} 2\nacc 3\n", Selectors({"loss", "acc"}));
  REQUIRE(read.has_value());
  CHECK(test::Show(read->records) == Strings{"acc=3"});
  CHECK(read->ambiguous ==
        "loss stands for 2 samples that differ in labels: name one as loss{label=\"value\"}");
}

TEST_CASE("exposition: a selector must be a name with a list of labels", "[metrics-collector]") {
  for (const char* const metric : {"loss{", "loss{a}", "loss{a=b}", "loss{a=\"b\"}x"}) {
    CAPTURE(metric);
    CHECK_FALSE(ParseSelector(metric).has_value());
  }
  CHECK(ParseSelector("val/loss now").has_value());  // fits nothing, as no sample has such a name
}

}  // namespace
}  // namespace hone
