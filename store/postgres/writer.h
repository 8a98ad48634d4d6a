// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/group.h"

namespace hone::postgres {

/// A write. It may be made again, after its transaction was rolled back or its connection broke.
struct Work {
  What what;
  std::function<void(Status)> done;  ///< after the commit, on the writer's thread; may be empty
  std::size_t bytes = 0;             ///< about, for the limit
  bool lazy = false;                 ///< need not reach the disk on its own
};

struct WriterLimits {
  std::size_t items = 512;
  std::size_t bytes = std::size_t{8} << 20;
  Duration lazy_wait = std::chrono::milliseconds(50);
  Duration longest_gathering = std::chrono::milliseconds(5);
  /// How long a transaction is tried again when the server is away.
  Duration patience = std::chrono::minutes(5);
  /// The same once the writer was told to finish.
  Duration patience_at_end = std::chrono::seconds(5);
  Duration statement_timeout = std::chrono::seconds(60);
};

/// The one thread that writes, with group commit: whatever waits when a transaction begins is
/// committed by it, and the callers of the last one have a moment to come back first, as with
/// sqlite::Writer. Where all of that can go as a Group, the transaction is one call to the server,
/// else a call for each statement. When the server goes away the transaction is made again on a new
/// connection, until it holds or `patience` is over. Whether one holds whose connection broke is
/// read from the row of this writer in the table `commits`: nothing is written twice.
/// Life: the destructor carries out what was handed over, then ends the thread.
class Writer {
 public:
  Writer(Address address, const WriterLimits& limits);
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
  enum class Outcome { kCommitted, kAgain, kFailed };
  /// Of the last transaction: whether it may be committed without our knowing.
  enum class Doubt { kNone, kTransaction, kCall };

  void Loop(const std::stop_token& stop);
  Batch Take(const std::stop_token& stop);
  void Gather(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  void Write(Batch& batch, const std::stop_token& stop);
  Outcome Attempt(Batch& batch, Error& failure);
  bool Collect(Batch& batch, Group& group, std::vector<Item*>& added);
  std::optional<Outcome> CallOnce(Batch& batch, Error& failure);
  Outcome Transact(Batch& batch, Error& failure);
  Result<Outcome> Prepare(Batch& batch);
  Result<bool> HoldsAfterAll(Batch& batch);
  Outcome Commit(Error& failure);
  void ApplyOrRefuse(Item& item);
  Status Connect();
  void Disconnect();
  static void WaitToTryAgain(Duration time, const std::stop_token& stop);

  const Address address_;
  const WriterLimits limits_;
  const std::string name_;                  // in the table `commits`
  std::unique_ptr<Connection> connection_;  // of the thread; null: the server is away
  std::int64_t number_ = 0;                 // of the thread: of the last transaction
  bool registered_ = false;                 // of the thread: the table has this writer's row
  Doubt doubt_ = Doubt::kNone;              // of the thread: about number_ + 1

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Work> queue_;       // guarded by mutex_
  std::size_t urgent_ = 0;       // guarded by mutex_: queued and not lazy
  std::size_t wanted_ = 0;       // guarded by mutex_: wake the thread at so many urgent ones
  std::size_t last_urgent_ = 0;  // of the thread: in the last transaction
  std::chrono::steady_clock::duration last_took_{};  // of the thread
  std::jthread thread_;                              // last: starts when the rest is ready
};

}  // namespace hone::postgres
