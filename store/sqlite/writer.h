// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/last_commit.h"

namespace hone::sqlite {

/// A write. `apply` runs inside a transaction that other writes share: it checks first and writes
/// then, so that an error it returns leaves nothing behind. It may be run again, after its
/// transaction was rolled back because of another write; exceptions of SQLite are the writer's.
struct Work {
  std::function<Status(Connection&)> apply;
  std::function<void(Status)> done;  ///< after the commit, on the writer's thread; may be empty
  std::size_t bytes = 0;             ///< about, for the limit
  bool lazy = false;                 ///< need not reach the disk on its own
};

struct WriterLimits {
  std::size_t items = 512;
  std::size_t bytes = std::size_t{8} << 20;
  Duration lazy_wait = std::chrono::milliseconds(50);
  Duration longest_gathering = std::chrono::milliseconds(2);
};

/// The one thread that writes, with group commit: whatever waits when a transaction begins is
/// committed by it, with one fsync for all. Where the disk is slow it pays to wait a moment for the
/// callers of the last transaction to come back: until as many urgent writes wait as it had, at
/// most a quarter of the time it took. Life: the destructor carries out what was handed over, then
/// ends the thread.
class Writer {
 public:
  Writer(std::unique_ptr<Connection> connection, LastCommit last, const WriterLimits& limits);
  ~Writer() { Finish(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Order of calls is order of writing. @threads safe
  void Submit(Work work);
  /// Carries out what was handed over and ends the thread; nothing may be handed over any more.
  void Finish();
  /// Submits and waits. Not from a `done`.
  Status Run(std::function<Status(Connection&)> apply);

 private:
  struct Item {
    Work work;
    Status status;
    bool refused = false;  // a constraint turned it down: left out when the batch runs again
  };
  using Batch = std::vector<Item>;

  void Loop(const std::stop_token& stop);
  Batch Take(const std::stop_token& stop);
  void Gather(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  void Write(Batch& batch);
  static void FailAll(Batch& batch, const Error& failure);
  std::optional<Error> Attempt(Batch& batch, bool& again);
  void ApplyOrRefuse(Item& item);
  std::optional<Error> ApplyOne(Item& item, bool& again);

  std::unique_ptr<Connection> connection_;  // used by the thread only
  LastCommit last_;                         // used by the thread only
  const WriterLimits limits_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Work> queue_;       // guarded by mutex_
  std::size_t urgent_ = 0;       // guarded by mutex_: queued and not lazy
  std::size_t wanted_ = 0;       // guarded by mutex_: wake the thread at so many urgent ones
  std::size_t last_urgent_ = 0;  // of the thread: in the last transaction
  std::chrono::steady_clock::duration last_took_{};  // of the thread
  std::jthread thread_;                              // last: starts when the rest is ready
};

}  // namespace hone::sqlite
