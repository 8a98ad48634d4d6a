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
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/connection.h"

namespace hone::postgres {

/// A write. `apply` runs inside a transaction that other writes share: it checks first and writes
/// then, so that an error it returns leaves nothing behind. It may be run again, after its
/// transaction was rolled back or its connection broke; exceptions of libpqxx are the writer's.
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
  /// How long a transaction is tried again when the server is away.
  Duration patience = std::chrono::minutes(5);
  /// The same once the writer was told to finish.
  Duration patience_at_end = std::chrono::seconds(5);
  Duration statement_timeout = std::chrono::seconds(60);
};

/// The one thread that writes, with group commit: whatever waits when a transaction begins is
/// committed by it. When the server goes away the transaction is made again on a new connection,
/// until it holds or `patience` is over. Whether one holds whose connection broke during the commit
/// is read from the row of this writer in the table `commits`: nothing is written twice.
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

  void Loop(const std::stop_token& stop);
  Batch Take(const std::stop_token& stop);
  void Write(Batch& batch, const std::stop_token& stop);
  Outcome Attempt(Batch& batch, Error& failure);
  Outcome Apply(Batch& batch, Error& failure);
  Result<Outcome> Prepare();
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
  bool in_doubt_ = false;                   // of the thread: number_ + 1 may be committed

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Work> queue_;  // guarded by mutex_
  std::size_t urgent_ = 0;  // guarded by mutex_: queued and not lazy
  std::jthread thread_;     // last: starts when the rest is ready
};

}  // namespace hone::postgres
