// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"

namespace hone {

using Task = std::function<void()>;

/// Where work runs. Two families: AsioExecutor (threads, real time) and SimExecutor (one thread,
/// virtual time).
/// @threads  all calls are thread-safe and return at once; tasks run later, never inside Post
class Executor {
 public:
  virtual ~Executor() = default;

  virtual void Post(Task task) = 0;
  /// Runs the task once `delay` has passed. There is no cancelling: a task that may be stale checks
  /// so itself.
  virtual void PostAfter(Duration delay, Task task) = 0;
  /// An executor over the same threads whose tasks never overlap and run in the order posted.
  virtual std::shared_ptr<Executor> MakeStrand() = 0;
};

/// While it lives, this thread helps out: what it posts to pools that take help is carried out by
/// it when this object ends, in the order posted, instead of waking another thread for it; so is
/// what those tasks post in turn. For a thread that would only wait for the answer. Strands hold as
/// ever: what one is busy with elsewhere stays there.
/// @threads  one; in the scope of another such object it does nothing
class LentThread {
 public:
  LentThread();
  ~LentThread();
  LentThread(const LentThread&) = delete;
  LentThread& operator=(const LentThread&) = delete;

 private:
  bool first_;
};

/// A pool of named threads over Boost.Asio. What a task posts to its own pool starts after that
/// task has ended, so no task may wait for another one of its pool.
class AsioExecutor final : public Executor {
 public:
  /// Whether threads that are lent carry out its tasks, which must then be short and wait for
  /// nothing: neither for the disk nor for any other thread.
  enum class Help { kNone, kTaken };

  /// @param name  of its threads (at most 15 characters are shown by the system); @param threads >=
  /// 1
  AsioExecutor(const std::string& name, int threads, Help help = Help::kNone);
  /// Stops.
  ~AsioExecutor() override;

  void Post(Task task) override;
  void PostAfter(Duration delay, Task task) override;
  std::shared_ptr<Executor> MakeStrand() override;

  /// Waits for running tasks, drops waiting ones and timers, joins the threads. Idempotent. Not
  /// from its own thread, nor from one that is lent.
  void Stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the strands made from it, which may outlive this
                                // object and then drop tasks
};

/// Virtual time on the calling thread: tasks run in order of due time, then of posting. For tests
/// and simulations.
/// @threads  one thread only
class SimExecutor final : public Executor, public Clock {
 public:
  explicit SimExecutor(Timestamp start);
  ~SimExecutor() override;

  void Post(Task task) override;
  void PostAfter(Duration delay, Task task) override;
  std::shared_ptr<Executor> MakeStrand() override;
  [[nodiscard]] Timestamp Now() const override;

  /// Runs the next task, moving the clock to its due time. @returns false if there was none
  bool RunOne();
  /// Runs until nothing is left or `done` says so. @returns tasks run
  std::size_t RunUntil(const std::function<bool()>& done);
  /// Forgets all waiting tasks: what a crash does.
  void DropAll();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with its strands
};

}  // namespace hone
