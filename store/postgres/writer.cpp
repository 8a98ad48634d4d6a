// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/writer.h"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <random>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "store/postgres/postgres_error.h"
#include "store/postgres/text_codec.h"

namespace hone::postgres {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(50);
constexpr Duration kLongestPause = std::chrono::seconds(2);
constexpr Duration kForget = std::chrono::hours(24 * 30);  // rows of writers that are gone

constexpr char kRegister[] =
    "INSERT INTO commits (writer, n, at) "
    "VALUES ($1, 0, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) "
    "ON CONFLICT DO NOTHING";
constexpr char kForgetWriters[] =
    "DELETE FROM commits WHERE at < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - $1";
// First in each transaction. The lock on the row makes the next one wait for the end of this one.
constexpr char kCount[] =
    "UPDATE commits SET n = $1, at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint "
    "WHERE writer = $2 RETURNING (pg_current_xact_id()::text::bigint + "
    "(SELECT base FROM positions)) << 20";
constexpr char kLast[] = "SELECT n FROM commits WHERE writer = $1 FOR UPDATE";

std::string RandomName() {
  std::random_device source;
  std::string bytes;
  for (int i = 0; i < 4; ++i) {
    const unsigned value = source();
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return ToHex(bytes);
}

}  // namespace

Writer::Writer(Address address, const WriterLimits& limits)
    : address_(std::move(address)),
      limits_(limits),
      name_(RandomName()),
      thread_([this](const std::stop_token& stop) { Loop(stop); }) {
  pthread_setname_np(thread_.native_handle(), "store-writer");
}

void Writer::Finish() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
}

void Writer::Submit(Work work) {
  if (!work.done) {
    work.done = [](const Status&) {};
  }
  {
    const std::scoped_lock lock(mutex_);
    urgent_ += work.lazy ? 0 : 1;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
}

Status Writer::Run(std::function<Status(Connection&)> apply) {
  HONE_CHECK(std::this_thread::get_id() != thread_.get_id(),
             "a `done` must not wait for another write");
  const auto promise = std::make_shared<std::promise<Status>>();  // set_value may outlast the get
  std::future<Status> answer = promise->get_future();
  Submit({.apply = std::move(apply),
          .done = [promise](Status status) { promise->set_value(std::move(status)); },
          .bytes = 0});
  return answer.get();
}

void Writer::Loop(const std::stop_token& stop) {
  for (Batch batch = Take(stop); !batch.empty(); batch = Take(stop)) {
    Write(batch, stop);
    for (Item& item : batch) {
      item.work.done(std::move(item.status));
    }
  }
  Disconnect();
}

/// What waits, up to the limits. Empty: stopped and nothing left.
Writer::Batch Writer::Take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, stop, [&] { return !queue_.empty(); });
  // Lazy writes travel with the next urgent one, if there is one soon.
  wake_.wait_for(lock, stop, limits_.lazy_wait,
                 [&] { return urgent_ > 0 || queue_.size() >= limits_.items; });
  Batch batch;
  std::size_t bytes = 0;
  while (!queue_.empty() && batch.size() < limits_.items && bytes < limits_.bytes) {
    bytes += queue_.front().bytes;
    urgent_ -= queue_.front().lazy ? 0 : 1;
    batch.push_back({std::move(queue_.front()), {}});
    queue_.pop_front();
  }
  return batch;
}

/// Commits all items, or all but those that the data refuse; nothing if the server stays away.
void Writer::Write(Batch& batch, const std::stop_token& stop) {
  const auto begin = std::chrono::steady_clock::now();
  Duration pause = kFirstPause;
  bool told = false;
  while (true) {
    Error failure;
    const Outcome outcome = Attempt(batch, failure);
    if (outcome == Outcome::kCommitted) {
      if (told) {
        HONE_LOG(kInfo, "store_back", {"store", address_.shown});
      }
      return;
    }
    const Duration patience = stop.stop_requested() ? limits_.patience_at_end : limits_.patience;
    const bool over = std::chrono::steady_clock::now() - begin >= patience;
    if (outcome == Outcome::kFailed && (failure.code != Code::kUnavailable || over)) {
      number_ += in_doubt_ ? 1 : 0;  // nobody waits for the answer any more
      in_doubt_ = false;
      // An item that failed its own check may have been judged by rows that were taken back.
      for (Item& item : batch) {
        item.status = item.refused ? item.status : tl::make_unexpected(failure);
      }
      return;
    }
    if (outcome == Outcome::kFailed) {
      if (!std::exchange(told, true)) {
        HONE_LOG(kWarn, "store_away", {"store", address_.shown}, {"reason", failure.message});
      }
      WaitToTryAgain(pause, stop);
      pause = std::min(pause * 2, kLongestPause);
    }
  }
}

/// One transaction over the batch. kAgain: an item was refused, the others were taken back.
Writer::Outcome Writer::Attempt(Batch& batch, Error& failure) {
  if (const Status connected = Connect(); !connected) {
    failure = connected.error();
    return Outcome::kFailed;
  }
  const Outcome outcome = Apply(batch, failure);
  if (outcome == Outcome::kFailed && failure.code == Code::kUnavailable) {
    Disconnect();
  } else if (outcome != Outcome::kCommitted) {
    connection_->Rollback();
  }
  return outcome;
}

Writer::Outcome Writer::Apply(Batch& batch, Error& failure) {
  const auto prepared = Try("begin", address_.secrets, [&] { return Prepare(); });
  if (!prepared) {
    failure = prepared.error();
    return Outcome::kFailed;
  }
  if (*prepared == Outcome::kCommitted) {
    return Outcome::kCommitted;
  }
  for (Item& item : batch) {
    if (item.refused) {
      continue;
    }
    const Status whole = Try("write", address_.secrets, [&] { ApplyOrRefuse(item); });
    if (!whole) {
      failure = whole.error();
      return Outcome::kFailed;
    }
    if (item.refused) {  // it may have written something before: do without it
      return Outcome::kAgain;
    }
  }
  return Commit(failure);
}

/// Begins the transaction. @returns kCommitted if the last attempt turns out to hold
Result<Writer::Outcome> Writer::Prepare() {
  if (!registered_) {
    Use(*connection_, kRegister).Text(name_).Run();
    Use(*connection_, kForgetWriters).Int(kForget.count()).Run();
    registered_ = true;
  }
  connection_->Begin();
  if (in_doubt_) {
    const Rows last = Use(*connection_, kLast).Text(name_).Run();
    if (last.Count() == 0) {
      return Fail(Code::kDataLoss, "the row of this process is gone from the table commits");
    }
    in_doubt_ = false;
    if (last.GetInt(0, 0) == number_ + 1) {
      ++number_;
      connection_->Rollback();
      return Outcome::kCommitted;
    }
  }
  const Rows counted = Use(*connection_, kCount).Int(number_ + 1).Text(name_).Run();
  if (counted.Count() == 0) {
    return Fail(Code::kDataLoss, "the row of this process is gone from the table commits");
  }
  connection_->SetFirstPosition(counted.GetInt(0, 0));
  return Outcome::kAgain;
}

Writer::Outcome Writer::Commit(Error& failure) {
  in_doubt_ = true;
  const Status committed = Try("commit", address_.secrets, [&] { connection_->Commit(); });
  if (committed) {
    in_doubt_ = false;
    ++number_;
    return Outcome::kCommitted;
  }
  failure = committed.error();
  in_doubt_ = failure.code == Code::kUnavailable;
  return Outcome::kFailed;
}

void Writer::ApplyOrRefuse(Item& item) {
  try {
    item.status = item.work.apply(*connection_);
  } catch (const std::exception& e) {
    item.refused = IsConstraint(e);
    if (!item.refused) {
      throw;
    }
    item.status = tl::make_unexpected(ErrorOf(e, "write", address_.secrets));
  }
}

Status Writer::Connect() {
  if (connection_ != nullptr) {
    return {};
  }
  HONE_ASSIGN_OR_RETURN(connection_, Try("connect to " + address_.shown, address_.secrets, [&] {
                          return std::make_unique<Connection>(address_, limits_.statement_timeout);
                        }));
  return {};
}

void Writer::Disconnect() {
  // Closing a broken connection may complain; there is nothing to be done about it.
  static_cast<void>(Try("disconnect", address_.secrets, [&] { connection_.reset(); }));
}

void Writer::WaitToTryAgain(Duration time, const std::stop_token& stop) {
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

}  // namespace hone::postgres
