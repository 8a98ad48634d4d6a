// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_store.h"

#include <atomic>
#include <thread>

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
using test::RecordNow;
using test::SqliteHarness;
using test::StoreCase;
using test::TempFolder;

SqliteOptions Guest() {
  SqliteOptions options;
  options.read_only = true;
  return options;
}

TEST_CASE("sqlite: keeps the contract of stores", "[store]") {
  for (const auto cases : {test::LedgerCases(), test::ObservationCases(), test::CatalogCases()}) {
    for (const StoreCase& c : cases) {
      DYNAMIC_SECTION(c.name) {
        SqliteHarness harness;
        c.body(harness);
      }
    }
  }
}

TEST_CASE("sqlite: one item in a transaction keeps the contract too", "[store]") {
  SqliteOptions options;
  options.batch_items = 1;
  for (const auto cases : {test::LedgerCases(), test::ObservationCases()}) {
    for (const StoreCase& c : cases) {
      DYNAMIC_SECTION(c.name) {
        const TempFolder folder;
        SqliteHarness harness(folder.File(), options);
        c.body(harness);
      }
    }
  }
}

TEST_CASE("sqlite: everything is there after closing and opening", "[store]") {
  SqliteHarness h;
  const OwnerEpoch epoch = h.store().RegisterOwner("a", std::chrono::seconds(10)).value();
  REQUIRE(AppendNow(h, CreateStep(1, epoch)));
  REQUIRE(AppendNow(h, NextStep(1, 1, 3, epoch)));
  REQUIRE(AppendNow(h, NextStep(1, 4, 1, epoch)));
  REQUIRE(RecordNow(h, BatchOf(1, 1, 0, 4)));
  REQUIRE(h.store().WriteSnapshot(IdOf(1), 3, "state"));
  const auto id = h.store().PostRequest("stop", "{}").value();
  h.store().MarkDone(IdOf(1), 4, 0);  // reaches the disk by the closing
  const auto events = h.store().ReadAll(0, kAll).value();
  const auto rows = h.store().ListExperiments().value();
  const auto trials = h.store().ListTrials(IdOf(1)).value();
  const auto records = h.store().ReadRecords({IdOf(1), 1}, 0, "").value();

  h.Reopen();
  const auto again = h.store().ReadAll(0, kAll).value();
  REQUIRE(again.size() == events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    REQUIRE(again[i].position == events[i].position);
    REQUIRE(again[i].recorded == events[i].recorded);
  }
  REQUIRE(h.store().ListExperiments().value() == rows);
  REQUIRE(h.store().ListTrials(IdOf(1)).value() == trials);
  REQUIRE(h.store().ReadRecords({IdOf(1), 1}, 0, "").value() == records);
  REQUIRE(h.store().OffsetOf({IdOf(1), 1}, 1, "output").value() == 4);
  REQUIRE(h.store().ReadSnapshot(IdOf(1)).value() == std::pair{Version{3}, std::string("state")});
  REQUIRE(h.store().OpenRequests().value().at(0).id == id);
  const auto outbox = h.store().ReadOutbox(IdOf(1)).value();
  REQUIRE(outbox.size() == 1);
  REQUIRE(outbox[0].seq == 5);
  REQUIRE(h.store().RegisterOwner("b", std::chrono::seconds(10)).value() > epoch);
  REQUIRE(AppendNow(h, NextStep(1, 5, 1, epoch)));
}

TEST_CASE("sqlite: the destructor finishes what was handed over", "[store]") {
  const TempFolder folder;
  std::atomic<int> done = 0;
  {
    SqliteHarness h(folder.File());
    h.store().Append(CreateStep(1), [&](const Status& status) { done += status ? 1 : 1000; });
    for (Version v = 1; v < 300; ++v) {
      h.store().Append(NextStep(1, v), [&](const Status& status) { done += status ? 1 : 1000; });
    }
  }
  REQUIRE(done == 300);
  SqliteHarness h(folder.File());
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 300);
}

TEST_CASE("sqlite: a done may append the next step", "[store]") {
  SqliteHarness h;
  REQUIRE(AppendNow(h, CreateStep(1)));
  std::atomic<Version> version = 1;
  std::function<void(Status)> next = [&](const Status& status) {
    if (status && ++version < 50) {
      h.store().Append(NextStep(1, version), next);
    }
  };
  h.store().Append(NextStep(1, 1), next);
  h.WaitUntil([&] { return version == 50; });
  REQUIRE(version == 50);
}

TEST_CASE("sqlite: readers beside a writer see whole steps and never wait", "[store]") {
  SqliteHarness h;
  auto guest = SqliteStore::Create(h.file(), Guest()).value();
  constexpr Version kSteps = 300;
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::atomic<int> reads = 0;
  std::vector<std::jthread> readers;
  for (Store* store : {&h.store(), static_cast<Store*>(guest.get())}) {
    readers.emplace_back([&, store] {
      while (!stop) {
        const auto events = store->Read(IdOf(1), 0, kAll);
        const auto row = store->FindExperiment("default", "x1");
        torn += events && (events->empty() || events->size() % 3 == 1) ? 0 : 1;
        torn += !row || row->version % 3 == 1 ? 0 : 1;
        ++reads;
      }
    });
  }
  REQUIRE(AppendNow(h, CreateStep(1)));
  for (Version v = 0; v < kSteps; ++v) {
    REQUIRE(AppendNow(h, NextStep(1, 1 + 3 * v, 3)));
  }
  stop = true;
  readers.clear();
  REQUIRE(torn == 0);
  REQUIRE(reads > 0);
}

TEST_CASE("sqlite: a guest reads and posts requests, and nothing else", "[store]") {
  SqliteHarness h;
  REQUIRE(AppendNow(h, CreateStep(1)));
  auto guest = SqliteStore::Create(h.file(), Guest()).value();
  REQUIRE(guest->ListExperiments().value().size() == 1);
  REQUIRE(AppendNow(h, NextStep(1, 1)));
  REQUIRE(guest->Read(IdOf(1), 0, kAll).value().size() == 2);

  const auto before = h.store().ChangeCounter().value();
  const auto id = guest->PostRequest("stop", "{}").value();
  REQUIRE(h.store().ChangeCounter().value() != before);
  REQUIRE(h.store().OpenRequests().value().at(0).id == id);
  REQUIRE(h.store().AnswerRequest(id, "ok"));
  REQUIRE(guest->GetRequest(id).value().reply == "ok");

  Code code = test::kOk;
  guest->Append(NextStep(1, 2), [&](const Status& status) { code = CodeOf(status); });
  REQUIRE(code == Code::kFailedPrecondition);
  guest->Record(BatchOf(1, 1, 0, 1), [&](const Status& status) { code = CodeOf(status); });
  REQUIRE(code == Code::kFailedPrecondition);
  guest->MarkDone(IdOf(1), 2, 0);
  REQUIRE(CodeOf(guest->DeleteExperiment(IdOf(1), 0, test::At(0))) == Code::kFailedPrecondition);
  REQUIRE(CodeOf(guest->AnswerRequest(id, "x")) == Code::kFailedPrecondition);
  REQUIRE(guest->RegisterOwner("g", std::chrono::seconds(1)).error().code ==
          Code::kFailedPrecondition);
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 2);
  REQUIRE(h.store().ReadOutbox(IdOf(1)).value().size() == 1);
}

TEST_CASE("sqlite: a guest works without an owner, and the owner finds its request", "[store]") {
  const TempFolder folder;
  {
    SqliteHarness h(folder.File());
    REQUIRE(AppendNow(h, CreateStep(1)));
  }
  std::int64_t id = 0;
  {
    auto guest = SqliteStore::Create(folder.File(), Guest()).value();
    REQUIRE(guest->ListExperiments().value().size() == 1);
    id = guest->PostRequest("resume", "{}").value();
  }
  SqliteHarness h(folder.File());
  REQUIRE(h.store().OpenRequests().value().at(0).id == id);
}

TEST_CASE("sqlite: two owners of one file respect each other's epochs", "[store]") {
  SqliteHarness a;
  SqliteHarness b(a.file());
  const OwnerEpoch first = a.store().RegisterOwner("a", std::chrono::seconds(10)).value();
  REQUIRE(AppendNow(a, CreateStep(1, first)));
  REQUIRE(AppendNow(a, NextStep(1, 1, 1, first)));
  b.Advance(std::chrono::seconds(60));
  const OwnerEpoch second = b.store().RegisterOwner("b", std::chrono::seconds(10)).value();
  REQUIRE(b.store().TakeOver(IdOf(1), second));
  REQUIRE(CodeOf(AppendNow(a, NextStep(1, 2, 1, first))) == Code::kAborted);
  REQUIRE(AppendNow(b, NextStep(1, 2, 1, second)));
  REQUIRE(b.store().DeleteExperiment(IdOf(1), second, test::At(5)));
  REQUIRE(CodeOf(AppendNow(a, NextStep(1, 4, 1, second))) == Code::kAborted);
}

TEST_CASE("sqlite: people can read the tables", "[store]") {
  SqliteHarness h;
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, NextStep(1, 1)));
  REQUIRE(RecordNow(h, BatchOf(1, 1, 0, 2)));
  struct Row {
    const char* sql;
    const char* want;
  };
  const Row rows[] = {
      {"SELECT name || ' ' || phase FROM trials WHERE number = 1 AND experiment = 1",
       "x1-trial1 Pending"},
      {"SELECT at || ' ' || kind FROM event_list WHERE experiment = 'x1' AND seq = 2",
       "2026-01-01T00:00:02Z TrialLaunched"},
      {"SELECT experiment || ' ' || number FROM trial_list", "x1 1"},
      {"SELECT text || ' ' || at FROM observation_list WHERE id = 2",
       "0.1 2026-01-01T00:00:01.000Z"},
      {"SELECT number FROM observations WHERE id = 2", "0.1"},
      {"PRAGMA integrity_check", "ok"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.sql);
    REQUIRE(test::RawSql(h.file(), row.sql) == row.want);
  }
}

}  // namespace
}  // namespace hone
