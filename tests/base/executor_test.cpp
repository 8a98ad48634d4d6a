// SPDX-License-Identifier: Apache-2.0
#include "base/executor.h"

#include <pthread.h>

#include <array>
#include <atomic>
#include <barrier>
#include <functional>
#include <future>
#include <latch>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "tests/catch.h"

namespace {

using hone::AsioExecutor;
using hone::Duration;
using hone::Executor;
using hone::LentThread;
using hone::SimExecutor;
using hone::Task;
using hone::Timestamp;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Timestamp kStart{seconds(1000)};

/// Runs a task on the executor and waits for it.
void RunOn(Executor& executor, Task task) {
  std::promise<void> done;
  executor.Post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

/// Says when it is destroyed.
std::shared_ptr<void> Witness(std::atomic<int>& destroyed) {
  return {nullptr, [&destroyed](void*) { ++destroyed; }};
}

TEST_CASE("asio: tasks run on the pool's own named threads, never inside Post", "[base]") {
  AsioExecutor pool("control-with-long-name", 2);
  std::thread::id ran_on;
  std::array<char, 16> name{};
  RunOn(pool, [&] {
    ran_on = std::this_thread::get_id();
    pthread_getname_np(pthread_self(), name.data(), name.size());
  });
  CHECK(ran_on != std::this_thread::get_id());
  CHECK(std::string(name.data()).starts_with("control-with-"));
  CHECK(std::string(name.data()).size() == 15);
}

TEST_CASE("asio: a pool of two runs two tasks at the same time", "[base]") {
  std::barrier meet(3);
  std::atomic<int> met{0};
  AsioExecutor pool("pool", 2);  // last: it waits for the tasks, which use the others
  for (int i = 0; i < 2; ++i) {
    pool.Post([&] {
      ++met;
      meet.arrive_and_wait();
    });
  }
  meet.arrive_and_wait();  // would hang if one had to wait for the other
  CHECK(met == 2);
}

TEST_CASE("asio: a strand keeps the order and never overlaps", "[base]") {
  std::vector<int> seen;  // unguarded on purpose: the strand is the guard
  std::atomic<int> inside{0};
  std::atomic<int> overlaps{0};
  AsioExecutor pool("pool", 4);
  const auto strand = pool.MakeStrand();
  for (int i = 0; i < 2000; ++i) {
    strand->Post([&, i] {
      overlaps += inside.fetch_add(1) == 0 ? 0 : 1;
      seen.push_back(i);
      inside.fetch_sub(1);
    });
  }
  RunOn(*strand, [] {});
  REQUIRE(seen.size() == 2000);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(overlaps == 0);
}

TEST_CASE("asio: strands do not wait for each other", "[base]") {
  AsioExecutor pool("pool", 2);
  const auto blocked = pool.MakeStrand();
  const auto free = blocked->MakeStrand();
  std::promise<void> release;
  std::atomic<bool> released{false};
  blocked->Post([&] {
    release.get_future().wait();
    released = true;
  });
  bool was_released = true;
  RunOn(*free, [&] { was_released = released; });
  CHECK_FALSE(was_released);
  release.set_value();
  RunOn(*blocked, [] {});
  CHECK(released);
}

TEST_CASE("asio: Post from inside a task runs afterwards", "[base]") {
  AsioExecutor pool("pool", 1);
  std::vector<int> order;
  std::promise<void> done;
  pool.Post([&] {
    pool.Post([&] {
      order.push_back(2);
      done.set_value();
    });
    order.push_back(1);
  });
  done.get_future().wait();
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("asio: timers fire in order of their delays, on pool and strand", "[base]") {
  AsioExecutor pool("pool", 1);
  const auto strand = pool.MakeStrand();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<int> order;
  std::promise<void> done;
  strand->PostAfter(milliseconds(30), [&] {
    order.push_back(3);
    done.set_value();
  });
  pool.PostAfter(milliseconds(10), [&] { order.push_back(2); });
  strand->PostAfter(Duration{-5}, [&] { order.push_back(1); });
  done.get_future().wait();
  CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(30));
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("asio: tasks are moved along, never copied", "[base]") {
  struct Counted {
    explicit Counted(std::atomic<int>& counter) : copies(&counter) {}
    Counted(const Counted& other) : copies(other.copies) { ++*copies; }
    Counted(Counted&& other) noexcept = default;
    std::atomic<int>* copies;
  };
  std::atomic<int> copies{0};
  AsioExecutor pool("pool", 1);
  const auto strand = pool.MakeStrand();
  std::latch ran(3);
  const auto task = [&] { return [counted = Counted(copies), &ran] { ran.count_down(); }; };
  pool.Post(task());
  strand->Post(task());
  strand->PostAfter(milliseconds(1), task());
  ran.wait();
  CHECK(copies == 0);
}

TEST_CASE("asio: Stop waits for the running task and drops the rest", "[base]") {
  std::atomic<int> destroyed{0};
  std::atomic<bool> finished{false};
  std::atomic<int> wrongly_run{0};
  AsioExecutor pool("pool", 1);
  const auto strand = pool.MakeStrand();
  std::promise<void> started;
  std::promise<void> release;
  pool.Post([&] {
    started.set_value();
    release.get_future().wait();
    finished = true;
  });
  started.get_future().wait();
  for (Executor* executor : {static_cast<Executor*>(&pool), strand.get()}) {
    executor->Post([&, w = Witness(destroyed)] { ++wrongly_run; });
    executor->PostAfter(std::chrono::hours(1), [&, w = Witness(destroyed)] { ++wrongly_run; });
  }
  std::jthread stopper([&] { pool.Stop(); });
  // Stop() refuses new tasks before it waits: as soon as one is dropped at once, it is waiting.
  std::atomic<int> refused{0};
  int posted = 0;
  while (refused == 0) {
    pool.Post([w = Witness(refused)] {});
    ++posted;
    std::this_thread::yield();
  }
  CHECK_FALSE(finished);
  release.set_value();
  stopper.join();
  CHECK(finished);
  CHECK(wrongly_run == 0);
  CHECK(destroyed == 4);
  CHECK(refused == posted);
  pool.Stop();
}

TEST_CASE("asio: after Stop everything is dropped, on strands that outlive the pool, too",
          "[base]") {
  std::atomic<int> destroyed{0};
  std::atomic<int> wrongly_run{0};
  std::shared_ptr<Executor> strand;
  {
    AsioExecutor pool("pool", 2);
    strand = pool.MakeStrand();
    pool.Stop();
    pool.Post([&, w = Witness(destroyed)] { ++wrongly_run; });
    pool.PostAfter(seconds(0), [&, w = Witness(destroyed)] { ++wrongly_run; });
  }
  strand->Post([&, w = Witness(destroyed)] { ++wrongly_run; });
  strand->MakeStrand()->PostAfter(milliseconds(1), [&, w = Witness(destroyed)] { ++wrongly_run; });
  CHECK(destroyed == 4);
  CHECK(wrongly_run == 0);
}

TEST_CASE("asio: tasks that hold their own strand do not leak", "[base]") {
  std::atomic<int> destroyed{0};
  {
    AsioExecutor pool("pool", 2);
    const auto strand = pool.MakeStrand();
    strand->PostAfter(std::chrono::hours(1), [strand, w = Witness(destroyed)] {});
    pool.PostAfter(std::chrono::hours(1), [strand, w = Witness(destroyed)] {});
  }
  CHECK(destroyed == 2);
}

TEST_CASE("asio: what a dropped task holds may post while it goes", "[base]") {
  AsioExecutor pool("pool", 1);
  const auto strand = pool.MakeStrand();
  const std::shared_ptr<void> chatty(nullptr, [&strand](void*) { strand->Post([] {}); });
  pool.PostAfter(std::chrono::hours(1), [chatty] {});
  pool.Stop();  // would deadlock if tasks died under the lock
  CHECK(chatty.use_count() == 1);
}

TEST_CASE("asio: posting and stopping may race", "[base]") {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> destroyed{0};
    constexpr int kPosts = 200;
    {
      AsioExecutor pool("pool", 2);
      const auto strand = pool.MakeStrand();
      std::jthread poster([&] {
        for (int i = 0; i < kPosts; ++i) {
          strand->Post([w = Witness(destroyed)] {});
          strand->PostAfter(Duration{i}, [w = Witness(destroyed)] {});
        }
      });
      pool.Stop();
      poster.join();
    }
    CHECK(destroyed == 2 * kPosts);
  }
}

TEST_CASE("lent: what is posted runs on the lent thread, once it is done with its own", "[base]") {
  AsioExecutor pool("pool", 2, AsioExecutor::Help::kTaken);
  const auto strand = pool.MakeStrand();
  std::vector<int> seen;
  std::set<std::thread::id> threads;
  const auto note = [&](int number) {
    seen.push_back(number);
    threads.insert(std::this_thread::get_id());
  };
  {
    const LentThread here;
    pool.Post([&] { note(1); });
    strand->Post([&] {
      note(2);
      strand->Post([&] { note(4); });
      pool.Post([&] { note(5); });
    });
    {
      const LentThread again;  // does nothing
      pool.Post([&] { note(3); });
    }
    CHECK(seen.empty());
  }
  // A strand goes on after what else waits.
  CHECK(seen == std::vector{1, 2, 3, 5, 4});
  CHECK(threads == std::set{std::this_thread::get_id()});
}

TEST_CASE("lent: a strand that is busy elsewhere keeps its order there", "[base]") {
  AsioExecutor pool("pool", 2, AsioExecutor::Help::kTaken);
  const auto strand = pool.MakeStrand();
  std::latch busy(1);
  std::latch posted(1);
  std::promise<std::thread::id> second;
  std::thread::id first;
  strand->Post([&] {
    first = std::this_thread::get_id();
    busy.count_down();
    posted.wait();
  });
  busy.wait();
  {
    const LentThread here;
    strand->Post([&] { second.set_value(std::this_thread::get_id()); });
  }
  posted.count_down();
  CHECK(second.get_future().get() != std::this_thread::get_id());
  CHECK(first != std::this_thread::get_id());
}

TEST_CASE("lent: a pool that takes no help, and timers, run on their own threads", "[base]") {
  AsioExecutor own("own", 1);
  AsioExecutor pool("pool", 1, AsioExecutor::Help::kTaken);
  std::promise<std::thread::id> on_own;
  std::promise<std::thread::id> later;
  {
    const LentThread here;
    own.Post([&] { on_own.set_value(std::this_thread::get_id()); });
    pool.PostAfter(milliseconds(1), [&] { later.set_value(std::this_thread::get_id()); });
  }
  CHECK(on_own.get_future().get() != std::this_thread::get_id());
  CHECK(later.get_future().get() != std::this_thread::get_id());
}

TEST_CASE("lent: a strand that is never done goes on without the lent thread", "[base]") {
  AsioExecutor pool("pool", 1, AsioExecutor::Help::kTaken);
  const auto strand = pool.MakeStrand();
  std::atomic<bool> enough{false};
  std::latch ended(1);
  std::function<void()> again = [&] { enough ? ended.count_down() : strand->Post(again); };
  {
    const LentThread here;
    strand->Post(again);
  }
  enough = true;  // would not be reached
  ended.wait();
}

TEST_CASE("lent: Stop waits for the lent thread, which drops the rest", "[base]") {
  std::atomic<int> destroyed{0};
  std::atomic<bool> ended{false};
  std::atomic<int> ran{0};
  std::latch inside(1);
  AsioExecutor pool("pool", 1, AsioExecutor::Help::kTaken);
  const auto strand = pool.MakeStrand();
  std::jthread helper([&] {
    const LentThread here;
    strand->Post([&] {
      inside.count_down();
      std::this_thread::sleep_for(milliseconds(50));
      ended = true;
    });
    strand->Post([&, witness = Witness(destroyed)] { ++ran; });
    pool.Post([&, witness = Witness(destroyed)] { ++ran; });
  });
  inside.wait();
  pool.Stop();
  CHECK(ended);
  CHECK(destroyed == 2);
  CHECK(ran == 0);
}

TEST_CASE("lent: lending, posting and stopping may race", "[base]") {
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> overlaps{0};
    std::atomic<int> inside{0};
    AsioExecutor pool("pool", 2, AsioExecutor::Help::kTaken);
    const auto strand = pool.MakeStrand();
    const auto task = [&] {
      overlaps += inside.fetch_add(1) == 0 ? 0 : 1;
      inside.fetch_sub(1);
    };
    std::vector<std::jthread> helpers;
    for (int i = 0; i < 3; ++i) {
      helpers.emplace_back([&] {
        for (int k = 0; k < 100; ++k) {
          const LentThread here;
          strand->Post(task);
          pool.Post([&] { strand->Post(task); });
        }
      });
    }
    if (round % 2 == 0) {
      helpers.clear();  // joins
    }
    pool.Stop();
    helpers.clear();
    CHECK(overlaps == 0);
  }
}

TEST_CASE("sim: tasks run by due time, then by order of posting", "[base]") {
  SimExecutor sim(kStart);
  const auto strand = sim.MakeStrand();
  std::vector<int> order;
  sim.PostAfter(seconds(2), [&] { order.push_back(4); });
  strand->PostAfter(seconds(1), [&] { order.push_back(2); });
  sim.Post([&] { order.push_back(0); });
  strand->MakeStrand()->PostAfter(seconds(1), [&] { order.push_back(3); });
  strand->PostAfter(seconds(-1), [&] { order.push_back(1); });
  CHECK(sim.RunUntil({}) == 5);
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("sim: time moves to the due time of a task and stays put between", "[base]") {
  SimExecutor sim(kStart);
  std::vector<Timestamp> seen;
  sim.PostAfter(seconds(5), [&] {
    seen.push_back(sim.Now());
    sim.PostAfter(seconds(5), [&] { seen.push_back(sim.Now()); });
  });
  CHECK(sim.Now() == kStart);
  CHECK(sim.RunOne());
  CHECK(sim.RunOne());
  CHECK_FALSE(sim.RunOne());
  CHECK(seen == std::vector<Timestamp>{kStart + seconds(5), kStart + seconds(10)});
  CHECK(sim.Now() == kStart + seconds(10));
}

TEST_CASE("sim: RunUntil stops as soon as it is told", "[base]") {
  SimExecutor sim(kStart);
  int ran = 0;
  for (int i = 0; i < 5; ++i) {
    sim.Post([&] { ++ran; });
  }
  CHECK(sim.RunUntil([&] { return ran == 2; }) == 2);
  CHECK(sim.RunUntil([&] { return ran == 2; }) == 0);
  CHECK(sim.RunUntil([] { return false; }) == 3);
}

TEST_CASE("sim: DropAll forgets what waits, and the executor goes on", "[base]") {
  SimExecutor sim(kStart);
  int ran = 0;
  const std::shared_ptr<void> chatty(nullptr, [&](void*) { sim.Post([&] { ++ran; }); });
  sim.Post([&, chatty] { ++ran; });
  sim.PostAfter(seconds(1), [&] { ++ran; });
  sim.DropAll();
  CHECK_FALSE(sim.RunOne());
  CHECK(ran == 0);
  sim.Post([&] { ++ran; });
  CHECK(sim.RunUntil({}) == 1);
  CHECK(sim.Now() == kStart);
}

TEST_CASE("sim: strands may outlive it and then drop tasks", "[base]") {
  std::atomic<int> destroyed{0};
  std::shared_ptr<Executor> strand;
  {
    SimExecutor sim(kStart);
    strand = sim.MakeStrand();
    strand->Post([strand, w = Witness(destroyed)] {});
  }
  CHECK(destroyed == 1);
  strand->Post([w = Witness(destroyed)] {});
  CHECK(destroyed == 2);
}

TEST_CASE("sim: the longest delay does not overflow", "[base]") {
  SimExecutor sim(kStart);
  int ran = 0;
  sim.PostAfter(Duration::max(), [&] { ++ran; });
  CHECK(sim.RunUntil({}) == 1);
  CHECK(sim.Now() == Timestamp::max());
}

}  // namespace
