// SPDX-License-Identifier: Apache-2.0
#include "base/executor.h"
#include "tests/catch.h"
#include "trial-runner/asktell/asktell_runner.h"

namespace hone {
namespace {

using std::chrono::seconds;

/// Workers and an engine's side of one experiment, in virtual time.
struct World {
  SimExecutor time{Timestamp(seconds(1'000'000))};
  std::vector<MetricRecord> recorded;  // by a former engine
  AskTellRunner runner{
      nullptr,
      time,
      time,
      [this](const TrialId&, Attempt) -> Result<std::vector<MetricRecord>> { return recorded; },
      {.adopted_lease = seconds(60)}};
  ExperimentId experiment{"e"};
  std::vector<std::vector<LeasedTrial>> given;

  Workers::Ticket Ask(std::uint32_t count, Duration lease = seconds(10),
                      const std::string& request = "") {
    return runner.Ask({experiment, count, lease, seconds(30), "w", request},
                      [this](const std::vector<LeasedTrial>& trials) { given.push_back(trials); });
  }
  void Launch(TrialNumber number, Attempt attempt = 1) {
    LaunchSpec spec;
    spec.id = {experiment, number};
    spec.attempt = attempt;
    spec.trial_name = "e-" + std::to_string(number);
    runner.Launch(spec, [](const Status&) {});
  }
  std::optional<Ending> EndOf(TrialNumber number, Attempt attempt = 1) {
    const auto seen = runner.Look({experiment, number}, attempt);
    REQUIRE(seen.has_value());
    REQUIRE(seen->has_value());
    return (*seen)->ending;
  }
  void Pass(Duration span) {
    const Timestamp until = time.Now() + span;
    bool over = false;
    time.PostAfter(span, [&over] { over = true; });
    time.RunUntil([&] { return over || time.Now() > until; });
  }
  std::string Output(TrialNumber number, std::uint64_t from) {
    std::string text;
    const auto source = runner.OpenOutput({experiment, number}, 1, "");
    REQUIRE(source.has_value());
    REQUIRE((*source)->Read(from, 1 << 20, text).has_value());
    return text;
  }
};

TEST_CASE("asktell: there is room for as many trials as are asked for and in workers' hands",
          "[trial-runner]") {
  World world;
  CHECK(world.runner.Room(world.experiment) == 0U);
  world.Ask(2);
  CHECK(world.runner.Room(world.experiment) == 2U);
  world.Launch(1);
  CHECK(world.runner.Room(world.experiment) == 2U);
  world.Launch(2);
  REQUIRE(world.given.size() == 1);
  CHECK(world.given[0].size() == 2);
  CHECK(world.runner.Room(world.experiment) == 2U);
  world.runner.Tell({world.experiment, 1}, 1, {}, {}, [](const Status&) {});
  CHECK(world.runner.Room(world.experiment) == 1U);
}

TEST_CASE("asktell: a question that is repeated gets the same trials", "[trial-runner]") {
  World world;
  world.Ask(2, seconds(10), "r1");
  world.Ask(2, seconds(10), "r1");  // before the first was answered
  CHECK(world.runner.Room(world.experiment) == 2U);
  world.Launch(1);
  world.Launch(2);
  world.Launch(3);
  REQUIRE(world.given.size() == 2);
  CHECK(world.given[0].empty());
  REQUIRE(world.given[1].size() == 2);
  world.Pass(seconds(9));
  world.Ask(2, seconds(10), "r1");
  REQUIRE(world.given.size() == 3);
  REQUIRE(world.given[2].size() == 2);
  CHECK(world.given[2][0].id == world.given[1][0].id);
  CHECK(world.given[2][1].id == world.given[1][1].id);
  world.Pass(seconds(9));  // its lease began anew
  CHECK_FALSE(world.EndOf(1).has_value());
  // What is over is not given again; another question gets other trials.
  world.runner.Tell({world.experiment, 1}, 1, {}, {}, [](const Status&) {});
  world.Ask(2, seconds(10), "r1");
  REQUIRE(world.given.size() == 4);
  REQUIRE(world.given[3].size() == 1);
  CHECK(world.given[3][0].id.number == 2);
  world.Ask(1, seconds(10), "r2");
  REQUIRE(world.given.size() == 5);
  CHECK(world.given[4].at(0).id.number == 3);
}

TEST_CASE("asktell: a lease lives as long as it is renewed", "[trial-runner]") {
  World world;
  world.Ask(1);
  world.Launch(1);
  world.Pass(seconds(9));
  CHECK(world.runner.Renew({world.experiment, 1}, 1, seconds(10)).has_value());
  world.Pass(seconds(9));
  CHECK_FALSE(world.EndOf(1).has_value());
  world.Pass(seconds(2));
  REQUIRE(world.EndOf(1).has_value());
  CHECK(world.EndOf(1).value_or(Ending{}).kind == EndingKind::kLost);
  CHECK_FALSE(world.runner.Renew({world.experiment, 1}, 1, seconds(10)).has_value());
  CHECK(world.runner.Count().expired == 1);
}

TEST_CASE("asktell: a result that comes when the attempt ended otherwise is not taken",
          "[trial-runner]") {
  World world;
  world.Ask(1, seconds(1));
  world.Launch(1);
  world.Pass(seconds(2));  // the lease is over, and the ledger does not know it yet
  REQUIRE(world.EndOf(1).has_value());
  std::optional<Code> refused;
  world.runner.Tell({world.experiment, 1}, 1, {}, {}, [&](const Status& status) {
    refused = status ? std::nullopt : std::optional(status.error().code);
  });
  CHECK(refused == Code::kNotFound);
}

TEST_CASE("asktell: nobody waits longer than asked, and who leaves leaves nothing behind",
          "[trial-runner]") {
  World world;
  world.Ask(1);
  world.Pass(seconds(31));
  REQUIRE(world.given.size() == 1);
  CHECK(world.given[0].empty());
  const Workers::Ticket ticket = world.Ask(2);
  world.Launch(1);  // waits a moment for the second one
  world.runner.Withdraw(ticket);
  world.Ask(1);
  REQUIRE(world.given.size() == 3);
  CHECK(world.given[1].empty());
  REQUIRE(world.given[2].size() == 1);
  CHECK(world.given[2][0].id.number == 1);
}

TEST_CASE("asktell: a report is answered when it is recorded, a result when its end is",
          "[trial-runner]") {
  World world;
  world.Ask(1);
  world.Launch(1);
  int reported = 0;
  int told = 0;
  const TrialId id{world.experiment, 1};
  const MetricRecord row{"loss", "1", {}, 1.0};
  world.runner.Report(id, 1, {row}, seconds(10), [&](const Status& s) { reported += s ? 1 : 9; });
  const std::string text = world.Output(1, 0);
  CHECK(text == "[\"loss\",\"1\",null,1.0]\n");
  CHECK(reported == 0);
  world.runner.Recorded(id, 1, text.size());
  CHECK(reported == 1);
  // The same again is known already.
  world.runner.Report(id, 1, {row}, seconds(10), [&](const Status& s) { reported += s ? 1 : 9; });
  CHECK(reported == 2);
  for (int again = 0; again < 2; ++again) {
    world.runner.Tell(id, 1, {}, {}, [&](const Status& s) { told += s ? 1 : 9; });
  }
  CHECK(told == 0);
  world.runner.Forget(id, 1);
  CHECK(told == 2);
  world.runner.Tell(id, 1, {}, {}, [&](const Status& s) {
    told += !s && s.error().code == Code::kNotFound ? 1 : 9;
  });
  CHECK(told == 3);
}

TEST_CASE("asktell: a worker of a former engine is heard, and its rows are not doubled",
          "[trial-runner]") {
  World world;
  world.recorded = {{"loss", "1", {}, 1.0}};
  const TrialId id{world.experiment, 7};
  world.runner.Adopt(id, 1);
  world.Launch(7);  // of the outbox: it may have been given before
  world.Ask(1);
  CHECK(world.given.empty());
  int reported = 0;
  world.runner.Report(id, 1, {{"loss", "1", {}, 1.0}, {"loss", "2", {}, 2.0}}, seconds(10),
                      [&](const Status&) { ++reported; });
  CHECK(world.Output(7, 500) == "[\"loss\",\"2\",null,2.0]\n");
  world.runner.Adopt({world.experiment, 8}, 1);
  world.Pass(seconds(61));
  CHECK(world.EndOf(8).value_or(Ending{}).kind == EndingKind::kLost);
}

}  // namespace
}  // namespace hone
