// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/file_watch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace hone::local {
namespace {

// Of what the kernel gave in one read.
std::vector<int> WatchesIn(std::string_view events) {
  std::vector<int> watches;
  while (events.size() >= sizeof(inotify_event)) {
    inotify_event event = {};
    std::memcpy(&event, events.data(), sizeof(event));
    watches.push_back(event.wd);
    events.remove_prefix(std::min(events.size(), sizeof(event) + event.len));
  }
  return watches;
}

}  // namespace

FileWatch::FileWatch(OnGrown on_grown)
    : on_grown_(std::move(on_grown)),
      inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (inotify_.valid() && wake_.valid()) {
    thread_ = std::jthread([this] { Run(); });
  }
}

FileWatch::~FileWatch() {
  Stop();
}

void FileWatch::Stop() {
  stopped_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto woken = ::write(wake_.get(), &one, sizeof(one));  // full: it is awake
  if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) {
    thread_.join();
  }
}

int FileWatch::Add(int file, const TrialId& trial) {
  if (!inotify_.valid() || !wake_.valid() || stopped_) {
    return -1;
  }
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  // The kernel's call under the lock: another source may give up the same number meanwhile.
  return watched_.WithLock([&](std::map<int, Watched>& watched) {
    const int number = ::inotify_add_watch(inotify_.get(), path.c_str(), IN_MODIFY);
    if (number >= 0) {
      Watched& entry = watched[number];
      entry.trial = trial;
      ++entry.users;
    }
    return number;
  });
}

void FileWatch::Remove(int watch) {
  if (watch < 0) {
    return;
  }
  watched_.WithLock([&](std::map<int, Watched>& watched) {
    const auto found = watched.find(watch);
    if (found != watched.end() && --found->second.users == 0) {
      ::inotify_rm_watch(inotify_.get(), watch);  // fails if the file is gone, which is fine
      watched.erase(found);
    }
  });
}

bool FileWatch::WaitFor(bool events, int millis) const {
  std::array<pollfd, 2> fds = {
      {{.fd = wake_.get(), .events = POLLIN, .revents = 0},
       {.fd = events ? inotify_.get() : -1, .events = POLLIN, .revents = 0}}};
  ::poll(fds.data(), fds.size(), millis);
  return !stopped_;
}

std::set<TrialId> FileWatch::Read() {
  // What does not fit is there after the pause.
  alignas(inotify_event) std::array<char, 65536> buffer{};
  const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
  const std::vector<int> watches =
      WatchesIn({buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
  std::set<TrialId> grown;
  watched_.WithLock([&](const std::map<int, Watched>& watched) {
    for (const int watch : watches) {
      if (const auto found = watched.find(watch); found != watched.end()) {
        grown.insert(found->second.trial);
      }
    }
  });
  return grown;
}

void FileWatch::Run() {
  pthread_setname_np(pthread_self(), "hone-grown");
  while (WaitFor(true, -1)) {
    for (const TrialId& trial : Read()) {
      on_grown_(trial);
    }
    if (!WaitFor(false, kPauseMillis)) {
      return;
    }
  }
}

}  // namespace hone::local
