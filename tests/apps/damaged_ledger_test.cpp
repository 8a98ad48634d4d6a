// SPDX-License-Identifier: Apache-2.0
// A ledger that says what cannot be, before the real program: it is told, and nothing crashes.
#include <future>

#include "store/sqlite/sqlite_store.h"
#include "tests/catch.h"
#include "tests/support/hone_program.h"

using namespace hone;  // NOLINT(google-build-using-namespace): the subject of this file
using hone::test::Has;
using hone::test::HoneProgram;

namespace {

/// Moved so that other owners are no more when it takes over, and it is no more afterwards.
class ShiftedClock final : public Clock {
 public:
  [[nodiscard]] Timestamp Now() const override { return SystemClock().Now() + shift; }
  Duration shift{};
};

/// Appends an event as an engine would.
void Append(SqliteStore& store, ShiftedClock& clock, const Event& event) {
  auto row = store.FindExperiment("default", "demo");
  REQUIRE(row.has_value());
  clock.shift = -std::chrono::hours(1);
  const auto epoch = store.RegisterOwner("test", Duration(1));
  REQUIRE(epoch.has_value());
  clock.shift = std::chrono::hours(1);
  REQUIRE(store.TakeOver(row->id, *epoch).has_value());
  LedgerStep step;
  step.experiment = row->id;
  step.expected = row->version;
  step.epoch = *epoch;
  step.events = {{row->version + 1, row->ended_at, event}};
  step.projection.experiment = *row;
  step.projection.experiment.version = row->version + 1;
  std::promise<Status> done;
  store.Append(std::move(step), [&](Status status) { done.set_value(std::move(status)); });
  REQUIRE(done.get_future().get().has_value());
}

}  // namespace

TEST_CASE("damaged ledger: what is made of it says which event cannot be", "[apps]") {
  HoneProgram hone;
  REQUIRE(hone.Run({"run", hone.Write({.script = "echo loss=1", .trials = 1, .parallel = 1})})
              .exit_code == 0);
  {
    ShiftedClock clock;
    SqliteOptions options;
    options.clock = &clock;
    const auto store = SqliteStore::Create(hone.data() / "hone.db", options);
    REQUIRE(store.has_value());
    Append(**store, clock, event::TrialLaunched{99, 1, "here"});
  }
  const std::vector<std::string> commands[] = {{"trials", "demo"},
                                               {"get", "demo"},
                                               {"best", "demo"},
                                               {"export", "demo", "--csv"},
                                               {"resume", "demo", "--max-trials", "2"}};
  for (const auto& command : commands) {
    const auto run = hone.Run(command);
    INFO(command.front() << ": " << run.err);
    CHECK(run.exit_code == 1);
    CHECK(Has(run.err, "the ledger is damaged"));
    CHECK(Has(run.err, "(TrialLaunched) cannot be: trial 99 does not wait for a start"));
  }
  CHECK(Has(hone.Run({"events", "demo"}).out, "TrialLaunched"));  // which shows them as they are
}
