// SPDX-License-Identifier: Apache-2.0
#include "apps/shim/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "apps/shim/proc.h"

namespace hone::shim {
namespace {

// Holes are made of whole blocks; no common file system has larger ones.
constexpr std::int64_t kBlock = 4096;
// How far a line is followed to its end before it is cut.
constexpr std::int64_t kLongestLine = 2 * kBlock;
// How long a full disk may keep the shim once the trial is over.
constexpr std::int64_t kDrainMicros = 10'000'000;
constexpr int kRetryMillis = 100;

std::int64_t RoundDown(std::int64_t offset) {
  return offset / kBlock * kBlock;
}

// @returns how much of it was written: less on a full disk
std::size_t WriteAt(int fd, const char* bytes, std::size_t size, std::int64_t offset) {
  std::size_t written = 0;
  while (written < size) {
    const ssize_t n =
        pwrite(fd, bytes + written, size - written, offset + static_cast<std::int64_t>(written));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return written;
    }
    written += static_cast<std::size_t>(n);
  }
  return written;
}

// Makes one line of the bytes from `from` up to `to`, which held (parts of) others.
void CoverWithLine(int fd, const char* text, std::int64_t from, std::int64_t to) {
  char line[kLongestLine + kBlock];  // with room for the text itself
  const auto size = static_cast<std::size_t>(to - from);
  if (size == 0 || size > sizeof(line)) {
    return;
  }
  std::memset(line, '.', size);
  for (std::size_t i = 0; i + 1 < size && text[i] != '\0'; ++i) {
    line[i] = text[i];
  }
  line[size - 1] = '\n';
  WriteAt(fd, line, size, from);
}

// The start of the line that begins last at or before `offset` - `room`; `offset` - `room` itself
// if that line is too long.
std::int64_t LineStartBefore(int fd, std::int64_t offset, std::int64_t room) {
  char bytes[kLongestLine];
  const std::int64_t latest = offset - room;
  const std::int64_t from = std::max<std::int64_t>(0, latest - kLongestLine);
  const ssize_t got = pread(fd, bytes, static_cast<std::size_t>(latest - from), from);
  for (ssize_t i = got - 1; i >= 0; --i) {
    if (bytes[i] == '\n') {
      return from + i + 1;
    }
  }
  return from == 0 ? 0 : latest;
}

// The start of the first line that begins behind `offset`; as far as is looked if none does.
std::int64_t LineStartBehind(int fd, std::int64_t offset, std::int64_t end) {
  char bytes[kLongestLine];
  const ssize_t got =
      pread(fd, bytes, static_cast<std::size_t>(std::min(end - offset, kLongestLine)), offset);
  for (ssize_t i = 0; i < got; ++i) {
    if (bytes[i] == '\n') {
      return offset + i + 1;
    }
  }
  return offset + std::max<ssize_t>(got, 0);
}

// Where the beginning ends that is kept: a quarter of the quota.
std::int64_t HeadBytes(const OutputLog& log) {
  return std::max(kBlock, RoundDown(log.quota / 4));
}

void BeginGap(OutputLog& log) {
  char text[200];
  std::snprintf(text, sizeof(text),
                "[hone: output was cut out here: it is longer than the quota of %lld bytes] ",
                static_cast<long long>(log.quota));
  log.gap_begin = HeadBytes(log);
  log.gap_end = log.gap_begin;
  const auto room = static_cast<std::int64_t>(std::strlen(text)) + 1;
  CoverWithLine(log.file_fd, text, LineStartBefore(log.file_fd, log.gap_begin, room),
                log.gap_begin);
}

// Gives blocks back until `more` bytes have room. @returns false if the file system cannot
bool MakeRoom(OutputLog& log, std::int64_t more) {
  const std::int64_t tail = log.quota - HeadBytes(log);
  if (log.end + more - std::max(log.gap_end, HeadBytes(log)) <= tail - kBlock) {
    return true;
  }
  if (log.gap_end == 0) {
    BeginGap(log);
  }
  // An eighth at a time, so that not every line costs a call.
  const std::int64_t kept = tail - kBlock - std::max(more, tail / 8);
  const std::int64_t gap_end = RoundDown(std::max(log.gap_end + kBlock, log.end - kept));
  if (fallocate(log.file_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, log.gap_begin,
                gap_end - log.gap_begin) != 0) {
    return false;
  }
  log.gap_end = gap_end;
  constexpr char kGoesOn[] = "[hone: it goes on here] ";
  CoverWithLine(log.file_fd, kGoesOn, gap_end,
                LineStartBehind(log.file_fd, gap_end + std::int64_t{sizeof(kGoesOn)}, log.end));
  return true;
}

// Writes what waits. @returns false if the disk is full
bool Flush(OutputLog& log) {
  const auto size = static_cast<std::int64_t>(log.waiting);
  if (log.quota > 0 && !log.dropping && !MakeRoom(log, size)) {
    log.dropping = true;
  }
  if (log.dropping) {
    log.waiting = 0;
    return true;
  }
  const std::size_t written = WriteAt(log.file_fd, log.buffer, log.waiting, log.end);
  log.end += static_cast<std::int64_t>(written);
  log.waiting -= written;
  std::memmove(log.buffer, log.buffer + written, log.waiting);
  return log.waiting == 0;
}

// How much is taken at once: at most a part of what the quota leaves for the end.
std::size_t StepBytes(const OutputLog& log) {
  const auto most = static_cast<std::int64_t>(sizeof(log.buffer));
  return static_cast<std::size_t>(log.quota > 0 ? std::min(most, log.quota / 8) : most);
}

}  // namespace

bool OpenOutput(int folder_fd, const char* name, OutputLog& log) {
  int ends[2];
  log.file_fd = openat(folder_fd, name, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (log.file_fd < 0 || pipe2(ends, O_CLOEXEC) != 0) {
    return false;
  }
  log.pipe_fd = ends[0];
  log.trial_fd = ends[1];
  fcntl(log.pipe_fd, F_SETFL, O_NONBLOCK);
  return true;
}

void Note(OutputLog& log, const char* line) {
  pollfd pipe = {.fd = log.trial_fd, .events = POLLOUT, .revents = 0};
  if (poll(&pipe, 1, 0) > 0 && (pipe.revents & POLLOUT) != 0) {
    (void)!write(log.trial_fd, line, std::strlen(line));  // short: it has room or none
  }
}

void CloseInput(OutputLog& log) {
  close(log.trial_fd);
  log.trial_fd = -1;
}

bool Pump(OutputLog& log) {
  if (log.waiting > 0 && !Flush(log)) {
    return false;
  }
  constexpr int kSteps = 16;  // then the signals have their turn
  for (int step = 0; step < kSteps && log.pipe_fd >= 0; ++step) {
    const ssize_t got = read(log.pipe_fd, log.buffer, StepBytes(log));
    if (got < 0) {
      return true;  // nothing there now
    }
    if (got == 0) {
      close(log.pipe_fd);
      log.pipe_fd = -1;
      return true;
    }
    log.waiting = static_cast<std::size_t>(got);
    if (!Flush(log)) {
      return false;
    }
  }
  return true;
}

void Drain(OutputLog& log) {
  const std::int64_t give_up = SteadyMicros() + kDrainMicros;
  pollfd pipe = {.fd = log.pipe_fd, .events = POLLIN, .revents = 0};
  while (SteadyMicros() < give_up) {
    if (!Pump(log)) {
      poll(nullptr, 0, kRetryMillis);
      continue;
    }
    pipe.fd = log.pipe_fd;
    if (log.pipe_fd < 0 || poll(&pipe, 1, 0) <= 0) {
      return;  // a process that could not be killed may hold the other end for ever
    }
  }
}

}  // namespace hone::shim
