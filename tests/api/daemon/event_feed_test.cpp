// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/event_feed.h"

#include <chrono>

#include "base/executor.h"
#include "store/memory/memory_store.h"
#include "tests/catch.h"
#include "tests/contracts/store_contract.h"

namespace hone::daemon {
namespace {

using namespace std::chrono_literals;
using test::At;
using test::CreateStep;

struct Fixture {
  void Append(int count) {
    for (int i = 0; i < count; ++i) {
      store.Append(CreateStep(++experiments), [](const Status& status) { CHECK(status); });
    }
  }
  void RunFor(Duration span) {
    const Timestamp until = executor.Now() + span;
    executor.PostAfter(span, [] {});
    executor.RunUntil([&] { return executor.Now() >= until; });
  }

  SimExecutor executor{At(0)};
  MemoryStore store{executor, executor};
  int experiments = 0;
};

TEST_CASE(
    "event feed: while nobody watches hardly anything is read, and who comes next lacks nothing",
    "[api]") {
  Fixture f;
  const auto feed = EventFeed::Start(f.store, f.executor).value();
  f.RunFor(5s);  // it has seen by now that nobody watches
  f.Append(1000);
  f.RunFor(5s);
  const auto all = feed->After(0, 5000);
  REQUIRE(all);
  REQUIRE(all->size() == 1000);
  const Position last = all->back()->position;
  CHECK(feed->Now().value() == last);

  bool woken = false;
  feed->Await(last, [&] { woken = true; });
  f.RunFor(100ms);
  CHECK_FALSE(woken);
  f.Append(3);
  f.RunFor(100ms);
  CHECK(woken);
  const auto news = feed->After(last, 5000);
  REQUIRE(news);
  CHECK(news->size() == 3);
  feed->Close();
}

}  // namespace
}  // namespace hone::daemon
