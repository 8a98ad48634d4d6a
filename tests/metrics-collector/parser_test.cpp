// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/parser.h"

#include "tests/catch.h"
#include "tests/metrics-collector/records.h"

namespace hone {
namespace {

using Strings = std::vector<std::string>;

Objective LossAndAccuracy() {
  Objective objective;
  objective.metric = "loss";
  objective.additional_metrics = {"acc"};
  return objective;
}

TEST_CASE("parser: the format of the collector decides", "[metrics-collector]") {
  CollectorSpec collector;
  const auto text = MakeParser(collector, LossAndAccuracy());
  REQUIRE(text.has_value());
  CHECK(test::ParseOne(**text, "acc=1 loss=2") == Strings{"acc=1", "loss=2"});
  collector.kind = CollectorKind::kFile;
  collector.format = FileFormat::kJson;
  const auto json = MakeParser(collector, LossAndAccuracy());
  REQUIRE(json.has_value());
  CHECK(test::ParseOne(**json, R"({"acc":1,"loss":2})") == Strings{"loss=2", "acc=1"});
}

TEST_CASE("parser: bad filters are told with their place", "[metrics-collector]") {
  CollectorSpec collector;
  collector.metrics_format = {"(a)=(b)", "(", "(a)"};
  Problems problems;
  CheckFilters(collector, problems);
  REQUIRE(problems.list().size() == 2);
  CHECK(problems.list()[0].field == "spec.metricsCollectorSpec.source.filter.metricsFormat[1]");
  CHECK(problems.list()[1].field == "spec.metricsCollectorSpec.source.filter.metricsFormat[2]");
  CHECK(problems.HasErrors());
  const auto parser = MakeParser(collector, LossAndAccuracy());
  REQUIRE_FALSE(parser.has_value());
  CHECK(parser.error().code == Code::kInvalidArgument);
}

}  // namespace
}  // namespace hone
