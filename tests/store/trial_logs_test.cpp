// SPDX-License-Identifier: Apache-2.0
#include "store/trial_logs.h"

#include <future>

#include "store/sqlite/observation_logs.h"
#include "tests/catch.h"
#include "tests/store/harness.h"

namespace hone {
namespace {

using test::At;
using test::IdOf;

ObservationBatch Batch(Attempt attempt, std::vector<MetricRecord> records) {
  return {.trial = {IdOf(1), 1},
          .attempt = attempt,
          .source = "output",
          .offset_before = 0,
          .offset_after = 100,
          .records = std::move(records)};
}

/// A store with one trial, whose second attempt is its last.
void Fill(test::SqliteHarness& harness) {
  REQUIRE(AppendNow(harness, test::CreateStep(1)));
  REQUIRE(AppendNow(harness, test::NextStep(1, 1)));
  REQUIRE(RecordNow(harness, Batch(1, {{"loss", "9", At(1), {}}})));
  REQUIRE(RecordNow(harness, Batch(2, {{"loss", "0.50", At(20), {}},
                                       {"heat", "7", At(10), {}},
                                       {"loss", "genotype", std::nullopt, {}},
                                       {"loss", "0.25", At(20), {}}})));
}

Status ReportNow(ObservationLogs& logs, const std::string& trial) {
  std::promise<Status> told;
  logs.Report(trial, {{At(1), "loss", "1"}}, [&told](const Status& s) { told.set_value(s); });
  return told.get_future().get();
}

TEST_CASE("trial logs: the last attempt's values, by time, then as they were printed", "[store]") {
  test::SqliteHarness harness;
  Fill(harness);
  TrialLogs logs(harness.store(), nullptr);
  const std::string name = test::RowOf(1, 1, "Pending").name;
  const Timestamp none = ParseTimestamp("0001-01-01T00:00:00Z").value();
  const auto all = logs.Get({.trial = name, .metric = "", .from = {}, .until = {}});
  REQUIRE(all.has_value());
  CHECK(*all == std::vector<LoggedMetric>{{none, "loss", "genotype"},
                                          {At(10), "heat", "7"},
                                          {At(20), "loss", "0.50"},
                                          {At(20), "loss", "0.25"}});
  CHECK(logs.Get({.trial = name, .metric = "heat", .from = {}, .until = {}})->size() == 1);
  CHECK(logs.Get({.trial = name, .metric = "", .from = At(10), .until = At(19)})->size() == 1);
  CHECK(logs.Get({.trial = "nobody", .metric = "", .from = {}, .until = {}})->empty());
  CHECK(ReportNow(logs, name).error().code == Code::kUnimplemented);
  CHECK(logs.Check());
}

TEST_CASE("trial logs: those that nobody may see, and those of others", "[store]") {
  test::SqliteHarness harness;
  Fill(harness);
  const test::TempFolder folder;
  const auto others = OpenObservationLogs(folder.File("logs.db"));
  REQUIRE(others.has_value());
  const std::string name = test::RowOf(1, 1, "Pending").name;
  TrialLogs closed(harness.store(), nullptr, [](const ExperimentId&) { return false; });
  CHECK(closed.Get({.trial = name, .metric = "", .from = {}, .until = {}})->empty());
  TrialLogs both(harness.store(), others->get());
  CHECK(ReportNow(both, "theirs").has_value());
  CHECK(both.Get({.trial = "theirs", .metric = "", .from = {}, .until = {}})->size() == 1);
  CHECK(both.Get({.trial = name, .metric = "", .from = {}, .until = {}})->size() == 4);
}

}  // namespace
}  // namespace hone
