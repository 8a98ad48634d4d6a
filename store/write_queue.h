// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"

namespace hone::store {

/// How much one transaction takes, and how long what waits may wait for company.
struct WriteQueueLimits {
  std::size_t items = 512;
  std::size_t bytes = std::size_t{8} << 20;
  Duration lazy_wait = std::chrono::milliseconds(50);
  Duration longest_gathering = std::chrono::milliseconds(2);
};

/// What waits for the one thread that writes, so that many writes share a commit. Where the disk is
/// slow it pays to wait a moment for the callers of the last transaction to come back: until as
/// many urgent writes wait as it had, at most a quarter of the time it took.
/// @tparam Work  a write with `done` (called with its Status), `bytes` (about) and `lazy` (need not
/// reach the disk on its own)
/// @threads  Put any; the rest is for the writing thread
template <class Work>
class WriteQueue {
 public:
  explicit WriteQueue(const WriteQueueLimits& limits) : limits_(limits) {}

  /// Order of calls is the order in which they are taken.
  void Put(Work work) {
    bool wake = false;
    {
      const std::scoped_lock lock(mutex_);
      urgent_ += work.lazy ? 0 : 1;
      queue_.push_back(std::move(work));
      wake = urgent_ >= wanted_ || queue_.size() >= limits_.items;
    }
    if (wake) {
      wake_.notify_one();
    }
  }

  /// Waits for the work of a transaction. Empty: stopped and nothing left.
  std::vector<Work> Take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    WaitForUrgent(lock, stop);  // lazy ones that come by then travel along: nobody wakes for them
    if (queue_.empty()) {
      wanted_ = 0;
      wake_.wait(lock, stop, [&] { return !queue_.empty(); });
      WaitForUrgent(lock, stop);
    }
    Gather(lock, stop);
    std::vector<Work> taken;
    std::size_t bytes = 0;
    last_urgent_ = 0;
    while (!queue_.empty() && taken.size() < limits_.items && bytes < limits_.bytes) {
      bytes += queue_.front().bytes;
      last_urgent_ += queue_.front().lazy ? 0 : 1;
      taken.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    urgent_ -= last_urgent_;
    taken_at_ = std::chrono::steady_clock::now();
    return taken;
  }

  /// Tells those whose work was taken what became of it. Whoever was alone gets more than an
  /// answer: what it does next is done here as well, since there is nothing else to write.
  /// @param items  each with its `work` and its `status`
  template <class Item>
  void Answer(std::vector<Item>& items) {
    last_took_ = std::chrono::steady_clock::now() - taken_at_;
    std::optional<LentThread> here;
    if (last_urgent_ <= 1 && IsIdle()) {
      here.emplace();
    }
    for (Item& item : items) {
      item.work.done(std::move(item.status));
    }
  }

 private:
  bool IsIdle() {
    const std::scoped_lock lock(mutex_);
    return urgent_ == 0;
  }

  void WaitForUrgent(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
    wanted_ = 1;
    wake_.wait_for(lock, stop, limits_.lazy_wait,
                   [&] { return urgent_ > 0 || queue_.size() >= limits_.items; });
  }

  /// Gives the callers of the last transaction a moment to come back.
  void Gather(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
    const auto patience =
        std::min<std::chrono::steady_clock::duration>(last_took_ / 4, limits_.longest_gathering);
    wanted_ = last_urgent_;
    wake_.wait_for(lock, stop, patience,
                   [&] { return urgent_ >= wanted_ || queue_.size() >= limits_.items; });
    wanted_ = std::numeric_limits<std::size_t>::max();  // busy from here on
  }

  const WriteQueueLimits limits_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Work> queue_;       // guarded by mutex_
  std::size_t urgent_ = 0;       // guarded by mutex_: queued and not lazy
  std::size_t wanted_ = 0;       // guarded by mutex_: wake the thread at so many urgent ones
  std::size_t last_urgent_ = 0;  // of the thread: in the last transaction
  std::chrono::steady_clock::time_point taken_at_;   // of the thread
  std::chrono::steady_clock::duration last_took_{};  // of the thread
};

}  // namespace hone::store
