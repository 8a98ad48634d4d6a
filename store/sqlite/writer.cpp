// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/writer.h"

#include <pthread.h>

#include <future>
#include <utility>

#include "base/check.h"
#include "store/sqlite/sqlite_error.h"

namespace hone::sqlite {

Writer::Writer(std::unique_ptr<Connection> connection, LastCommit last,
               const store::WriteQueueLimits& limits)
    : connection_(std::move(connection)),
      last_(std::move(last)),
      queue_(limits),
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
  queue_.Put(std::move(work));
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
  for (std::vector<Work> taken = queue_.Take(stop); !taken.empty(); taken = queue_.Take(stop)) {
    Batch batch;
    batch.reserve(taken.size());
    for (Work& work : taken) {
      batch.push_back({std::move(work), {}});
    }
    Write(batch);
    queue_.Answer(batch);
  }
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
