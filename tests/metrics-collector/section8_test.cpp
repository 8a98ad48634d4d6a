// SPDX-License-Identifier: Apache-2.0
// Every sentence about parsing in Katib's contract, and each place where hone means to differ.
// `source` says where an expectation comes from: "Katib" is what file-metricscollector does with
// the line, "hone" a difference that docs/strictness.md or the headers here state.
#include <cmath>

#include "base/text.h"
#include "core/observation.h"
#include "metrics-collector/parser.h"
#include "tests/catch.h"
#include "tests/metrics-collector/records.h"

namespace hone {
namespace {

using Strings = std::vector<std::string>;

struct Golden {
  std::string sentence;
  std::string source;
  FileFormat format;
  Strings filters;
  std::string line;
  Strings want;
};

constexpr FileFormat kText = FileFormat::kText;
constexpr FileFormat kJson = FileFormat::kJson;

Objective LossFirst() {
  Objective objective;
  objective.metric = "loss";
  objective.additional_metrics = {"acc", "val/acc"};
  objective.strategies = {{"loss", Strategy::kMin}, {"acc", Strategy::kMax}};
  return objective;
}

std::vector<Golden> TextTable() {
  return {
      {"a line counts if it contains a name", "Katib", kText, {}, "nothing=1", {}},
      {"... as a substring, while the name must be equal", "Katib", kText, {}, "my_loss=1", {}},
      {"time: before the first space",
       "Katib",
       kText,
       {},
       "2024-05-06T07:08:09Z loss=1",
       {"loss=1@2024-05-06T07:08:09.000000Z"}},
      {"time: a fraction is allowed",
       "Katib",
       kText,
       {},
       "2024-05-06T07:08:09.25Z loss=1",
       {"loss=1@2024-05-06T07:08:09.250000Z"}},
      {"time: an offset is the same instant",
       "hone keeps UTC",
       kText,
       {},
       "2024-05-06T07:08:09+02:00 loss=1",
       {"loss=1@2024-05-06T05:08:09.000000Z"}},
      {"time: without zone is none", "Katib", kText, {}, "2024-05-06T07:08:09 loss=1", {"loss=1"}},
      {"time: date and time apart are none",
       "Katib",
       kText,
       {},
       "2024-05-06 07:08:09Z loss=1",
       {"loss=1"}},
      {"time: not at the start is none",
       "Katib",
       kText,
       {},
       " 2024-05-06T07:08:09Z loss=1",
       {"loss=1"}},
      {"time: a tab does not end it",
       "Katib",
       kText,
       {},
       "2024-05-06T07:08:09Z\tloss=1",
       {"loss=1"}},
      {"time: of every record of the line",
       "Katib",
       kText,
       {},
       "2024-05-06T07:08:09Z loss=1 acc=2",
       {"loss=1@2024-05-06T07:08:09.000000Z", "acc=2@2024-05-06T07:08:09.000000Z"}},
      {"all matches that do not overlap",
       "Katib",
       kText,
       {},
       "loss=1,acc=2;loss=3",
       {"loss=1", "acc=2", "loss=3"}},
      {"every filter over the whole line",
       "Katib",
       kText,
       {R"((loss):(\d))", R"((acc):(\d))"},
       "acc:1 loss:2",
       {"loss=2", "acc=1"}},
      {"a match of two filters counts twice",
       "Katib",
       kText,
       {R"((loss)=(\d))", R"((\w+)=(\d))"},
       "loss=2",
       {"loss=2", "loss=2"}},
      {"a filter replaces the default", "Katib", kText, {R"((\w+):(\d))"}, "loss=1", {}},
      {"name and value are trimmed",
       "Katib",
       kText,
       {"(loss *)=( *[0-9])"},
       "loss = 5",
       {"loss=5"}},
      {"the name class has no slash", "Katib", kText, {}, "val/loss=0.4", {"loss=0.4"}},
      {"... nor a point", "Katib", kText, {}, "val.loss=0.4", {"loss=0.4"}},
      {"a slashed name needs a filter", "Katib", kText, {}, "val/acc=0.4", {"acc=0.4"}},
      {"... and then is found",
       "Katib",
       kText,
       {R"(([\w/]+)=([\d.]+))"},
       "val/acc=0.4",
       {"val/acc=0.4"}},
      {"the name class has bar and hyphen", "Katib", kText, {}, "|loss=1 -loss=2", {}},
      {"nan is empty", "Katib", kText, {}, "loss=nan", {"loss="}},
      {"inf is empty", "Katib", kText, {}, "loss=-inf", {"loss=-"}},
      {"nothing is empty", "Katib", kText, {}, "loss=", {"loss="}},
      {"a colon gives nothing", "Katib", kText, {}, "loss: 0.3", {}},
      {"1. gives 1", "Katib", kText, {}, "loss=1.", {"loss=1"}},
      {"classes are ASCII", "Katib (RE2)", kText, {}, "\xc3\xa4loss=1", {"loss=1"}},
      {"digits are ASCII", "Katib (RE2)", kText, {}, "loss=\xd9\xa3", {"loss="}},
      {"leftmost-first, not longest",
       "Katib (RE2)",
       kText,
       {"(loss)=(1|12)"},
       "loss=12",
       {"loss=1"}},
  };
}

std::vector<Golden> JsonTable() {
  return {
      {"a text is a value", "Katib", kJson, {}, R"({"loss":"0.10"})", {"loss=0.10"}},
      {"any text is", "Katib", kJson, {}, R"({"loss":"Genotype[x]"})", {"loss=Genotype[x]"}},
      {"a number is a value", "hone", kJson, {}, R"({"loss":0.5})", {"loss=0.5"}},
      {"true is none", "Katib", kJson, {}, R"({"loss":true})", {}},
      {"an empty line is skipped", "Katib", kJson, {}, "", {}},
      {"a bad line is skipped", "hone; Katib gives up the log", kJson, {}, R"({"loss":)", {}},
      {"time as text",
       "Katib",
       kJson,
       {},
       R"({"timestamp":"2024-05-06T07:08:09Z","loss":"1"})",
       {"loss=1@2024-05-06T07:08:09.000000Z"}},
      {"time as Unix seconds",
       "Katib",
       kJson,
       {},
       R"({"timestamp":1638422847,"loss":"1"})",
       {"loss=1@2021-12-02T05:27:27.000000Z"}},
      {"a fraction is a true fraction",
       "hone; Katib reads 28721 ns",
       kJson,
       {},
       R"({"timestamp":1638422847.28721,"loss":"1"})",
       {"loss=1@2021-12-02T05:27:27.287210Z"}},
      {"missing time", "Katib", kJson, {}, R"({"loss":"1"})", {"loss=1"}},
      {"bad time", "Katib", kJson, {}, R"({"timestamp":"today","loss":"1"})", {"loss=1"}},
      {"order of the names, not of the members",
       "Katib",
       kJson,
       {},
       R"({"acc":"2","loss":"1"})",
       {"loss=1", "acc=2"}},
      {"NaN is typed", "hone; Katib gives up the log", kJson, {}, R"({"loss":NaN})", {"loss=nan"}},
  };
}

TEST_CASE("collector: every sentence of the contract", "[metrics-collector]") {
  std::vector<Golden> table = TextTable();
  const std::vector<Golden> json = JsonTable();
  table.insert(table.end(), json.begin(), json.end());
  for (const Golden& c : table) {
    DYNAMIC_SECTION((c.format == kText ? "TEXT: " : "JSON: ")
                    << c.sentence << " (" << c.source << ")") {
      CollectorSpec collector;
      collector.kind = CollectorKind::kFile;
      collector.format = c.format;
      collector.metrics_format = c.filters;
      const auto parser = MakeParser(collector, LossFirst());
      REQUIRE(parser.has_value());
      CHECK(test::ParseOne(**parser, c.line) == c.want);
      CHECK((c.want.empty() || !c.line.empty()));
    }
  }
}

TEST_CASE("collector: what a log leaves for the objective", "[metrics-collector]") {
  struct Case {
    std::string name;
    Strings lines;
    Availability availability;
    std::string text;
  };
  const std::vector<Case> cases = {
      {"it never occurred: Katib's unavailable", {"acc=1"}, Availability::kMissing, ""},
      {"min of the finite values", {"loss=3", "loss=1", "loss=2"}, Availability::kAvailable, "1"},
      {"NaN is never the best", {"loss=nan", "loss=2", "loss=nan"}, Availability::kAvailable, "2"},
      {"a sign alone is never the best", {"loss=-inf", "loss=2"}, Availability::kAvailable, "2"},
      {"1e999 is infinite, never the best",
       {"loss=-1e999", "loss=5"},
       Availability::kAvailable,
       "5"},
      {"nothing but NaN is typed", {"loss=nan"}, Availability::kNotANumber, ""},
      {"nothing but a sign is typed", {"loss=-inf"}, Availability::kNotANumber, ""},
      {"nothing but infinity is typed", {"loss=1e999"}, Availability::kNotANumber, ""},
  };
  const Objective objective = LossFirst();
  const auto parser = MakeParser({}, objective);
  REQUIRE(parser.has_value());
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      ObservationFold fold(objective);
      std::vector<MetricRecord> records;
      for (const std::string& line : c.lines) {
        (*parser)->ParseLine(line, records);
      }
      for (const MetricRecord& record : records) {
        fold.Add(record);
      }
      const ObjectiveValue value = ObjectiveOf(objective, fold.summary());
      CHECK(value.availability == c.availability);
      CHECK(value.text == c.text);
    }
  }
}

TEST_CASE("collector: people are told why a line gave nothing", "[metrics-collector]") {
  struct Case {
    FileFormat format;
    std::string line;
    std::string want;
  };
  const std::vector<Case> cases = {
      {kText, "epoch 1", ""},
      {kText, "loss: 0.3", "names a metric, but no filter matches"},
      {kText, "my_loss=1", "the filter finds \"my_loss\", which is no metric"},
      {kJson, " ", ""},
      {kJson, "loss=1", "is no JSON object"},
      {kJson, R"({"epoch":1})", "has no member named after a metric"},
      {kJson, R"({"loss":[1]})", "the value of \"loss\" is neither a text nor a number"},
  };
  for (const Case& c : cases) {
    CollectorSpec collector;
    collector.format = c.format;
    const auto parser = MakeParser(collector, LossFirst());
    REQUIRE(parser.has_value());
    CAPTURE(c.line);
    CHECK((*parser)->WhyNothing(c.line) == c.want);
  }
}

}  // namespace
}  // namespace hone
