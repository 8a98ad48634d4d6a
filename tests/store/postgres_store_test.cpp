// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/postgres_store.h"

#include <atomic>
#include <set>
#include <thread>

#include "base/check.h"
#include "tests/catch.h"
#include "tests/contracts/store_contract.h"
#include "tests/store/hand_clock.h"
#include "tests/support/postgres_server.h"

namespace hone {
namespace {

using test::AppendNow;
using test::BatchOf;
using test::CodeOf;
using test::CreateStep;
using test::IdOf;
using test::kAll;
using test::NextStep;
using test::PostgresServer;
using test::RecordNow;

/// A store in a schema of its own, or in one that is given.
class PostgresHarness final : public test::StoreHarness {
 public:
  explicit PostgresHarness(const PostgresOptions& options = {})
      : PostgresHarness(PostgresServer::Shared()->NewSchema(), options) {}
  PostgresHarness(std::string url, const PostgresOptions& options)
      : url_(std::move(url)), options_(options) {
    options_.clock = &clock_;
    Reopen();
  }

  Store& store() override { return *store_; }
  void WaitUntil(const std::function<bool()>& ready) override { test::WaitForThreads(ready); }
  void Advance(Duration by) override { clock_.Advance(by); }
  [[nodiscard]] const std::string& url() const { return url_; }
  void Reopen() {
    store_.reset();
    auto opened = PostgresStore::Create(url_, options_);
    HONE_CHECK(opened.has_value(), opened ? "" : opened.error().message);
    store_ = std::move(*opened);
  }

 private:
  std::string url_;
  test::HandClock clock_;
  PostgresOptions options_;
  std::unique_ptr<PostgresStore> store_;
};

TEST_CASE("postgres: keeps the contract of stores", "[store]") {
  if (PostgresServer::Shared() == nullptr) {
    return;
  }
  for (const auto cases : {test::LedgerCases(), test::ObservationCases(), test::CatalogCases()}) {
    for (const test::StoreCase& c : cases) {
      DYNAMIC_SECTION(c.name) {
        PostgresHarness harness;
        c.body(harness);
      }
    }
  }
}

TEST_CASE("postgres: everything is there after closing and opening", "[store]") {
  if (PostgresServer::Shared() == nullptr) {
    return;
  }
  std::atomic<int> done = 0;
  PostgresHarness h;
  h.store().Append(CreateStep(1), [&](const Status& status) { done += status ? 1 : 1000; });
  for (Version v = 1; v < 300; ++v) {
    h.store().Append(NextStep(1, v), [&](const Status& status) { done += status ? 1 : 1000; });
  }
  h.Reopen();  // the destructor finishes what was handed over
  REQUIRE(done == 300);
  REQUIRE(h.store().Read(IdOf(1), 0, kAll).value().size() == 300);
  REQUIRE(h.store().CheckIntegrity());
}

TEST_CASE("postgres: a guest reads and posts requests, and nothing else", "[store]") {
  if (PostgresServer::Shared() == nullptr) {
    return;
  }
  PostgresOptions options;
  options.read_only = true;
  const std::string empty = PostgresServer::Shared()->NewSchema();
  REQUIRE(PostgresStore::Create(empty, options).error().code == Code::kNotFound);
  PostgresHarness h;
  REQUIRE(AppendNow(h, CreateStep(1)));
  const auto guest = PostgresStore::Create(h.url(), options).value();
  REQUIRE(guest->ListExperiments().value().size() == 1);
  const auto id = guest->PostRequest("stop", "{}").value();
  REQUIRE(h.store().OpenRequests().value().at(0).id == id);
  Code code = test::kOk;
  guest->Append(NextStep(1, 1), [&](const Status& status) { code = CodeOf(status); });
  REQUIRE(code == Code::kFailedPrecondition);
  REQUIRE(CodeOf(guest->AnswerRequest(id, "x")) == Code::kFailedPrecondition);
}

TEST_CASE("postgres: requests reach the owner that they are for", "[store]") {
  if (PostgresServer::Shared() == nullptr) {
    return;
  }
  PostgresOptions of_a;
  of_a.requests_of = "a@x";
  PostgresOptions of_b;
  of_b.requests_of = "b@x";
  PostgresHarness a(of_a);
  PostgresHarness b(a.url(), of_b);
  PostgresOptions guest = of_b;
  guest.read_only = true;
  const auto id = PostgresStore::Create(a.url(), guest).value()->PostRequest("stop", "{}").value();
  REQUIRE(a.store().OpenRequests().value().empty());
  const auto open = b.store().OpenRequests().value();
  REQUIRE(open.size() == 1);
  REQUIRE(open[0].kind == "stop");
  REQUIRE(b.store().AnswerRequest(id, "ok"));
  REQUIRE(b.store().GetRequest(id).value().kind == "stop");
}

TEST_CASE("postgres: refuses what is not its own, and leaves it as it was", "[store]") {
  auto* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  struct Row {
    const char* name;
    bool migrated;
    const char* sql;
    const char* want;
  };
  const Row rows[] = {
      {"a newer schema", true,
       "INSERT INTO migrations SELECT max(number) + n, 'later' || n, 0, 'x' FROM migrations, "
       "generate_series(1, 2) AS n GROUP BY n",
       "newer"},
      {"a changed migration", true, "UPDATE migrations SET checksum = '00000000'", "another build"},
      {"another program's migrations", false, "CREATE TABLE migrations (id int)", "of its own"},
      {"another program's table", false, "CREATE TABLE experiments (id int)", "of its own"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const std::string url = server->NewSchema();
      if (row.migrated) {
        REQUIRE(PostgresStore::Create(url, {}));
      }
      server->Sql(url, row.sql);
      const char* const tables =
          "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()";
      const std::string before = server->Sql(url, tables);
      const auto opened = PostgresStore::Create(url, {});
      REQUIRE(opened.error().code == Code::kFailedPrecondition);
      CHECK(opened.error().message.find(row.want) != std::string::npos);
      CHECK(server->Sql(url, tables) == before);
    }
  }
}

TEST_CASE("postgres: no message shows a password", "[store]") {
  const std::string urls[] = {
      "postgresql://u:hushhush@[::1/db",
      "postgresql://u:hushhush",
      "postgresql://u:hush@hushhush@localhost:1/db",
      "postgresql://u:hushhush@localhost:99999/db",
      "postgresql://u:hushhush@localhost:1/db?nonsense=1",
      "postgresql://u:hush%hush@localhost/db",
      "postgresql://u:hushhush@127.0.0.1:1/db",
      "postgresql://u:hushhush@/db?host=/nowhere",
      "postgresql://u@127.0.0.1:1/db?password=hushhush",
      "postgresql://u@127.0.0.1:1/db?sslmode=hushhush&password=hushhush",
      "postgres://u:hushhush@127.0.0.1:1/hushhush",
      "mysql://u:hushhush@localhost/db",
      "host=localhost password=hushhush",
      "hushhush",
  };
  for (const std::string& url : urls) {
    CAPTURE(url);
    PostgresOptions options;
    options.read_patience = Duration(0);
    const auto opened = PostgresStore::Create(url, options);
    REQUIRE_FALSE(opened.has_value());
    CAPTURE(opened.error().message);
    CHECK(opened.error().message.find("hush") == std::string::npos);
    const auto shown = ShownUrl(url);
    CHECK((shown ? *shown : shown.error().message).find("hush") == std::string::npos);
  }
}

TEST_CASE("postgres: two engines of one database respect each other's epochs", "[store]") {
  if (PostgresServer::Shared() == nullptr) {
    return;
  }
  PostgresHarness a;
  PostgresHarness b(a.url(), {});
  const OwnerEpoch first = a.store().RegisterOwner("a", std::chrono::seconds(10)).value();
  REQUIRE(AppendNow(a, CreateStep(1, first)));
  const OwnerEpoch second = b.store().RegisterOwner("b", std::chrono::seconds(10)).value();
  REQUIRE(CodeOf(b.store().TakeOver(IdOf(1), second)) == Code::kAborted);
  b.Advance(std::chrono::seconds(60));
  REQUIRE(b.store().TakeOver(IdOf(1), second));
  REQUIRE(CodeOf(AppendNow(a, NextStep(1, 1, 1, first))) == Code::kAborted);
  REQUIRE(AppendNow(b, NextStep(1, 1, 1, second)));
}

TEST_CASE("postgres: a watcher passes nothing over while two processes write", "[store]") {
  if (PostgresServer::Shared() == nullptr) {
    return;
  }
  constexpr int kEach = 150;
  PostgresHarness a;
  PostgresHarness b(a.url(), {});
  const auto write = [](PostgresHarness& h, int n) {
    bool all = AppendNow(h, CreateStep(n)).has_value();
    for (Version v = 1; v < kEach; ++v) {
      all = AppendNow(h, NextStep(n, v)).has_value() && all;
    }
    return all;
  };
  std::atomic<int> writing = 2;
  std::atomic<int> failed = 0;
  std::jthread first([&] {
    failed += write(a, 1) ? 0 : 1;
    --writing;
  });
  std::jthread second([&] {
    failed += write(b, 2) ? 0 : 1;
    --writing;
  });
  Position at = 0;
  std::set<std::pair<std::string, Version>> seen;
  bool ended = false;
  while (!ended) {
    ended = writing == 0;
    const auto news = a.store().ReadAll(at, 7).value();
    for (const Positioned& event : news) {
      REQUIRE(event.position > at);
      at = event.position;
      seen.emplace(event.experiment.text, event.recorded.seq);
    }
    ended = ended && news.empty();
  }
  REQUIRE(failed == 0);
  REQUIRE(seen.size() == std::size_t{2} * kEach);
}

TEST_CASE("postgres: positions grow after a restore into a younger cluster", "[store]") {
  auto* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  PostgresHarness h;
  REQUIRE(AppendNow(h, CreateStep(1)));
  server->Sql(h.url(), "UPDATE events SET position = position + (1000000::bigint << 20)");
  h.Reopen();
  const auto before = h.store().ReadAll(0, kAll).value();
  REQUIRE(before.size() == 1);
  REQUIRE(AppendNow(h, NextStep(1, 1)));
  REQUIRE(h.store().ReadAll(before[0].position, kAll).value().size() == 1);
}

TEST_CASE("postgres: what waits goes as one call, and what is refused of it spoils nothing else",
          "[store]") {
  auto* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  constexpr int kExperiments = 5;
  constexpr Version kSteps = 12;
  constexpr OwnerEpoch kStranger = 77;
  PostgresHarness h;
  for (int n = 1; n <= kExperiments; ++n) {
    REQUIRE(AppendNow(h, CreateStep(n)));
  }
  std::atomic<int> done = 0;
  std::atomic<int> good = 0;
  std::atomic<int> moved = 0;
  std::atomic<int> gone = 0;
  const auto count = [&](const Status& status) {
    good += status ? 1 : 0;
    moved += CodeOf(status) == Code::kAborted ? 1 : 0;
    gone += CodeOf(status) == Code::kNotFound ? 1 : 0;
    ++done;
  };
  int sent = 0;
  for (Version v = 1; v < kSteps; ++v) {
    for (int n = 1; n <= kExperiments; ++n, sent += 2) {
      // The third one is driven by somebody else, and the second one's output was read elsewhere.
      h.store().Append(NextStep(n, v, 1, n == 3 ? kStranger : 0), count);
      h.store().Record(n == 2 ? BatchOf(n, 1, v + 5, v + 6) : BatchOf(n, 1, v - 1, v), count);
    }
    h.store().Record(BatchOf(9, 1, v - 1, v), count);
    ++sent;
  }
  h.WaitUntil([&] { return done == sent; });
  constexpr int kEach = 11;
  static_assert(kEach == kSteps - 1);
  CHECK(moved == 2 * kEach);
  CHECK(gone == kEach);
  CHECK(good == (2 * kExperiments - 2) * kEach);
  for (int n = 1; n <= kExperiments; ++n) {
    CAPTURE(n);
    const std::size_t steps = n == 3 ? 0 : kEach;
    const std::size_t rows = n == 2 ? 0 : kEach;
    CHECK(h.store().Read(IdOf(n), 0, kAll).value().size() == 1 + steps);
    CHECK(h.store().ReadOutbox(IdOf(n)).value().size() == steps);
    const auto records = h.store().ReadRecords({IdOf(n), 1}, 0, "").value();
    CHECK(records.size() == rows);
    for (std::size_t i = 0; i < records.size(); ++i) {
      CHECK(records[i].id == static_cast<std::int64_t>(i + 1));
      CHECK(records[i].record == BatchOf(n, 1, i, i + 1).records[0]);
    }
  }
  CHECK(h.store().CheckIntegrity());
  // Far fewer transactions than writes, though the first of them may have gone alone.
  const std::string transactions = server->Sql(h.url(), "SELECT max(n) FROM commits");
  CHECK(std::stoi(transactions) < kExperiments + sent / 2);
}

TEST_CASE("postgres: a call that comes after the one that was made instead writes nothing",
          "[store]") {
  auto* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  PostgresHarness h;
  REQUIRE(AppendNow(h, CreateStep(1)));
  REQUIRE(AppendNow(h, NextStep(1, 1)));
  // The step goes on from where the experiment stands, so nothing but the count can refuse it.
  const auto call = [&](const char* n) {
    return server->Sql(
        h.url(),
        std::string("SELECT write_group(c.writer, ") + n +
            ", NULL, ARRAY[x], ARRAY[x.version], ARRAY[ROW(0, x.key, 3, 0, "
            "'ExperimentResumed', '{}')::events], '{}', '{}', '{}', '{}', '{}', '{}', '{}') "
            "FROM experiments x, (SELECT * FROM commits ORDER BY n DESC LIMIT 1) c");
  };
  CHECK(call("c.n") == "w");
  CHECK(h.store().Read(IdOf(1), 0, kAll).value().size() == 2);
  CHECK(call("c.n + 1").empty());
  CHECK(h.store().Read(IdOf(1), 0, kAll).value().size() == 3);
}

TEST_CASE("postgres: the server goes away under load, and nothing is lost or doubled", "[store]") {
  auto* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  constexpr int kThreads = 3;
  constexpr Version kSteps = 120;
  constexpr int kCrashes = 5;
  PostgresHarness h;
  std::atomic<int> failures = 0;
  std::atomic<int> writing = kThreads;
  std::atomic<Version> made = 0;
  std::vector<std::jthread> threads;
  for (int n = 1; n <= kThreads; ++n) {
    threads.emplace_back([&, n] {
      Status status = AppendNow(h, CreateStep(n));
      for (Version v = 1; status && v < kSteps; ++v) {
        status = AppendNow(h, NextStep(n, v));
        status = status ? RecordNow(h, BatchOf(n, 1, v - 1, v)) : status;
        ++made;
      }
      failures += status ? 0 : 1;
      --writing;
    });
  }
  for (int crash = 1; crash <= kCrashes; ++crash) {
    const Version next = kThreads * kSteps * static_cast<Version>(crash) / (kCrashes + 1);
    test::WaitForThreads([&] { return made >= next || writing == 0; });
    server->Kill();
    server->Start();
  }
  threads.clear();
  REQUIRE(failures == 0);
  for (int n = 1; n <= kThreads; ++n) {
    REQUIRE(h.store().Read(IdOf(n), 0, kAll).value().size() == kSteps);
    REQUIRE(h.store().ReadRecords({IdOf(n), 1}, 0, "").value().size() == kSteps - 1);
  }
  REQUIRE(h.store().CheckIntegrity());
}

TEST_CASE("postgres: people can read the tables", "[store]") {
  auto* const server = PostgresServer::Shared();
  if (server == nullptr) {
    return;
  }
  PostgresHarness h;
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
  };
  for (const Row& row : rows) {
    CAPTURE(row.sql);
    REQUIRE(server->Sql(h.url(), row.sql) == row.want);
  }
}

}  // namespace
}  // namespace hone
