// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/text.h"

#include "tests/catch.h"
#include "tests/metrics-collector/records.h"

namespace hone {
namespace {

using Strings = std::vector<std::string>;

struct Case {
  std::string name;
  Strings filters;
  std::string line;
  Strings want;
};

const Strings kMetrics = {"loss", "Validation-accuracy", "train_loss", "val/f1"};

TEST_CASE("text: lines give the records that Katib's collector gives", "[metrics-collector]") {
  const std::vector<Case> cases = {
      {"plain", {}, "loss=0.25", {"loss=0.25"}},
      {"blanks around the sign", {}, "  loss \t=  0.25 ", {"loss=0.25"}},
      {"several in a line",
       {},
       "epoch 3: loss=0.3, train_loss = -1e-3 Validation-accuracy=.75",
       {"loss=0.3", "train_loss=-1e-3", "Validation-accuracy=.75"}},
      {"the same metric twice", {}, "loss=1 loss=2", {"loss=1", "loss=2"}},
      {"time in front",
       {},
       "2026-01-02T03:04:05.5Z loss=1",
       {"loss=1@2026-01-02T03:04:05.500000Z"}},
      {"time with offset",
       {},
       "2026-01-02T03:04:05+01:00 loss=1",
       {"loss=1@2026-01-02T02:04:05.000000Z"}},
      {"no blank after the time", {}, "2026-01-02T03:04:05Z:loss=1", {"loss=1"}},
      {"first word is no time", {}, "INFO loss=1", {"loss=1"}},
      {"other names", {}, "my_loss=1 lossy=2", {}},
      {"nan is an empty value", {}, "loss=nan", {"loss="}},
      {"inf is an empty value", {}, "loss=inf", {"loss="}},
      {"nothing is an empty value", {}, "loss=", {"loss="}},
      {"colon is no sign", {}, "loss: 0.3", {}},
      {"trailing point is not a digit", {}, "loss=1.", {"loss=1"}},
      {"slash cuts the name", {}, "val/loss=0.4", {"loss=0.4"}},
      {"bar belongs to the name", {}, "|loss=0.4", {}},
      {"no metric named", {}, "accuracy=1", {}},
      {"empty line", {}, "", {}},
      {"sign and exponent", {}, "loss=+12.5E+10", {"loss=+12.5E+10"}},
      {"exponent without mantissa", {}, "loss=e5", {"loss=e5"}},
      {"own filter",
       {R"(([\w/]+)\s*:\s*([0-9.]+))"},
       "val/f1: 0.5, loss: 2",
       {"val/f1=0.5", "loss=2"}},
      {"own filter replaces the default", {R"(([\w]+):([0-9.]+))"}, "loss=1", {}},
      {"filters one after the other",
       {R"((\w+)<([0-9]+))", R"((\w+)>([0-9]+))"},
       "loss>1 loss<2",
       {"loss=2", "loss=1"}},
      {"groups are trimmed", {"([a-z ]+)=([0-9 ]+)"}, " loss = 7 ", {"loss=7"}},
      {"a text as value", {R"((\w+)=(\S+))"}, "loss=Genotype(a)", {"loss=Genotype(a)"}},
      {"a group that took no part is empty", {"(loss)(=1)?"}, "loss", {"loss="}},
      {"empty matches go on character by character",
       {"(loss)?(=[0-9])?"},
       "\xc3\xa4loss=1\xc3\xb6loss=2",
       {"loss==1", "loss==2"}},
      {"invalid UTF-8 is replaced", {"(loss)=(.+)"}, "loss=\xff", {"loss=\xef\xbf\xbd"}},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const auto parser = MakeTextParser(kMetrics, c.filters);
      REQUIRE(parser.has_value());
      CHECK(test::ParseOne(**parser, c.line) == c.want);
    }
  }
}

TEST_CASE("text: a NUL byte does not end a line", "[metrics-collector]") {
  const auto parser = MakeTextParser({"loss"}, {});
  REQUIRE(parser.has_value());
  CHECK(test::ParseOne(**parser, std::string_view("\0\0x loss=3", 10)) == Strings{"loss=3"});
}

TEST_CASE("text: filters that cannot work are refused", "[metrics-collector]") {
  for (const char* filter : {"(", "loss=(.*)", "([a-z]+)=", "(?=x)(a)(b)", "(a)(?:b)"}) {
    DYNAMIC_SECTION(filter) {
      CHECK_FALSE(CheckFilter(filter).has_value());
      CHECK_FALSE(MakeTextParser({"loss"}, {filter}).has_value());
    }
  }
  CHECK(CheckFilter(kDefaultFilter).has_value());
}

TEST_CASE("text: the names that have values, for who looks for a misspelt one",
          "[metrics-collector]") {
  CHECK(NamesWithValues("los=1\nacc = 0.5 los=2\nwhat=\nf-1=.5\n", 8) ==
        Strings{"los", "acc", "f-1"});
  CHECK(NamesWithValues("a=1 b=2 c=3", 2) == Strings{"a", "b"});
  CHECK(NamesWithValues("nothing here", 8).empty());
}

TEST_CASE("text: a declared name tells the step of its line", "[metrics-collector]") {
  const auto parser = MakeTextParser({"loss", "acc"}, {}, "epoch");
  REQUIRE(parser.has_value());
  std::vector<MetricRecord> records;
  for (const char* line : {"epoch=3 loss=0.5 acc=1", "loss=0.4 epoch=4", "loss=0.3", "epoch=6",
                           "loss=0.2 epoch=late"}) {
    (*parser)->ParseLine(line, records);
  }
  REQUIRE(records.size() == 5);
  CHECK(records[0] == MetricRecord{"loss", "0.5", {}, 3.0});
  CHECK(records[1] == MetricRecord{"acc", "1", {}, 3.0});
  CHECK(records[2] == MetricRecord{"loss", "0.4", {}, 4.0});
  CHECK_FALSE(records[3].step.has_value());
  CHECK_FALSE(records[4].step.has_value());
}

}  // namespace
}  // namespace hone
