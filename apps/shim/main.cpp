// SPDX-License-Identifier: Apache-2.0

// hone-shim ATTEMPT_FOLDER: runs one attempt of a trial and outlives the engine. The order of its
// steps is the protocol: lock, claim, look for a stop, start, name, wait, sweep, record.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "apps/shim/launch.h"
#include "apps/shim/output.h"
#include "apps/shim/proc.h"
#include "apps/shim/record.h"
#include "apps/shim/supervise.h"
#include "trial-runner/local/attempt_files.h"

namespace hone::shim {
namespace {

namespace files = attempt_files;

// The descriptors of an attempt, all close-on-exec and open until the shim ends.
struct Attempt {
  int folder_fd = -1;
  int launch_fd = -1;
  int claim_fd = -1;
};

bool Lock(int fd) {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

// @returns an exit code of the shim, 0 if the attempt is ours
int Claim(const char* folder, Attempt& attempt) {
  attempt.folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  attempt.launch_fd = openat(attempt.folder_fd, files::kLaunch, O_RDWR | O_CLOEXEC);
  if (attempt.folder_fd < 0 || attempt.launch_fd < 0) {
    return files::kShimNoLaunch;
  }
  // Locked before the claim can be seen: a claim without a lock always means a dead shim.
  if (!Lock(attempt.launch_fd)) {
    return files::kShimClaimed;
  }
  attempt.claim_fd = openat(attempt.folder_fd, files::kClaim,
                            O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
  if (attempt.claim_fd < 0) {
    return errno == EEXIST ? files::kShimClaimed : files::kShimNoClaim;
  }
  return 0;
}

void NoteReason(ExitRecord& record, const char* what, const char* name, int error_number) {
  record.kind = files::kKindFailedToStart;
  std::snprintf(record.reason, sizeof(record.reason), "%s%s%s: %s", what,
                name[0] != '\0' ? " " : "", name, strerrordesc_np(error_number));
}

// The kernel killed the trial, or a child of the shell that the trial is (which exits with 137).
bool LooksKilled(const Outcome& outcome) {
  const bool by_signal = outcome.status_code != CLD_EXITED && outcome.status == SIGKILL;
  const bool in_shell = outcome.status_code == CLD_EXITED && outcome.status == 128 + SIGKILL;
  return by_signal || in_shell;
}

void Judge(const Outcome& outcome, bool oom_counter_rose, ExitRecord& record) {
  const bool exited = outcome.status_code == CLD_EXITED;
  record.exit_code = exited ? outcome.status : 0;
  record.signal = exited ? 0 : outcome.status;
  record.stopped = outcome.cause == Cause::kStop;
  if (outcome.cause == Cause::kStop) {
    record.kind = files::kKindStopped;
  } else if (outcome.cause == Cause::kDeadline) {
    record.kind = files::kKindTimeout;
  } else if (oom_counter_rose && LooksKilled(outcome)) {
    record.kind = files::kKindOutOfMemory;
  } else {
    record.kind = exited ? files::kKindExited : files::kKindSignal;
  }
}

void RunTrial(const Attempt& attempt, const Launch& launch, OutputLog& output, ExitRecord& record) {
  StartFailure* failure = MakeStartFailure();
  if (failure == nullptr) {
    NoteReason(record, "cannot start a process", "", errno);
    return;
  }
  const long long oom_kills = OomKills(launch.oom_counter);
  const pid_t child = StartTrial(launch, output, failure);
  if (child < 0) {
    NoteReason(record, "cannot start a process", "", errno);
    return;
  }
  WriteClaim(attempt.claim_fd, child, record.started_us);
  const Outcome outcome = Supervise(child, launch, output);
  if (failure->stage == StartFailure::kFolder) {
    NoteReason(record, "cannot enter the working folder", launch.folder, failure->error_number);
  } else if (failure->stage == StartFailure::kProgram) {
    NoteReason(record, "cannot run the program", launch.argv[0], failure->error_number);
  } else {
    const bool rose =
        LooksKilled(outcome) && oom_kills >= 0 && OomKills(launch.oom_counter) > oom_kills;
    Judge(outcome, rose, record);
  }
}

void RunAttempt(const Attempt& attempt, ExitRecord& record) {
  Launch launch;
  if (!ReadLaunch(attempt.launch_fd, launch)) {
    record.kind = files::kKindFailedToStart;
    std::snprintf(record.reason, sizeof(record.reason), "the launch file is not whole");
    return;
  }
  static OutputLog output;  // too large for the stack of a tiny program
  output.quota = launch.log_quota;
  if (!OpenOutput(attempt.folder_fd, output)) {
    NoteReason(record, "cannot open the output file", "", errno);
    return;
  }
  RunTrial(attempt, launch, output, record);
  struct stat info = {};
  if (fstat(output.file_fd, &info) == 0) {
    record.output_bytes = info.st_size;
  }
}

int Run(const char* folder) {
  PrepareProcess();
  Attempt attempt;
  if (const int refused = Claim(folder, attempt); refused != 0) {
    return refused;
  }
  ExitRecord record;
  record.started_us = WallMicros();
  // The engine writes `stop` and then looks for the claim; we claim and then look for `stop`. So
  // one of the two sees the other.
  if (faccessat(attempt.folder_fd, files::kStop, F_OK, 0) == 0) {
    record.kind = files::kKindStopped;
    record.stopped = true;
  } else {
    RunAttempt(attempt, record);
  }
  record.ended_us = WallMicros();
  if (KeepRecord(attempt.folder_fd, attempt.claim_fd, record)) {
    return files::kShimRecorded;
  }
  return files::kShimUnrecorded;
}

}  // namespace
}  // namespace hone::shim

int main(int argc, char* argv[]) {
  if (argc != 2) {
    constexpr char kUsage[] = "hone-shim ATTEMPT_FOLDER: runs one attempt of a trial; for hone\n";
    (void)!write(STDERR_FILENO, kUsage, sizeof(kUsage) - 1);
    return hone::attempt_files::kShimUsage;
  }
  return hone::shim::Run(argv[1]);
}
