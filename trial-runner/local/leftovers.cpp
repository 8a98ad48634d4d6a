// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/leftovers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{5};
constexpr std::uint64_t kLargestEnvironment = std::uint64_t{8} << 20;

bool HasAll(std::string_view environment, std::span<const std::string> marks) {
  const auto variables = Split(environment, '\0');
  return std::ranges::all_of(marks, [&](const std::string& mark) {
    return std::ranges::find(variables, std::string_view(mark)) != variables.end();
  });
}

// Opened before its environment is read, so that the number cannot change hands in between.
struct Found {
  UniqueFd pidfd;
};

std::vector<Found> FindMarked(std::span<const std::string> marks) {
  std::vector<Found> found;
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const auto pid = ParseInt(at->path().filename().string());
    if (!pid || *pid == ::getpid()) {
      continue;
    }
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(*pid), 0)));
    const auto environment = ReadFile(at->path() / "environ", kLargestEnvironment);
    if (pidfd.valid() && environment.has_value() && HasAll(*environment, marks)) {
      found.push_back({std::move(pidfd)});
    }
  }
  return found;
}

// Kills and waits for the end of each.
void KillAll(const std::vector<Found>& found, std::chrono::steady_clock::time_point until) {
  for (const Found& process : found) {
    ::syscall(SYS_pidfd_send_signal, process.pidfd.get(), SIGKILL, nullptr, 0);
  }
  for (const Found& process : found) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd wait = {.fd = process.pidfd.get(), .events = POLLIN, .revents = 0};
    ::poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  }
}

// The mount point of a control group hierarchy and the path of this process in it.
std::string CounterOfGroup() {
  const auto groups = ReadFile("/proc/self/cgroup");
  if (!groups.has_value()) {
    return "";
  }
  std::error_code error;
  std::string counter;
  for (const std::string_view line : Split(*groups, '\n')) {
    const auto fields = Split(line, ':');  // number, controllers, path
    if (fields.size() < 3) {
      continue;
    }
    const std::string path(line.substr(fields[0].size() + fields[1].size() + 2));
    fs::path candidate;
    if (fields[1] == "memory") {
      candidate = "/sys/fs/cgroup/memory" + path + "/memory.oom_control";
    } else if (fields[0] == "0" && counter.empty()) {
      candidate = "/sys/fs/cgroup" + path + "/memory.events";
    }
    if (!candidate.empty() && fs::exists(candidate, error)) {
      counter = candidate.lexically_normal().string();
    }
  }
  return counter;
}

}  // namespace

int KillByEnvironment(std::span<const std::string> marks) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  int killed = 0;
  for (;;) {
    const std::vector<Found> found = FindMarked(marks);
    if (found.empty() || std::chrono::steady_clock::now() >= until) {
      return killed;
    }
    KillAll(found, until);
    killed += static_cast<int>(found.size());
  }
}

std::string FindOomCounter() {
  const std::string counter = CounterOfGroup();
  // Without a group of one's own the whole machine's counter must do.
  return counter.empty() ? "/proc/vmstat" : counter;
}

}  // namespace hone::local
