// SPDX-License-Identifier: Apache-2.0
#include "apps/shim/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace hone::shim {
namespace {

std::int64_t Micros(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

}  // namespace

std::int64_t WallMicros() {
  return Micros(CLOCK_REALTIME);
}

std::int64_t SteadyMicros() {
  return Micros(CLOCK_MONOTONIC);
}

std::size_t ReadSmallFile(const char* path, char* buffer, std::size_t capacity) {
  buffer[0] = '\0';
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return 0;
  }
  std::size_t length = 0;
  ssize_t got = 0;
  while (length + 1 < capacity && (got = read(fd, buffer + length, capacity - 1 - length)) > 0) {
    length += static_cast<std::size_t>(got);
  }
  close(fd);
  buffer[length] = '\0';
  return length;
}

bool ReadStat(pid_t pid, StatLine& stat) {
  char path[64];
  std::snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  char line[1024];
  if (ReadSmallFile(path, line, sizeof(line)) == 0) {
    return false;
  }
  // The program's name stands in brackets and may itself hold blanks and brackets.
  const char* field = std::strrchr(line, ')');
  for (int number = 2; field != nullptr && number < 22; ++number) {
    field = std::strchr(field + 1, ' ');
    if (field != nullptr && number + 1 == 4) {
      stat.parent = static_cast<pid_t>(std::strtol(field, nullptr, 10));
    }
  }
  if (field == nullptr) {
    return false;
  }
  stat.start_ticks = std::strtoull(field, nullptr, 10);
  return true;
}

void KillChildren() {
  DIR* proc = opendir("/proc");
  if (proc == nullptr) {
    return;
  }
  const pid_t self = getpid();
  while (const dirent* entry = readdir(proc)) {  // NOLINT(concurrency-mt-unsafe): one thread
    const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    StatLine stat;
    if (pid > 0 && ReadStat(pid, stat) && stat.parent == self) {
      kill(pid, SIGKILL);
    }
  }
  closedir(proc);
}

long long OomKills(const char* path) {
  char text[16384];  // /proc/vmstat is the longest of the three
  if (path == nullptr || ReadSmallFile(path, text, sizeof(text)) == 0) {
    return -1;
  }
  constexpr char kWord[] = "oom_kill ";
  for (const char* at = std::strstr(text, kWord); at != nullptr; at = std::strstr(at + 1, kWord)) {
    if (at == text || at[-1] == '\n') {
      return std::strtoll(at + sizeof(kWord) - 1, nullptr, 10);
    }
  }
  return -1;
}

}  // namespace hone::shim
