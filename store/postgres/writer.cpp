// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/writer.h"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <limits>
#include <random>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "store/postgres/postgres_error.h"
#include "store/postgres/steps.h"
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
    "UPDATE commits SET n = $1, refused = '', "
    "at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint "
    "WHERE writer = $2 AND n < $1 RETURNING (pg_current_xact_id()::text::bigint + "
    "(SELECT base FROM positions)) << 20";
constexpr char kLast[] = "SELECT n, refused FROM commits WHERE writer = $1 FOR UPDATE";

// Arrays of any length are one plan: what they are made of does not matter.
constexpr char kPlanOnce[] = "SET plan_cache_mode = force_generic_plan";

/// @param added  the items of the group, in its order
void Tell(const Group& group, const std::string& refused, const auto& added) {
  std::vector<Status> statuses = group.Judge(refused);
  for (std::size_t i = 0; i < added.size(); ++i) {
    added[i]->status = std::move(statuses[i]);
  }
}

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
      queue_(limits.queue),
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
  Submit({.what = std::move(apply),
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
    Write(batch, stop);
    queue_.Answer(batch);
  }
  Disconnect();
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
      number_ += doubt_ == Doubt::kNone ? 0 : 1;  // nobody waits for the answer any more
      doubt_ = Doubt::kNone;
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
  const std::optional<Outcome> called =
      registered_ && doubt_ == Doubt::kNone ? CallOnce(batch, failure) : std::nullopt;
  const Outcome outcome = called ? *called : Transact(batch, failure);
  if (outcome == Outcome::kFailed && failure.code == Code::kUnavailable) {
    Disconnect();
  } else if (outcome != Outcome::kCommitted) {
    connection_->Rollback();
  }
  return outcome;
}

/// @param added  gets the items of the group, in its order; the others have a status then
/// @returns false: not all of it can go as a group
bool Writer::Collect(Batch& batch, Group& group, std::vector<Item*>& added) {
  for (Item& item : batch) {
    if (item.refused) {
      continue;
    }
    const Group::Fit fit = group.Add(*connection_, item.work.what, item.status);
    if (fit == Group::Fit::kNotHere) {
      return false;
    }
    if (fit == Group::Fit::kAdded) {
      added.push_back(&item);
    }
  }
  return true;
}

/// The batch as one call. Nothing: it has to be a transaction of several.
std::optional<Writer::Outcome> Writer::CallOnce(Batch& batch, Error& failure) {
  Group group;
  std::vector<Item*> added;
  bool constraint = false;
  const auto refused = Try("write", address_.secrets, [&]() -> std::optional<std::string> {
    if (!Collect(batch, group, added)) {
      return std::nullopt;
    }
    if (added.empty()) {
      return "";
    }
    doubt_ = Doubt::kCall;
    try {
      return group.RunAlone(*connection_, name_, number_ + 1);
    } catch (const std::exception& e) {
      constraint = IsConstraint(e);
      throw;
    }
  });
  if (!refused && !constraint) {
    failure = refused.error();
    doubt_ = failure.code == Code::kUnavailable ? doubt_ : Doubt::kNone;
    return Outcome::kFailed;
  }
  const bool not_counted = refused && *refused == Group::kNotCounted;
  if (not_counted) {  // a call of before came late: what became of it is the question again
    return std::nullopt;
  }
  const bool ran = doubt_ == Doubt::kCall;
  doubt_ = Doubt::kNone;
  if (!refused || !refused->has_value()) {
    return std::nullopt;  // one by one, which shows the item that a constraint refuses
  }
  number_ += ran ? 1 : 0;
  Tell(group, **refused, added);
  return Outcome::kCommitted;
}

Writer::Outcome Writer::Transact(Batch& batch, Error& failure) {
  const auto prepared = Try("begin", address_.secrets, [&] { return Prepare(batch); });
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
Result<Writer::Outcome> Writer::Prepare(Batch& batch) {
  if (!registered_) {
    Use(*connection_, kRegister).Text(name_).Run();
    Use(*connection_, kForgetWriters).Int(kForget.count()).Run();
    registered_ = true;
  }
  connection_->Begin();
  if (doubt_ != Doubt::kNone) {
    HONE_ASSIGN_OR_RETURN(const bool holds, HoldsAfterAll(batch));
    if (holds) {
      return Outcome::kCommitted;
    }
  }
  Rows counted = Use(*connection_, kCount).Int(number_ + 1).Text(name_).Run();
  if (counted.Count() == 0) {
    // A call whose connection broke came late, after it was asked for and before this.
    doubt_ = Doubt::kCall;
    HONE_ASSIGN_OR_RETURN(const bool holds, HoldsAfterAll(batch));
    return holds ? Result<Outcome>(Outcome::kCommitted)
                 : Fail(Code::kDataLoss, "the table commits counts otherwise than this process");
  }
  connection_->SetFirstPosition(counted.GetInt(0, 0));
  return Outcome::kAgain;
}

/// Whether the transaction in doubt is committed; if so, ends the one under way, and the items know
/// what became of them.
Result<bool> Writer::HoldsAfterAll(Batch& batch) {
  const Rows last = Use(*connection_, kLast).Text(name_).Run();
  if (last.Count() == 0) {
    return Fail(Code::kDataLoss, "the row of this process is gone from the table commits");
  }
  const bool holds = last.GetInt(0, 0) == number_ + 1;
  if (holds && doubt_ == Doubt::kCall) {
    Group group;
    std::vector<Item*> added;
    HONE_CHECK(Collect(batch, group, added), "what was sent as a group is none");
    Tell(group, last.GetText(0, 1), added);
  }
  doubt_ = Doubt::kNone;
  if (holds) {
    ++number_;
    connection_->Rollback();
  }
  return holds;
}

Writer::Outcome Writer::Commit(Error& failure) {
  doubt_ = Doubt::kTransaction;
  const Status committed = Try("commit", address_.secrets, [&] { connection_->Commit(); });
  if (committed) {
    doubt_ = Doubt::kNone;
    ++number_;
    return Outcome::kCommitted;
  }
  failure = committed.error();
  doubt_ = failure.code == Code::kUnavailable ? doubt_ : Doubt::kNone;
  return Outcome::kFailed;
}

void Writer::ApplyOrRefuse(Item& item) {
  try {
    item.status = postgres::Apply(*connection_, item.work.what);
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
                          auto connection =
                              std::make_unique<Connection>(address_, limits_.statement_timeout);
                          connection->ExecuteScript(kPlanOnce);
                          return connection;
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
