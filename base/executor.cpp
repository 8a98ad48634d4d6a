// SPDX-License-Identifier: Apache-2.0
#include "base/executor.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/defer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"

namespace hone {
namespace {

namespace asio = boost::asio;

using OwnThreads = asio::io_context::executor_type;

/// Tasks that lent threads have taken, of one pool. Its Stop waits until there are none.
class Taken {
 public:
  explicit Taken(OwnThreads own) : own_(std::move(own)) {}

  void Add() {
    const std::scoped_lock lock(mutex_);
    ++count_;
  }
  void Remove() {
    const std::scoped_lock lock(mutex_);
    if (--count_ == 0) {
      none_.notify_all();
    }
  }
  /// Gives a task that was taken on to the pool's own threads, unless they are about to end.
  bool HandOver(Task& task) {
    {
      const std::scoped_lock lock(mutex_);
      if (closing_) {
        return false;
      }
      own_.post(std::move(task), std::allocator<void>());
    }
    Remove();
    return true;
  }
  void Close() {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
  }
  void WaitForNone() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  OwnThreads own_;
  std::mutex mutex_;
  std::condition_variable none_;
  int count_ = 0;
  bool closing_ = false;
};

struct LentTask {
  Task run;
  std::shared_ptr<Taken> of;
};

/// What this thread has taken; null: it is not lent.
thread_local std::deque<LentTask>* lent = nullptr;  // NOLINT(*-avoid-non-const-global-variables)

/// The threads of a pool, and whichever are lent to it: an executor for Asio's strands.
class PoolExecutor {
 public:
  PoolExecutor(asio::io_context& io, std::shared_ptr<Taken> taken)
      : own_(io.get_executor()), taken_(std::move(taken)) {}

  [[nodiscard]] asio::execution_context& context() const noexcept { return own_.context(); }
  void on_work_started() const noexcept { own_.on_work_started(); }
  void on_work_finished() const noexcept { own_.on_work_finished(); }
  template <class Function, class Allocator>
  void dispatch(Function&& function, const Allocator& allocator) const {
    post(std::forward<Function>(function), allocator);
  }
  template <class Function, class Allocator>
  void post(Function&& function, const Allocator& allocator) const {
    if (!Take(function)) {
      own_.post(std::forward<Function>(function), allocator);
    }
  }
  template <class Function, class Allocator>
  void defer(Function&& function, const Allocator& allocator) const {
    if (!Take(function)) {
      own_.defer(std::forward<Function>(function), allocator);
    }
  }
  friend bool operator==(const PoolExecutor& a, const PoolExecutor& b) noexcept {
    return a.own_ == b.own_;
  }
  friend bool operator!=(const PoolExecutor& a, const PoolExecutor& b) noexcept {
    return !(a == b);
  }

 private:
  template <class Function>
  bool Take(Function& function) const {
    if (lent == nullptr || taken_ == nullptr) {
      return false;
    }
    taken_->Add();
    lent->push_back({Task(std::move(function)), taken_});
    return true;
  }

  OwnThreads own_;
  std::shared_ptr<Taken> taken_;  // null: nobody is lent to it
};

constexpr int kMostOfLent = 16;  // tasks: a strand that is never done must not keep the thread
constexpr std::size_t kThreadNameLength = 15;  // pthread_setname_np(3)
constexpr Duration kLongestDelay = std::chrono::hours(24) * 365 * 100;

void NameThisThread(const std::string& name, int number, int of) {
  const std::string suffix = of > 1 ? "-" + std::to_string(number) : "";
  const std::string shown =
      name.substr(0, kThreadNameLength - std::min(suffix.size(), kThreadNameLength)) + suffix;
  pthread_setname_np(pthread_self(), shown.c_str());
}

}  // namespace

LentThread::LentThread() : first_(lent == nullptr) {
  if (first_) {
    lent = new std::deque<LentTask>;  // NOLINT(*-owning-memory): a thread_local with a destructor
  }  // would cost at each access
}

LentThread::~LentThread() {
  if (!first_) {
    return;
  }
  const std::unique_ptr<std::deque<LentTask>> tasks(lent);
  for (int done = 0; !tasks->empty(); tasks->pop_front()) {
    LentTask& task = tasks->front();
    if (++done > kMostOfLent && task.of->HandOver(task.run)) {
      continue;
    }
    task.run();
    task.run = nullptr;  // what it holds goes before its pool may
    task.of->Remove();
  }
  lent = nullptr;
}

// Tasks are dropped by running their handlers with `stopping` set: nothing is posted after that, so
// the io_context ends up empty and no task keeps a strand (and so this object) alive.
struct AsioExecutor::Impl : public std::enable_shared_from_this<Impl> {
  using Timers = std::list<asio::steady_timer>;

  asio::io_context io;
  std::optional<asio::executor_work_guard<OwnThreads>> work{io.get_executor()};
  // Timers tick elsewhere: a context that has any keeps a thread in epoll, and every task that is
  // posted wakes that one beside the one that takes it.
  asio::io_context timer_io;
  std::optional<asio::executor_work_guard<OwnThreads>> timer_work{timer_io.get_executor()};
  std::shared_ptr<Taken> taken;  // null: takes no help
  std::string name;
  std::mutex mutex;  // guards stopping and timers; asio's own locks nest inside it
  std::atomic<bool> stopping = false;  // changes under the mutex
  Timers timers;
  std::mutex join_mutex;
  std::vector<std::jthread> threads;
  std::jthread timer_thread;  // begins with the first timer, under the mutex

  // A copy of a std::function would copy what it captured; this one is only ever moved.
  auto Handler(Task task) {
    return [this, task = std::move(task)]() mutable {
      if (!stopping) {
        task();
      }
    };
  }

  template <class On>
  void PostOn(const On& executor, Task task) {
    auto handler = Handler(std::move(task));
    const std::scoped_lock lock(mutex);
    if (!stopping) {
      asio::defer(executor, std::move(handler));
    }
  }

  template <class On>
  void PostAfterOn(const On& executor, Duration delay, Task task) {
    if (delay <= Duration::zero()) {
      PostOn(executor, std::move(task));
      return;
    }
    const std::scoped_lock lock(mutex);
    if (stopping) {
      return;
    }
    if (!timer_thread.joinable()) {
      timer_thread = std::jthread([this] {
        NameThisThread(name + "-t", 0, 1);
        timer_io.run();
      });
    }
    timers.emplace_front(timer_io, std::min(delay, kLongestDelay));
    timers.front().async_wait([this, executor, timer = timers.begin(),
                               task = std::move(task)](const boost::system::error_code&) mutable {
      Timers done;
      {
        const std::scoped_lock inner(mutex);
        done.splice(done.begin(), timers, timer);
      }
      PostOn(executor, std::move(task));
    });
  }

  PoolExecutor OnPool() { return {io, taken}; }

  void Start(int count) {
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([this, i, count] {
        NameThisThread(name, i, count);
        io.run();
      });
    }
  }

  void Stop() {
    if (taken != nullptr) {
      taken->Close();  // nothing is given back to threads that may have ended
    }
    {
      const std::scoped_lock lock(mutex);
      stopping = true;
      for (asio::steady_timer& timer : timers) {
        timer.cancel();
      }
      work.reset();
      timer_work.reset();
    }
    if (taken != nullptr) {
      taken->WaitForNone();
    }
    const std::scoped_lock lock(join_mutex);
    for (std::jthread& thread : threads) {
      HONE_CHECK(thread.get_id() != std::this_thread::get_id(),
                 "an executor cannot be stopped from its own thread");
    }
    if (timer_thread.joinable()) {
      timer_thread.join();
    }
    threads.clear();  // joins
  }
};

namespace {

template <class Impl>
class AsioStrand final : public Executor {
 public:
  explicit AsioStrand(std::shared_ptr<Impl> impl)
      : impl_(std::move(impl)), strand_(impl_->OnPool()) {}

  void Post(Task task) override { impl_->PostOn(strand_, std::move(task)); }
  void PostAfter(Duration delay, Task task) override {
    impl_->PostAfterOn(strand_, delay, std::move(task));
  }
  std::shared_ptr<Executor> MakeStrand() override {
    return std::make_shared<AsioStrand<Impl>>(impl_);
  }

 private:
  std::shared_ptr<Impl> impl_;  // before strand_, which must be destroyed first
  asio::strand<PoolExecutor> strand_;
};

}  // namespace

AsioExecutor::AsioExecutor(const std::string& name, int threads, Help help)
    : impl_(std::make_shared<Impl>()) {
  HONE_CHECK(threads >= 1, "an executor needs a thread");
  impl_->name = name;
  if (help == Help::kTaken) {
    impl_->taken = std::make_shared<Taken>(impl_->io.get_executor());
  }
  impl_->Start(threads);
}

AsioExecutor::~AsioExecutor() {
  impl_->Stop();
}

void AsioExecutor::Post(Task task) {
  impl_->PostOn(impl_->OnPool(), std::move(task));
}

void AsioExecutor::PostAfter(Duration delay, Task task) {
  impl_->PostAfterOn(impl_->OnPool(), delay, std::move(task));
}

std::shared_ptr<Executor> AsioExecutor::MakeStrand() {
  return std::make_shared<AsioStrand<Impl>>(impl_);
}

void AsioExecutor::Stop() {
  impl_->Stop();
}

struct SimExecutor::Impl {
  using Key = std::pair<Timestamp, std::uint64_t>;  // due time, then order of posting

  Timestamp now;
  std::uint64_t next_sequence = 0;
  bool closed = false;
  std::map<Key, Task> queue;

  void PostAfter(Duration delay, Task task) {
    if (closed) {
      return;
    }
    const Duration wait = std::clamp(delay, Duration::zero(), Timestamp::max() - now);
    queue.emplace(Key{now + wait, next_sequence++}, std::move(task));
  }

  // What the tasks hold may post while it is destroyed; that is dropped as well.
  void DropAll() {
    const bool was_closed = std::exchange(closed, true);
    std::exchange(queue, {}).clear();
    closed = was_closed;
  }
};

namespace {

template <class Impl>
class SimStrand final : public Executor {
 public:
  explicit SimStrand(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  void Post(Task task) override { impl_->PostAfter(Duration::zero(), std::move(task)); }
  void PostAfter(Duration delay, Task task) override { impl_->PostAfter(delay, std::move(task)); }
  std::shared_ptr<Executor> MakeStrand() override {
    return std::make_shared<SimStrand<Impl>>(impl_);
  }

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace

SimExecutor::SimExecutor(Timestamp start) : impl_(std::make_shared<Impl>()) {
  impl_->now = start;
}

SimExecutor::~SimExecutor() {
  impl_->closed = true;
  impl_->DropAll();
}

void SimExecutor::Post(Task task) {
  impl_->PostAfter(Duration::zero(), std::move(task));
}

void SimExecutor::PostAfter(Duration delay, Task task) {
  impl_->PostAfter(delay, std::move(task));
}

std::shared_ptr<Executor> SimExecutor::MakeStrand() {
  return std::make_shared<SimStrand<Impl>>(impl_);
}

Timestamp SimExecutor::Now() const {
  return impl_->now;
}

bool SimExecutor::RunOne() {
  if (impl_->queue.empty()) {
    return false;
  }
  auto next = impl_->queue.extract(impl_->queue.begin());
  impl_->now = next.key().first;
  next.mapped()();
  return true;
}

std::size_t SimExecutor::RunUntil(const std::function<bool()>& done) {
  std::size_t count = 0;
  while (!(done && done()) && RunOne()) {
    ++count;
  }
  return count;
}

void SimExecutor::DropAll() {
  impl_->DropAll();
}

}  // namespace hone
