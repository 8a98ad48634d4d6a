// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/observation_logs.h"
#include "store/postgres/connection.h"

namespace hone::postgres {

/// Rows of a trial to be added, or (`removes`) its rows to be removed.
struct LogWork {
  std::string trial;
  std::vector<LoggedMetric> metrics{};
  bool removes = false;
  ObservationLogs::Done done;  ///< on the writer's thread, after the commit
  std::size_t bytes = 0;       ///< about, for the limits
};

/// The one thread that writes observation logs, with group commit: what waits when a statement
/// begins goes with it, rows of many reports in one, which is its own transaction and takes one
/// round trip. Numbers of rows are taken from the table's sequence beforehand, so a statement whose
/// answer was lost is just made again: rows that are there stay, nothing is lost or written twice.
/// Life: the destructor carries out what was handed over, then ends the thread.
class LogWriter {
 public:
  /// @param patience  how long a transaction is made again while the server is away
  LogWriter(Address address, Duration patience);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Order of calls is order of writing; `done` hears kResourceExhausted at once while too much
  /// waits. @threads safe
  void Submit(LogWork work);

 private:
  using Batch = std::vector<LogWork>;

  void Loop(const std::stop_token& stop);
  Batch Take(const std::stop_token& stop);
  Status Write(const Batch& batch, const std::stop_token& stop);
  Status Attempt(const Batch& batch);
  // These throw what libpqxx throws.
  void Insert(const Batch& batch);
  void Remove(const LogWork& work);
  /// Gives the batch its numbers.
  void TakeIds(std::size_t count);

  const Address address_;
  const Duration patience_;
  std::unique_ptr<Connection> connection_;           // of the thread; null: the server is away
  std::vector<std::int64_t> ids_of_batch_;           // of the thread: kept while it is tried again
  std::deque<std::int64_t> spare_ids_;               // of the thread
  std::size_t last_size_ = 0;                        // of the thread: of the last batch
  std::chrono::steady_clock::duration last_took_{};  // of the thread

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<LogWork> queue_;      // guarded by mutex_
  std::size_t waiting_bytes_ = 0;  // guarded by mutex_
  std::size_t wanted_ = 0;         // guarded by mutex_: wake the thread at this length of the queue
  std::jthread thread_;            // last: starts when the rest is ready
};

}  // namespace hone::postgres
