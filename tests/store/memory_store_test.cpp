// SPDX-License-Identifier: Apache-2.0
#include "store/memory/memory_store.h"

#include "tests/catch.h"
#include "tests/store/harness.h"

namespace hone {
namespace {

using test::AppendNow;
using test::BatchOf;
using test::CodeOf;
using test::CreateStep;
using test::IdOf;
using test::kAll;
using test::NextStep;
using test::StoreCase;
using test::StoreHarness;

/// Virtual time on one thread.
class SimHarness final : public StoreHarness {
 public:
  MemoryStore& store() override { return store_; }
  void WaitUntil(const std::function<bool()>& ready) override { executor_.RunUntil(ready); }
  void Advance(Duration by) override {
    bool due = false;
    executor_.PostAfter(by, [&] { due = true; });
    executor_.RunUntil([&] { return due; });
  }
  [[nodiscard]] bool threads() const override { return false; }
  SimExecutor& executor() { return executor_; }

 private:
  SimExecutor executor_{test::At(0)};
  MemoryStore store_{executor_, executor_};
};

class PoolHarness final : public StoreHarness {
 public:
  MemoryStore& store() override { return store_; }
  void WaitUntil(const std::function<bool()>& ready) override { test::WaitForThreads(ready); }
  void Advance(Duration by) override { clock_.Advance(by); }

 private:
  test::HandClock clock_;
  AsioExecutor executor_{"store", 2};
  MemoryStore store_{executor_, clock_};
};

template <class Harness>
void RunContract() {
  for (const auto cases : {test::LedgerCases(), test::ObservationCases(), test::CatalogCases()}) {
    for (const StoreCase& c : cases) {
      DYNAMIC_SECTION(c.name) {
        Harness harness;
        c.body(harness);
      }
    }
  }
}

TEST_CASE("memory: keeps the contract of stores in virtual time", "[store]") {
  RunContract<SimHarness>();
}

TEST_CASE("memory: keeps the contract of stores on threads", "[store]") {
  RunContract<PoolHarness>();
}

TEST_CASE("memory: done runs in a task, never inside Append", "[store]") {
  SimHarness h;
  int done = 0;
  h.store().Append(CreateStep(1), [&](const Status& status) { done += status ? 1 : 1000; });
  REQUIRE(done == 0);
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().empty());
  h.WaitUntil([&] { return done > 0; });
  REQUIRE(done == 1);
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 1);
}

TEST_CASE("memory: a write that is waited for comes after those handed over", "[store]") {
  SimHarness h;
  int done = 0;
  h.store().Append(CreateStep(1), [&](const Status& status) { done += status ? 1 : 1000; });
  REQUIRE(h.store().WriteSnapshot(IdOf(1), 1, "s"));
  REQUIRE(h.store().ReadSnapshot(IdOf(1)).value()->first == 1);
  h.WaitUntil([&] { return done > 0; });
  REQUIRE(done == 1);
}

TEST_CASE("memory: injected fates of a write", "[store]") {
  struct Row {
    const char* name;
    WriteFate fate;
    std::optional<Code> told;  // nothing: nobody is told
    std::size_t events;        // after a restart
  };
  const Row rows[] = {
      {"commit", WriteFate::kCommit, test::kOk, 3},
      {"fail", WriteFate::kFail, Code::kUnavailable, 1},
      {"full disk", WriteFate::kDiskFull, Code::kResourceExhausted, 1},
      {"crash before", WriteFate::kCrashBefore, std::nullopt, 1},
      {"crash after", WriteFate::kCrashAfter, std::nullopt, 2},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      SimHarness h;
      h.store().OnWrite(
          [&](const StoreWrite& write) { return write.n == 2 ? row.fate : WriteFate::kCommit; });
      REQUIRE(AppendNow(h, CreateStep(1)));
      std::vector<Code> told;
      for (Version v = 1; v <= 2; ++v) {
        h.store().Append(NextStep(1, v),
                         [&](const Status& status) { told.push_back(CodeOf(status)); });
      }
      h.WaitUntil([] { return false; });
      if (row.told) {
        REQUIRE(told.size() == 2);
        REQUIRE(told[0] == *row.told);
        REQUIRE(told[1] == (row.fate == WriteFate::kCommit ? test::kOk : Code::kAborted));
      } else {
        REQUIRE(told.empty());
        REQUIRE(h.store().crashed());
        REQUIRE(h.store().Read(IdOf(1), 0, kAll).error().code == Code::kUnavailable);
        REQUIRE(CodeOf(h.store().WriteSnapshot(IdOf(1), 1, "s")) == Code::kUnavailable);
        h.store().Restart();
      }
      REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == row.events);
      REQUIRE(AppendNow(h, NextStep(1, row.events)));
    }
  }
}

TEST_CASE("memory: each kind of write is asked about", "[store]") {
  SimHarness h;
  std::vector<StoreWrite::Kind> kinds;
  h.store().OnWrite([&](const StoreWrite& write) {
    kinds.push_back(write.kind);
    return WriteFate::kCommit;
  });
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(test::RecordNow(h, BatchOf(1, 1, 0, 1)));
  h.store().MarkDone(IdOf(1), 1, 0);
  REQUIRE(h.store().PostRequest("stop", "{}"));
  using Kind = StoreWrite::Kind;
  REQUIRE(kinds == std::vector<Kind>{Kind::kAppend, Kind::kRecord, Kind::kMarkDone, Kind::kOther});
}

TEST_CASE("memory: a crash forgets what waits", "[store]") {
  SimHarness h;
  REQUIRE(AppendNow(h, CreateStep(1)));
  int done = 0;
  h.store().Append(NextStep(1, 1), [&](const Status&) { ++done; });
  h.store().Crash();
  h.store().Append(NextStep(1, 1), [&](const Status&) { ++done; });
  h.store().Restart();
  h.WaitUntil([] { return false; });
  REQUIRE(done == 0);
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 1);
}

}  // namespace
}  // namespace hone
