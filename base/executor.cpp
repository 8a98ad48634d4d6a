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
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"

namespace hone {
namespace {

namespace asio = boost::asio;
using PoolExecutor = asio::io_context::executor_type;

constexpr std::size_t kThreadNameLength = 15;  // pthread_setname_np(3)
constexpr Duration kLongestDelay = std::chrono::hours(24) * 365 * 100;

void NameThisThread(const std::string& name, int number, int of) {
  const std::string suffix = of > 1 ? "-" + std::to_string(number) : "";
  const std::string shown =
      name.substr(0, kThreadNameLength - std::min(suffix.size(), kThreadNameLength)) + suffix;
  pthread_setname_np(pthread_self(), shown.c_str());
}

}  // namespace

// Tasks are dropped by running their handlers with `stopping` set: nothing is posted after that, so
// the io_context ends up empty and no task keeps a strand (and so this object) alive.
struct AsioExecutor::Impl : public std::enable_shared_from_this<Impl> {
  using Timers = std::list<asio::steady_timer>;

  asio::io_context io;
  std::optional<asio::executor_work_guard<PoolExecutor>> work{io.get_executor()};
  // Timers tick elsewhere: a context that has any keeps a thread in epoll, and every task that is
  // posted wakes that one beside the one that takes it.
  asio::io_context timer_io;
  std::optional<asio::executor_work_guard<PoolExecutor>> timer_work{timer_io.get_executor()};
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

  void Start(int count) {
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([this, i, count] {
        NameThisThread(name, i, count);
        io.run();
      });
    }
  }

  void Stop() {
    {
      const std::scoped_lock lock(mutex);
      stopping = true;
      for (asio::steady_timer& timer : timers) {
        timer.cancel();
      }
      work.reset();
      timer_work.reset();
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
      : impl_(std::move(impl)), strand_(impl_->io.get_executor()) {}

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

AsioExecutor::AsioExecutor(const std::string& name, int threads) : impl_(std::make_shared<Impl>()) {
  HONE_CHECK(threads >= 1, "an executor needs a thread");
  impl_->name = name;
  impl_->Start(threads);
}

AsioExecutor::~AsioExecutor() {
  impl_->Stop();
}

void AsioExecutor::Post(Task task) {
  impl_->PostOn(impl_->io.get_executor(), std::move(task));
}

void AsioExecutor::PostAfter(Duration delay, Task task) {
  impl_->PostAfterOn(impl_->io.get_executor(), delay, std::move(task));
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
