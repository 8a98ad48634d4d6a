// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/writer.h"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <limits>
#include <utility>

#include "base/check.h"
#include "store/sqlite/sqlite_error.h"

namespace hone::sqlite {

Writer::Writer(std::unique_ptr<Connection> connection, LastCommit last, const WriterLimits& limits)
    : connection_(std::move(connection)),
      last_(std::move(last)),
      limits_(limits),
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
    const auto begin = std::chrono::steady_clock::now();
    Write(batch);
    last_took_ = std::chrono::steady_clock::now() - begin;
    last_urgent_ = static_cast<std::size_t>(
        std::ranges::count(batch, false, [](const Item& item) { return item.work.lazy; }));
    for (Item& item : batch) {
      item.work.done(std::move(item.status));
    }
  }
}

/// What waits, up to the limits. Empty: stopped and nothing left.
Writer::Batch Writer::Take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  wanted_ = 0;
  wake_.wait(lock, stop, [&] { return !queue_.empty(); });
  wanted_ = 1;
  // Lazy writes travel with the next urgent one, if there is one soon.
  wake_.wait_for(lock, stop, limits_.lazy_wait,
                 [&] { return urgent_ > 0 || queue_.size() >= limits_.items; });
  Gather(lock, stop);
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

/// Gives the callers of the last transaction a moment to come back.
void Writer::Gather(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const auto patience =
      std::min<std::chrono::steady_clock::duration>(last_took_ / 4, limits_.longest_gathering);
  wanted_ = last_urgent_;
  wake_.wait_for(lock, stop, patience,
                 [&] { return urgent_ >= wanted_ || queue_.size() >= limits_.items; });
  wanted_ = std::numeric_limits<std::size_t>::max();  // busy from here on
}

/// Commits all items, or all but those that the data refuse, or nothing.
void Writer::Write(Batch& batch) {
  bool again = true;
  while (again) {
    again = false;
    const std::optional<Error> failure = Attempt(batch, again);
    if (failure || again) {
      connection_->Rollback();
    }
    if (failure) {
      FailAll(batch, *failure);
    }
  }
}

/// An item that failed its own check may have been judged by rows that were taken back: it gets the
/// same error as the others.
void Writer::FailAll(Batch& batch, const Error& failure) {
  for (Item& item : batch) {
    if (!item.refused) {
      item.status = tl::make_unexpected(failure);
    }
  }
}

/// One transaction over the batch. @returns what broke it as a whole
std::optional<Error> Writer::Attempt(Batch& batch, bool& again) {
  if (const Status begun = Try("begin", [&] { connection_->Begin(); }); !begun) {
    return begun.error();
  }
  for (Item& item : batch) {
    if (item.refused) {
      continue;
    }
    if (std::optional<Error> failure = ApplyOne(item, again); failure || again) {
      return failure;
    }
  }
  const auto commit = [&] {
    last_.Count(*connection_);
    connection_->Commit();
  };
  if (const Status committed = Try("commit", commit); !committed) {
    return committed.error();
  }
  last_.Committed();
  return std::nullopt;
}

void Writer::ApplyOrRefuse(Item& item) {
  try {
    item.status = item.work.apply(*connection_);
  } catch (const SQLite::Exception& e) {
    item.refused = IsConstraint(e);
    if (!item.refused) {
      throw;
    }
    item.status = tl::make_unexpected(ErrorOf(e, "write"));
  }
}

std::optional<Error> Writer::ApplyOne(Item& item, bool& again) {
  const Status whole = Try("write", [&] { ApplyOrRefuse(item); });
  // A refused item may have written something before: take it all back and do without it.
  again = item.refused;
  return whole ? std::nullopt : std::optional(whole.error());
}

}  // namespace hone::sqlite
