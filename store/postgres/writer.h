// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/group.h"
#include "store/write_queue.h"

namespace hone::postgres {

/// A write. It may be made again, after its transaction was rolled back or its connection broke.
struct Work {
  What what;
  std::function<void(Status)> done;  ///< after the commit, on the writer's thread; may be empty
  std::size_t bytes = 0;             ///< about, for the limit
  bool lazy = false;                 ///< need not reach the disk on its own
};

constexpr Duration kLongestGathering = std::chrono::milliseconds(5);

struct WriterLimits {
  store::WriteQueueLimits queue;
  /// How long a transaction is tried again when the server is away.
  Duration patience = std::chrono::minutes(5);
  /// The same once the writer was told to finish.
  Duration patience_at_end = std::chrono::seconds(5);
  Duration statement_timeout = std::chrono::seconds(60);
};

/// The one thread that writes, with group commit: whatever waits when a transaction begins is
/// committed by it. Where all of that can go as a Group, the transaction is one call to the server,
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

  store::WriteQueue<Work> queue_;
  std::jthread thread_;  // last: starts when the rest is ready
};

}  // namespace hone::postgres
