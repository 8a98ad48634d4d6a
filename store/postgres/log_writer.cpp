// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/log_writer.h"

#include <pthread.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/log.h"
#include "store/postgres/postgres_error.h"

namespace hone::postgres {
namespace {

constexpr std::size_t kMostItems = 2048;  // of a statement
constexpr std::size_t kMostBytes = std::size_t{8} << 20;
constexpr std::size_t kMostWaitingBytes = std::size_t{128} << 20;
constexpr Duration kStatementTimeout = std::chrono::seconds(60);
constexpr Duration kFirstPause = std::chrono::milliseconds(50);
constexpr Duration kLongestPause = std::chrono::seconds(2);
constexpr auto kLongestWait = std::chrono::milliseconds(40);
constexpr int kShareToWait = 4;  // of the time of a statement
constexpr Duration kPatienceAtEnd = std::chrono::seconds(5);

// The table's times have no zone and mean UTC: the zone of a text is passed over by the cast.
constexpr char kInsert[] =
    "INSERT INTO observation_logs (id, trial_name, time, metric_name, value) "
    "SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamp[], $4::text[], $5::text[])";
// After an answer that was lost: a row that is there already is one of that statement.
constexpr char kInsertAgain[] =
    "INSERT INTO observation_logs (id, trial_name, time, metric_name, value) "
    "SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamp[], $4::text[], $5::text[]) "
    "ON CONFLICT (id) DO NOTHING";
constexpr char kDelete[] = "DELETE FROM observation_logs WHERE trial_name = $1";
// The sequence is looked up once, not for each number: that cost more than the row itself.
constexpr char kTakeIds[] =
    "WITH sequence AS MATERIALIZED "
    "(SELECT pg_get_serial_sequence('observation_logs', 'id')::regclass AS name) "
    "SELECT nextval(name) FROM sequence, generate_series(1, $1::bigint)";
constexpr std::size_t kIdsAtOnce = 2000;

void Pause(Duration time, const std::stop_token& stop) {
  std::mutex alone;
  std::unique_lock lock(alone);
  std::condition_variable_any never;
  // A stop cuts one wait short; after it, waits are in full.
  if (stop.stop_requested()) {
    never.wait_for(lock, time, [] { return false; });
  } else {
    never.wait_for(lock, stop, time, [] { return false; });
  }
}

}  // namespace

LogWriter::LogWriter(Address address, Duration patience)
    : address_(std::move(address)),
      patience_(patience),
      thread_([this](const std::stop_token& stop) { Loop(stop); }) {
  pthread_setname_np(thread_.native_handle(), "log-writer");
}

LogWriter::~LogWriter() {
  thread_.request_stop();
  thread_.join();
}

void LogWriter::Submit(LogWork work) {
  bool wake = false;
  const bool full = [&] {
    const std::scoped_lock lock(mutex_);
    if (waiting_bytes_ + work.bytes > kMostWaitingBytes) {
      return true;
    }
    waiting_bytes_ += work.bytes;
    queue_.push_back(std::move(work));
    wake = queue_.size() >= wanted_;
    return false;
  }();
  if (full) {
    return work.done(Fail(Code::kResourceExhausted,
                          "reports wait for the database; report again a little later"));
  }
  if (wake) {
    wake_.notify_one();
  }
}

void LogWriter::Loop(const std::stop_token& stop) {
  for (Batch batch = Take(stop); !batch.empty(); batch = Take(stop)) {
    const auto begin = std::chrono::steady_clock::now();
    const Status whole = Write(batch, stop);
    last_size_ = batch.size();
    last_took_ = std::min<std::chrono::steady_clock::duration>(
        std::chrono::steady_clock::now() - begin, kLongestWait);
    const bool apart = !whole && whole.error().code != Code::kUnavailable && batch.size() > 1;
    for (LogWork& work : batch) {
      // What the table refuses of one report is no reason to refuse the others.
      Batch alone;
      if (apart) {
        alone.push_back(std::move(work));
      }
      const Status status = apart ? Write(alone, stop) : whole;
      (apart ? alone.front() : work).done(status);
    }
  }
  // Closing a broken connection may complain; there is nothing to be done about it.
  static_cast<void>(Try("disconnect", address_.secrets, [&] { connection_.reset(); }));
}

/// What waits, up to the limits; removals are alone, so that a batch is one statement. Empty:
/// stopped and nothing left.
LogWriter::Batch LogWriter::Take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  wanted_ = 1;
  wake_.wait(lock, stop, [&] { return !queue_.empty(); });
  // Those who were answered together come back together: a commit for each of them would cost more
  // than a little patience.
  wanted_ = last_size_;
  wake_.wait_for(lock, stop, last_took_ / kShareToWait, [&] { return queue_.size() >= wanted_; });
  wanted_ = std::numeric_limits<std::size_t>::max();  // busy from here on
  Batch batch;
  std::size_t bytes = 0;
  const auto fits = [&] {
    const bool starts_anew = batch.empty() || (!batch.back().removes && !queue_.front().removes);
    return batch.size() < kMostItems && bytes < kMostBytes && starts_anew;
  };
  while (!queue_.empty() && fits()) {
    bytes += queue_.front().bytes;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  waiting_bytes_ -= bytes;
  return batch;
}

Status LogWriter::Write(const Batch& batch, const std::stop_token& stop) {
  const auto begin = std::chrono::steady_clock::now();
  Duration pause = kFirstPause;
  ids_of_batch_.clear();
  for (Status status = Attempt(batch);; status = Attempt(batch)) {
    const auto waited = std::chrono::steady_clock::now() - begin;
    const bool over = waited >= (stop.stop_requested() ? kPatienceAtEnd : patience_);
    if (status || status.error().code != Code::kUnavailable || over) {
      return status;
    }
    if (pause == kFirstPause) {
      HONE_LOG(kWarn, "store_away", {"store", address_.shown}, {"reason", status.error().message});
    }
    Pause(pause, stop);
    pause = std::min(pause * 2, kLongestPause);
  }
}

Status LogWriter::Attempt(const Batch& batch) {
  Status status = Try("write observation logs", address_.secrets, [&] {
    if (connection_ == nullptr) {
      connection_ = std::make_unique<Connection>(address_, kStatementTimeout);
    }
    batch.front().removes ? Remove(batch.front()) : Insert(batch);
  });
  if (!status && status.error().code == Code::kUnavailable) {
    static_cast<void>(Try("disconnect", address_.secrets, [&] { connection_.reset(); }));
  }
  return status;
}

void LogWriter::Remove(const LogWork& work) {
  Use(*connection_, kDelete).Text(work.trial).Run();
}

void LogWriter::Insert(const Batch& batch) {
  std::vector<std::string_view> trials;
  std::vector<std::string> times;
  std::vector<std::string_view> metrics;
  std::vector<std::string_view> values;
  for (const LogWork& work : batch) {
    for (const LoggedMetric& metric : work.metrics) {
      trials.push_back(work.trial);
      times.push_back(FormatMicros(metric.at));
      metrics.push_back(metric.metric);
      values.push_back(metric.value);
    }
  }
  const bool again = !ids_of_batch_.empty();
  if (!again) {
    TakeIds(trials.size());
  }
  const std::vector<std::string_view> time_texts(times.begin(), times.end());
  Use(*connection_, again ? kInsertAgain : kInsert)
      .Ints(ids_of_batch_)
      .Texts(trials)
      .Texts(time_texts)
      .Texts(metrics)
      .Texts(values)
      .Run();
}

void LogWriter::TakeIds(std::size_t count) {
  if (spare_ids_.size() < count) {
    const auto more = static_cast<std::int64_t>(std::max(count, kIdsAtOnce));
    const Rows rows = Use(*connection_, kTakeIds).Int(more).Run();
    for (std::size_t i = 0; i < rows.Count(); ++i) {
      spare_ids_.push_back(rows.GetInt(i, 0));
    }
  }
  const auto end = spare_ids_.begin() + static_cast<std::ptrdiff_t>(count);
  ids_of_batch_.assign(spare_ids_.begin(), end);
  spare_ids_.erase(spare_ids_.begin(), end);
}

}  // namespace hone::postgres
