// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/shim_watch.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace hone::local {
namespace {

constexpr int kEventsAtOnce = 64;

// What epoll hands back: the watch's number, doubled, plus one for the claim pipe; 0 is the
// wake-up.
constexpr std::uint64_t kWakeMark = 0;
std::uint64_t EndMark(std::uint64_t number) {
  return number * 2;
}
std::uint64_t ClaimMark(std::uint64_t number) {
  return number * 2 + 1;
}

Status AddTo(int epoll, int fd, std::uint64_t mark) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = mark;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    return tl::make_unexpected(ErrnoError(errno, "watch a process"));
  }
  return {};
}

// Closing is not enough: a child between fork and exec may still hold a copy, for which epoll would
// go on reporting.
void RemoveFrom(int epoll, int fd) {
  ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
}

void SendSignal(int pidfd, int signal) {
  // Fails only if the process has ended, which is fine.
  ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0);
}

}  // namespace

Result<std::unique_ptr<ShimWatch>> ShimWatch::Create(Events events) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll.valid() || !wake.valid()) {
    return tl::make_unexpected(ErrnoError(errno, "prepare to watch processes"));
  }
  HONE_RETURN_IF_ERROR(AddTo(epoll.get(), wake.get(), kWakeMark));
  return std::unique_ptr<ShimWatch>(
      new ShimWatch(std::move(epoll), std::move(wake), std::move(events)));
}

ShimWatch::ShimWatch(UniqueFd epoll, UniqueFd wake, Events events)
    : epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      events_(std::move(events)),
      thread_([this] { Run(); }) {}

ShimWatch::~ShimWatch() {
  Stop();
}

Status ShimWatch::Add(const AttemptKey& key, Child shim, UniqueFd claim_pipe) {
  // All under the lock: an event that comes at once waits for it.
  return shims_.WithLock([&](Shims& shims) {
    const std::uint64_t number = ++shims.last_number;
    Status added =
        claim_pipe.valid() ? AddTo(epoll_.get(), claim_pipe.get(), ClaimMark(number)) : Status();
    added = added.has_value() ? AddTo(epoll_.get(), shim.pidfd.get(), EndMark(number)) : added;
    if (added.has_value()) {
      shims.by_number.insert_or_assign(number, key);
      shims.by_key.insert_or_assign(key, Watched{number, std::move(shim), std::move(claim_pipe)});
    }
    return added;
  });
}

void ShimWatch::Signal(const AttemptKey& key, int signal) {
  shims_.WithLock([&](Shims& shims) {
    const auto found = shims.by_key.find(key);
    if (found != shims.by_key.end()) {
      SendSignal(found->second.shim.pidfd.get(), signal);
    }
  });
}

void ShimWatch::SignalAll(int signal) {
  shims_.WithLock([&](Shims& shims) {
    for (const auto& [key, watched] : shims.by_key) {
      SendSignal(watched.shim.pidfd.get(), signal);
    }
  });
}

void ShimWatch::KeepTicking(bool wanted) {
  if (ticking_.exchange(wanted) != wanted && wanted) {
    Wake();
  }
}

void ShimWatch::Stop() {
  stopping_ = true;
  Wake();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void ShimWatch::Wake() {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));  // full means that it wakes anyway
}

void ShimWatch::Run() {
  ::pthread_setname_np(::pthread_self(), "hone-shims");
  std::array<epoll_event, kEventsAtOnce> ready{};
  while (!stopping_) {
    const int timeout = ticking_ ? static_cast<int>(kTick.count()) : -1;
    const int count = ::epoll_wait(epoll_.get(), ready.data(), kEventsAtOnce, timeout);
    for (int i = 0; i < count && !stopping_; ++i) {
      OnReady(ready[static_cast<std::size_t>(i)].data.u64);
    }
    if (ticking_ && !stopping_) {
      events_.tick();
    }
  }
}

void ShimWatch::OnReady(std::uint64_t mark) {
  if (mark == kWakeMark) {
    std::uint64_t ignored = 0;
    (void)!::read(wake_.get(), &ignored, sizeof(ignored));
    return;
  }
  const auto key = shims_.WithLock([&](Shims& shims) -> std::optional<AttemptKey> {
    const auto found = shims.by_number.find(mark / 2);
    return found == shims.by_number.end() ? std::nullopt : std::optional(found->second);
  });
  if (!key) {
    return;  // over since an earlier event of the same batch
  }
  ReadClaim(*key);
  if (mark % 2 == 0) {
    Reap(*key);
  }
}

/// Reads what the shim said, once; blocks for microseconds at most, since the shim writes it in one
/// piece.
void ShimWatch::ReadClaim(const AttemptKey& key) {
  const auto pipe =
      shims_.WithLock([&](Shims& shims) { return std::move(shims.by_key.at(key).claim_pipe); });
  if (!pipe.valid()) {
    return;
  }
  RemoveFrom(epoll_.get(), pipe.get());
  std::array<char, 1024> text{};
  const ssize_t got = ::read(pipe.get(), text.data(), text.size());
  events_.claimed(key, std::string(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0));
}

void ShimWatch::Reap(const AttemptKey& key) {
  const Child shim = shims_.WithLock([&](Shims& shims) {
    auto node = shims.by_key.extract(key);
    shims.by_number.erase(node.mapped().number);
    return std::move(node.mapped().shim);
  });
  RemoveFrom(epoll_.get(), shim.pidfd.get());
  // A shim of an earlier engine is init's child, not ours.
  const auto status = WaitFor(shim, Duration::zero());
  events_.gone(key, status.has_value() ? std::optional(*status) : std::nullopt);
}

}  // namespace hone::local
