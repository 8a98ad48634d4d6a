// SPDX-License-Identifier: Apache-2.0
#include "core/event_codec.h"

#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>

#include "core/command.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace hone {
namespace {

Timestamp At(std::int64_t microseconds) {
  return Timestamp(Duration(microseconds));
}

event::TrialOutcome Outcome() {
  return {7,
          2,
          At(1700000000000000),
          At(1700000001500000),
          {{"loss", "0.1", "0.9", "0.1", true}, {"acc", "", "", "", false}}};
}

/// One of each kind, every field set.
std::vector<Event> Samples() {
  using namespace event;  // NOLINT(google-build-using-namespace): one of each name in it
  return {
      ExperimentCreated{R"({"kind":"Experiment"})", 18446744073709551615ULL, "0.1.0", "x86-64-v3"},
      BudgetEdited{4, 50, 0},
      ExperimentRestarted{},
      ExperimentSuspended{"interrupted", true},
      ExperimentResumed{},
      TrialsReserved{7, 3},
      TrialProposed{7,
                    5,
                    4,
                    {{"0.01", true}, {"none", false}},
                    "given-name",
                    "tag",
                    "note",
                    9.5,
                    "sha256:ab",
                    {{"k", "v"}},
                    3,
                    true},
      TrialsWithdrawn{{8, 9}, TrialsWithdrawn::Why::kSuspended, "interrupted"},
      SearchExhausted{"all tried"},
      TrialLaunched{7, 2, "machine:/folder"},
      TrialRunning{7, 2, At(1700000000000000), "pid 4711"},
      TrialReported{7, 2, 3, 0.25, {12, -1.5}},
      TrialStopRequested{7,
                         2,
                         TrialStopRequested::Cause::kEarlyStopped,
                         "below the median",
                         {"medianstop", 4, 0.25, 0.5}},
      TrialPaused{Outcome()},
      TrialResumed{7, 11, 10, 27, "bracket 1", {{"0.01"}, {"27"}}, "rung 2", true},
      TrialRequeued{7, 2, EndingKind::kSucceeded, "again"},
      TrialSucceeded{Outcome()},
      TrialFailed{Outcome(), {EndingKind::kExitCode, 3, 0, "line \"quoted\"\nnext \xC3\xA9"}},
      TrialEarlyStopped{Outcome(), "hopeless"},
      TrialKilled{Outcome(), "by a person"},
      BestChanged{7},
      ExperimentEnded{ExperimentEnded::Reason::kGoalReached, "done"},
      ExperimentDeleted{},
      RecordsRemoved{true, true, 16, std::uint64_t{3} << 32, 4800},
  };
}

TEST_CASE("event codec: every kind reads back as it was written", "[core]") {
  const auto samples = Samples();
  REQUIRE(samples.size() == EventKinds().size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    DYNAMIC_SECTION(EventKinds()[i]) {
      CHECK(EventKind(samples[i]) == EventKinds()[i]);
      const auto decoded = DecodeEvent(EventKinds()[i], EncodeEvent(samples[i]));
      REQUIRE(decoded.has_value());
      CHECK(*decoded == samples[i]);
    }
  }
}

TEST_CASE("event codec: the stored text is that of the golden file", "[core]") {
  std::ostringstream text;
  for (const Event& event : Samples()) {
    text << EventKind(event) << ' ' << EncodeEvent(event) << '\n';
  }
  const std::filesystem::path path = test::SourceFolder() / "tests/core/golden/events.txt";
  if (std::getenv("HONE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text.str();
  }
  std::ifstream file(path);
  const std::string golden((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
  // A ledger that was written once must stay readable: change this file only together with a new
  // field or kind.
  CHECK(text.str() == golden);
}

TEST_CASE("event codec: defaults survive although they are not written", "[core]") {
  const Event event = event::TrialStopRequested{};
  const auto decoded = DecodeEvent("TrialStopRequested", EncodeEvent(event));
  REQUIRE(decoded.has_value());
  CHECK(*decoded == event);
}

TEST_CASE("event codec: a stop that was recorded before there were rules has none", "[core]") {
  const auto decoded = DecodeEvent(
      "TrialStopRequested", R"({"trial":7,"attempt":2,"cause":"EarlyStopped","reason":"slow"})");
  REQUIRE(decoded.has_value());
  CHECK(*decoded == Event(event::TrialStopRequested{
                        7, 2, event::TrialStopRequested::Cause::kEarlyStopped, "slow", {}}));
}

TEST_CASE("event codec: what cannot be read is data loss, with the reason", "[core]") {
  struct Case {
    std::string name;
    std::string kind;
    std::string payload;
  };
  const Case c = GENERATE(values<Case>({
      {"unknown kind", "TrialTeleported", "{}"},
      {"not JSON", "BestChanged", "{"},
      {"wrong type", "BestChanged", R"({"trial":"seven"})"},
      {"a fraction", "BestChanged", R"({"trial":1.5})"},
      {"negative", "BestChanged", R"({"trial":-1})"},
      {"too large", "BestChanged", R"({"trial":4294967296})"},
      {"far too large", "TrialRunning", R"({"trial":1,"startedAt":17000000010000000000500000})"},
      {"unknown word", "TrialStopRequested", R"({"cause":"Bored"})"},
  }));
  INFO(c.name);
  const auto decoded = DecodeEvent(c.kind, c.payload);
  REQUIRE_FALSE(decoded.has_value());
  CHECK(decoded.error().code == Code::kDataLoss);
}

TEST_CASE("event codec: unknown fields of newer versions are passed over", "[core]") {
  const auto decoded = DecodeEvent("BestChanged", R"({"trial":3,"mood":"good"})");
  REQUIRE(decoded.has_value());
  CHECK(*decoded == Event(event::BestChanged{3}));
}

TEST_CASE("event codec: text that is no UTF-8 is replaced, never refused", "[core]") {
  const auto decoded =
      DecodeEvent("SearchExhausted", EncodeEvent(event::SearchExhausted{"a\xFF\x01z"}));
  REQUIRE(decoded.has_value());
  CHECK(std::get<event::SearchExhausted>(*decoded).reason == "a\xEF\xBF\xBD\x01z");
}

TEST_CASE("commands: durable ones read back as they were written", "[core]") {
  const std::vector<Command> commands = {command::Launch{3, 1},
                                         command::Stop{3, 2, StopMode::kTerminate},
                                         command::Stop{4, 1, StopMode::kCheckpointFirst}};
  for (const Command& command : commands) {
    CHECK(IsDurable(command));
    const auto decoded = DecodeCommand(EncodeCommand(command));
    REQUIRE(decoded.has_value());
    CHECK(*decoded == command);
  }
  CHECK_FALSE(IsDurable(command::AskSuggester{}));
  CHECK_FALSE(DecodeCommand(R"({"do":"dance","trial":1,"attempt":1})").has_value());
}

}  // namespace
}  // namespace hone
