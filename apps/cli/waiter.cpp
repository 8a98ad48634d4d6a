// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/waiter.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace hone::cli {

Result<std::unique_ptr<Waiter>> Waiter::Create() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
    return tl::make_unexpected(ErrnoError(errno, "ignore SIGPIPE"));
  }
  if (const int failed = pthread_sigmask(SIG_BLOCK, &set, nullptr); failed != 0) {
    return tl::make_unexpected(ErrnoError(failed, "block signals"));
  }
  UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!signals.valid() || !wake.valid()) {
    return tl::make_unexpected(ErrnoError(errno, "make descriptors to wait with"));
  }
  return std::unique_ptr<Waiter>(new Waiter(std::move(signals), std::move(wake)));
}

Waiter::Waiter(UniqueFd signals, UniqueFd wake)
    : signals_(std::move(signals)), wake_(std::move(wake)) {}

Waiter::Woke Waiter::Wait(Duration timeout) {
  std::array<pollfd, 3> fds{
      {{signals_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}, {input_, 0, 0}}};
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  if (::poll(fds.data(), fds.size(), static_cast<int>(milliseconds)) <= 0) {
    return Woke::kTimeout;
  }
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    return Woke::kSignal;
  }
  if ((fds[2].revents & (POLLHUP | POLLERR)) != 0) {
    return Woke::kClosed;
  }
  std::uint64_t count = 0;
  return ::read(wake_.get(), &count, sizeof count) == sizeof count ? Woke::kWake : Woke::kTimeout;
}

Status Waiter::WatchInput() {
  struct stat input {};
  if (::fstat(STDIN_FILENO, &input) != 0 || !(S_ISFIFO(input.st_mode) || S_ISSOCK(input.st_mode))) {
    return Fail(Code::kInvalidArgument, "standard input must be a pipe or a socket");
  }
  input_ = STDIN_FILENO;
  return {};
}

void Waiter::Wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the waiter wakes anyway.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

}  // namespace hone::cli
