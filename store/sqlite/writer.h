// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/result.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/last_commit.h"
#include "store/write_queue.h"

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

/// The one thread that writes, with group commit: whatever waits when a transaction begins is
/// committed by it, with one fsync for all. Life: the destructor carries out what was handed over,
/// then ends the thread.
class Writer {
 public:
  Writer(std::unique_ptr<Connection> connection, LastCommit last,
         const store::WriteQueueLimits& limits);
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
  void Write(Batch& batch);
  static void FailAll(Batch& batch, const Error& failure);
  std::optional<Error> Attempt(Batch& batch, bool& again);
  void ApplyOrRefuse(Item& item);
  std::optional<Error> ApplyOne(Item& item, bool& again);

  std::unique_ptr<Connection> connection_;  // used by the thread only
  LastCommit last_;                         // used by the thread only
  store::WriteQueue<Work> queue_;
  std::jthread thread_;  // last: starts when the rest is ready
};

}  // namespace hone::sqlite
