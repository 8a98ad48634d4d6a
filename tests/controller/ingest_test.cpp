// SPDX-License-Identifier: Apache-2.0
// Reading while the store lags: logs wait where they are, not in memory, and nothing is lost.
#include <functional>
#include <map>
#include <optional>

#include "controller/trial_watch.h"
#include "store/memory/memory_store.h"
#include "suggestion/inprocess/factory.h"
#include "tests/catch.h"
#include "tests/contracts/store_contract.h"
#include "tests/support/experiment.h"
#include "trial-runner/simulated/simulated_runner.h"

namespace hone::test {
namespace {

using namespace std::chrono_literals;

constexpr TrialNumber kTrials = 100;
constexpr int kLines = 4000;
// For the whole experiment. A log here is shorter than the largest batch, so it is one batch.
constexpr std::uint64_t kMostBatches = 8;

std::string CountingLog() {
  std::string log;
  for (int i = 0; i < kLines; ++i) {
    log += "acc=" + std::to_string(i) + "\n";
  }
  return log;
}

/// Counts what is read of a log that all trials share.
class CountedSource final : public ByteSource {
 public:
  CountedSource(const std::string& log, std::uint64_t& read) : log_(log), read_(read) {}

  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    const std::string part = log_.substr(std::min<std::size_t>(offset, log_.size()), limit);
    out += part;
    read_ += part.size();
    return part.size();
  }

 private:
  const std::string& log_;
  std::uint64_t& read_;
};

/// "acc=1", "acc=2" and half a line; then a shorter file has its place.
class CutSource final : public ByteSource {
 public:
  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t /*limit*/,
                             std::string& out) override {
    if (!cut_ && offset == log_.size()) {
      cut_ = true;
      log_ = "acc=3\n";
      return Fail(Code::kOutOfRange, "the log was cut");
    }
    const std::string part = log_.substr(std::min<std::size_t>(offset, log_.size()));
    out += part;
    return part.size();
  }

 private:
  std::string log_ = "acc=1\nacc=2\nacc=7";
  bool cut_ = false;
};

/// A runner whose trials have all ended and left the same log.
class EndedTrials : public TrialRunner {
 public:
  [[nodiscard]] std::string Instance() const override { return "ended"; }
  void Check(const ExperimentSpec& /*spec*/, Problems& /*problems*/) const override {}
  [[nodiscard]] Demand DemandOf(const ExperimentSpec& /*spec*/) const override { return {}; }
  [[nodiscard]] Capacity Total() const override { return {kTrials, 0}; }
  void Launch(LaunchSpec /*spec*/, Done done) override { done({}); }
  void Stop(TrialId /*id*/, Attempt /*attempt*/, StopMode /*mode*/, Done done) override {
    done({});
  }
  void Observe(const ExperimentId& /*experiment*/, Seen seen) override {
    seen(std::vector<Sighting>{});
  }
  void OnHint(std::function<void(TrialId)> /*hint*/) override {}
  Result<std::optional<Sighting>> Look(TrialId id, Attempt attempt) override {
    return Sighting{id.number, attempt, "", {}, {}, Ending{}};
  }
  void Forget(TrialId /*id*/, Attempt /*attempt*/) override {}
  Result<std::unique_ptr<ByteSource>> OpenOutput(TrialId /*id*/, Attempt /*attempt*/,
                                                 const std::string& /*file*/) override {
    return std::make_unique<CountedSource>(log, read);
  }
  Status Remove(const ExperimentId& /*experiment*/) override { return {}; }

  std::string log = CountingLog();
  std::uint64_t read = 0;
};

class CutTrials final : public EndedTrials {
 public:
  Result<std::unique_ptr<ByteSource>> OpenOutput(TrialId /*id*/, Attempt /*attempt*/,
                                                 const std::string& /*file*/) override {
    return std::make_unique<CutSource>();
  }
};

/// Hears of ends only; records the values that come with them, as a strand would.
TrialWatch::Listener Hearing(Observations& store, const std::function<void(input::Seen)>& ended) {
  return {.on_seen =
              [ended](const input::Seen& seen) {
                if (seen.sighting.ending) {
                  ended(seen);
                }
              },
          .on_end =
              [&store, ended](const input::Seen& seen, ObservationBatch values) {
                store.Record(std::move(values), [ended, seen](const Status& status) {
                  CHECK(status);
                  ended(seen);
                });
              }};
}

TEST_CASE("ingest: a cut log goes on at its new beginning, in the store too", "[controller]") {
  SimExecutor executor(At(0));
  MemoryStore store(executor, executor);
  store.Append(CreateStep(1), [](const Status&) {});
  executor.RunUntil([] { return false; });
  CutTrials runner;
  InProcessSuggesterFactory suggesters(executor);
  const EnginePorts ports{store, suggesters, runner, executor, executor, executor};
  auto spec = std::make_shared<const ExperimentSpec>(MakeSpec({}));
  bool over = false;
  const auto watch =
      std::make_shared<TrialWatch>(ports, executor.MakeStrand(), IdOf(1), spec,
                                   std::move(MakeParser(spec->collector, spec->objective)).value(),
                                   Hearing(store, [&over](const input::Seen&) { over = true; }));
  watch->Watch(1, 1, true);
  watch->Confirm(1, 1);
  executor.RunUntil([&] { return over || executor.Now() > At(60); });
  REQUIRE(over);
  const auto records = store.ReadRecords({IdOf(1), 1}, 1, "");
  REQUIRE(records.has_value());
  std::string texts;
  for (const StoredRecord& stored : *records) {
    texts += stored.record.text + " ";
  }
  CHECK(texts == "1 2 3 ");
  CHECK(store.OffsetOf({IdOf(1), 1}, 1, "output").value() == 6);
  watch->Close();
}

TEST_CASE("ingest: reading stops while the store lags, and nothing is lost", "[controller]") {
  SimExecutor executor(At(0));
  SimExecutor disk(At(0));  // the store writes only when this runs
  MemoryStore store(disk, executor);
  store.Append(CreateStep(1), [](const Status&) {});
  disk.RunUntil([] { return false; });
  EndedTrials runner;
  InProcessSuggesterFactory suggesters(executor);
  const EnginePorts ports{store, suggesters, runner, executor, executor, executor};
  auto spec = std::make_shared<const ExperimentSpec>(MakeSpec({}));
  std::map<TrialNumber, std::string> seen;
  const auto watch =
      std::make_shared<TrialWatch>(ports, executor.MakeStrand(), IdOf(1), spec,
                                   std::move(MakeParser(spec->collector, spec->objective)).value(),
                                   Hearing(store, [&seen](const input::Seen& input) {
                                     seen[input.sighting.trial] = input.observation.at(0).latest;
                                   }));
  for (TrialNumber trial = 1; trial <= kTrials; ++trial) {
    watch->Watch(trial, 1, true);
    watch->Confirm(trial, 1);
  }
  // However long the store takes, no more than the credit is read.
  executor.RunUntil([&] { return executor.Now() > At(60); });
  CHECK(runner.read > 0);
  CHECK(runner.read == kMostBatches * runner.log.size());
  // And afterwards everything arrives, with no more than the credit ahead of the store.
  const std::uint64_t all = kTrials * runner.log.size();
  for (int rounds = 0; seen.size() < kTrials && rounds < 100000; ++rounds) {
    const std::uint64_t before = runner.read;
    disk.RunOne();
    const auto until = executor.Now() + 1s;
    executor.RunUntil([&] { return executor.Now() > until; });
    CHECK(runner.read - before <= kMostBatches * runner.log.size());
  }
  REQUIRE(seen.size() == kTrials);
  CHECK(runner.read == all);
  for (TrialNumber trial = 1; trial <= kTrials; trial += 33) {
    const auto records = store.ReadRecords({IdOf(1), trial}, 1, "");
    REQUIRE(records.has_value());
    REQUIRE(records->size() == kLines);
    int wrong = 0;
    for (int i = 0; i < kLines; ++i) {
      wrong += records->at(static_cast<std::size_t>(i)).record.text != std::to_string(i);
    }
    CHECK(wrong == 0);
    CHECK(seen.at(trial) == std::to_string(kLines - 1));
  }
  watch->Close();
}

TEST_CASE(
    "ingest: the last values come with the end, unless they are many or a rule waits for them",
    "[controller]") {
  struct Case {
    const char* name;
    int lines;
    std::vector<std::string> followed;
    std::size_t with_end;
  };
  const Case cases[] = {
      {"few", 3, {}, 3}, {"none", 0, {}, 0}, {"many", 101, {}, 0}, {"a rule", 3, {"acc"}, 0}};
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      SimExecutor executor(At(0));
      MemoryStore store(executor, executor);
      store.Append(CreateStep(1), [](const Status&) {});
      EndedTrials runner;
      runner.log.clear();
      for (int i = 0; i < c.lines; ++i) {
        runner.log += "acc=" + std::to_string(i) + "\n";
      }
      InProcessSuggesterFactory suggesters(executor);
      const EnginePorts ports{store, suggesters, runner, executor, executor, executor};
      auto spec = std::make_shared<const ExperimentSpec>(MakeSpec({}));
      std::optional<input::Seen> end;
      ObservationBatch with_end;
      std::size_t reports = 0;
      TrialWatch::Listener listener{
          .on_seen = [&](const input::Seen& seen) { end = seen; },
          .on_end =
              [&](const input::Seen& seen, ObservationBatch values) {
                end = seen;
                with_end = std::move(values);
              },
          .wanted = {{c.followed}, [&](const TrialReports& told) { reports += told.all.size(); }}};
      const auto watch = std::make_shared<TrialWatch>(
          ports, executor.MakeStrand(), IdOf(1), spec,
          std::move(MakeParser(spec->collector, spec->objective)).value(), std::move(listener));
      watch->Watch(1, 1, true);
      watch->Confirm(1, 1);
      executor.RunUntil([&] { return end.has_value(); });
      REQUIRE(end);
      const auto lines = static_cast<std::size_t>(c.lines);
      CHECK(with_end.records.size() == c.with_end);
      CHECK(with_end.offset_after == (c.with_end > 0 ? runner.log.size() : 0));
      CHECK(store.ReadRecords({IdOf(1), 1}, 1, "").value().size() == lines - c.with_end);
      CHECK(reports == (c.followed.empty() ? 0 : lines));
      CHECK(end->observation.at(0).latest ==
            (c.lines > 0 ? std::to_string(c.lines - 1) : std::string()));
      watch->Close();
    }
  }
}

}  // namespace
}  // namespace hone::test
