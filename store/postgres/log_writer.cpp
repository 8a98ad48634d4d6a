// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/log_writer.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "store/postgres/postgres_error.h"

namespace hone::postgres {
namespace {

constexpr std::size_t kMostItems = 2048;  // of a transaction
constexpr std::size_t kMostBytes = std::size_t{8} << 20;
constexpr std::size_t kMostWaitingBytes = std::size_t{128} << 20;
constexpr Duration kStatementTimeout = std::chrono::seconds(60);
constexpr Duration kFirstPause = std::chrono::milliseconds(50);
constexpr Duration kLongestPause = std::chrono::seconds(2);
constexpr Duration kPatienceAtEnd = std::chrono::seconds(5);

// The table's times have no zone and mean UTC: the zone of a text is passed over by the cast.
constexpr char kInsert[] =
    "WITH added AS (INSERT INTO observation_logs (trial_name, time, metric_name, value) "
    "SELECT * FROM unnest($1::text[], $2::timestamp[], $3::text[], $4::text[])) "
    "SELECT txid_current()";
constexpr char kDelete[] =
    "WITH removed AS (DELETE FROM observation_logs WHERE trial_name = $1) SELECT txid_current()";
constexpr char kStatusOf[] = "SELECT txid_status($1::bigint)";

/// Rows of several reports.
class Insertion {
 public:
  void Add(const LogWork& work) {
    for (const LoggedMetric& metric : work.metrics) {
      trials_.push_back(work.trial);
      times_.push_back(FormatMicros(metric.at));
      metrics_.push_back(metric.metric);
      values_.push_back(metric.value);
    }
  }
  /// @returns the transaction's number, if there was something to write
  std::optional<std::int64_t> Run(Connection& connection) {
    if (trials_.empty()) {
      return std::nullopt;
    }
    const std::vector<std::string_view> times(times_.begin(), times_.end());
    const Rows rows =
        Use(connection, kInsert).Texts(trials_).Texts(times).Texts(metrics_).Texts(values_).Run();
    *this = Insertion();
    return rows.GetInt(0, 0);
  }

 private:
  std::vector<std::string_view> trials_;  // of the works, which outlive this
  std::vector<std::string> times_;
  std::vector<std::string_view> metrics_;
  std::vector<std::string_view> values_;
};

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
  const bool full = [&] {
    const std::scoped_lock lock(mutex_);
    if (waiting_bytes_ + work.bytes > kMostWaitingBytes) {
      return true;
    }
    waiting_bytes_ += work.bytes;
    queue_.push_back(std::move(work));
    return false;
  }();
  if (full) {
    return work.done(Fail(Code::kResourceExhausted,
                          "reports wait for the database; report again a little later"));
  }
  wake_.notify_one();
}

void LogWriter::Loop(const std::stop_token& stop) {
  for (Batch batch = Take(stop); !batch.empty(); batch = Take(stop)) {
    const Status whole = Write(batch, stop);
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

/// What waits, up to the limits. Empty: stopped and nothing left.
LogWriter::Batch LogWriter::Take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, stop, [&] { return !queue_.empty(); });
  Batch batch;
  std::size_t bytes = 0;
  while (!queue_.empty() && batch.size() < kMostItems && bytes < kMostBytes) {
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
  in_doubt_.reset();
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
  Status status = Try("write observation logs", address_.secrets, [&]() -> Status {
    if (connection_ == nullptr) {
      connection_ = std::make_unique<Connection>(address_, kStatementTimeout);
    }
    HONE_ASSIGN_OR_RETURN(const bool committed, TurnsOutCommitted());
    if (!committed) {
      Apply(batch);
    }
    return {};
  });
  if (!status && status.error().code == Code::kUnavailable) {
    static_cast<void>(Try("disconnect", address_.secrets, [&] { connection_.reset(); }));
  } else if (!status && connection_ != nullptr) {
    connection_->Rollback();
    in_doubt_.reset();  // it was the server that refused
  }
  return status;
}

Result<bool> LogWriter::TurnsOutCommitted() {
  if (!in_doubt_) {
    return false;
  }
  const Rows rows = Use(*connection_, kStatusOf).Int(*in_doubt_).Run();
  const std::string status = rows.GetText(0, 0);
  if (status == "in progress") {
    return Fail(Code::kUnavailable, "the transaction of a lost connection is still under way");
  }
  in_doubt_.reset();
  return status == "committed";
}

void LogWriter::Apply(const Batch& batch) {
  connection_->Begin();
  std::optional<std::int64_t> number;
  Insertion insertion;
  const auto insert = [&] {
    const auto inserted = insertion.Run(*connection_);
    number = inserted ? inserted : number;
  };
  for (const LogWork& work : batch) {
    if (work.removes) {
      insert();
      number = Use(*connection_, kDelete).Text(work.trial).Run().GetInt(0, 0);
    } else {
      insertion.Add(work);
    }
  }
  insert();
  in_doubt_ = number;
  connection_->Commit();
  in_doubt_.reset();
}

}  // namespace hone::postgres
