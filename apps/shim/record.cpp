// SPDX-License-Identifier: Apache-2.0
#include "apps/shim/record.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "apps/shim/proc.h"
#include "trial-runner/local/attempt_files.h"

namespace hone::shim {
namespace {

namespace files = attempt_files;

bool WriteAll(int fd, const char* data, std::size_t length) {
  while (length > 0) {
    const ssize_t wrote = write(fd, data, length);
    if (wrote <= 0) {
      return false;
    }
    data += wrote;
    length -= static_cast<std::size_t>(wrote);
  }
  return true;
}

bool WriteExitFile(int folder_fd, const char* text, std::size_t length) {
  constexpr char kTemporary[] = "exit.tmp";
  const int fd = openat(folder_fd, kTemporary, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0) {
    return false;
  }
  const bool written = WriteAll(fd, text, length) && fsync(fd) == 0;
  close(fd);
  if (!written || renameat(folder_fd, kTemporary, folder_fd, files::kExit) != 0) {
    unlinkat(folder_fd, kTemporary, 0);
    return false;
  }
  fsync(folder_fd);  // the result stands either way; without it a power cut may make it a rerun
  return true;
}

}  // namespace

void WriteClaim(int claim_fd, pid_t child, std::int64_t started_us) {
  char boot_id[64];
  const std::size_t length =
      ReadSmallFile("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id));
  boot_id[length > 0 ? length - 1 : 0] = '\0';  // its line end
  StatLine self;
  StatLine trial;
  ReadStat(getpid(), self);
  if (child > 0) {
    ReadStat(child, trial);
  }
  char text[512];
  const int size = std::snprintf(
      text, sizeof(text), "%s%s\n%s%d\n%s%llu\n%s%d\n%s%llu\n%s%lld\n", files::kBootId, boot_id,
      files::kShimPid, getpid(), files::kShimTicks, self.start_ticks, files::kChildPid, child,
      files::kChildTicks, trial.start_ticks, files::kStarted, static_cast<long long>(started_us));
  // One write: a reader sees all of it or nothing. Failure leaves a claim without names, under
  // which the trial still runs and ends as it should.
  (void)!write(claim_fd, text, static_cast<std::size_t>(size));
  (void)!write(STDOUT_FILENO, text, static_cast<std::size_t>(size));  // tells a listening engine
}

bool KeepRecord(int folder_fd, int claim_fd, const ExitRecord& record) {
  const std::size_t room = 2560 + std::strlen(record.outcomes);
  char* text = static_cast<char*>(std::malloc(room));
  if (text == nullptr) {
    return false;
  }
  const int size = std::snprintf(
      text, room, "%s%s\n%s%d\n%s%d\n%s%d\n%s%lld\n%s%lld\n%s%lld\n%s%s\n%s%s\n%s%s\n",
      files::kKind, record.kind, files::kExitCode, record.exit_code, files::kSignal, record.signal,
      files::kStopped, record.stopped ? 1 : 0, files::kStarted,
      static_cast<long long>(record.started_us), files::kEnded,
      static_cast<long long>(record.ended_us), files::kOutputBytes,
      static_cast<long long>(record.output_bytes), files::kReason, record.reason, files::kCulprits,
      record.culprits, record.outcomes, files::kExitEnd);
  const auto length = static_cast<std::size_t>(size);
  if (WriteExitFile(folder_fd, text, length)) {
    return true;
  }
  // The claim has a disk block already, so this works on a full disk.
  return WriteAll(claim_fd, text, length) && fsync(claim_fd) == 0;
}

}  // namespace hone::shim
