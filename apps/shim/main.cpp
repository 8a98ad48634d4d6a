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
#include <cstdlib>
#include <cstring>

#include "apps/shim/launch.h"
#include "apps/shim/network.h"
#include "apps/shim/proc.h"
#include "apps/shim/record.h"
#include "apps/shim/supervise.h"
#include "apps/shim/team.h"
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

// Whose end tells how the attempt ended.
const Member& Teller(const Team& team, const Outcome& outcome) {
  if (outcome.culprit != nullptr) {
    return *outcome.culprit;
  }
  const Member* primary = team.begin();
  for (const Member& member : team) {
    primary = member.replica->primary ? &member : primary;
  }
  return *primary;
}

void Judge(const Member& teller, const Outcome& outcome, bool oom_counter_rose,
           ExitRecord& record) {
  // Nobody failed: those that decide have succeeded, whatever became of the others at the end.
  const bool well = outcome.culprit == nullptr && outcome.cause == Cause::kNone;
  const bool exited = well || teller.status_code == CLD_EXITED;
  record.exit_code = exited && !well ? teller.status : 0;
  record.signal = exited ? 0 : teller.status;
  record.stopped = outcome.cause == Cause::kStop;
  if (outcome.cause == Cause::kStop) {
    record.kind = files::kKindStopped;
  } else if (outcome.cause == Cause::kDeadline) {
    record.kind = files::kKindTimeout;
  } else if (oom_counter_rose) {
    record.kind = files::kKindOutOfMemory;
  } else {
    record.kind = exited ? files::kKindExited : files::kKindSignal;
  }
}

const char* StateWord(const Member& member) {
  if (member.state == Member::State::kSucceeded) {
    return files::kStateSucceeded;
  }
  return member.state == Member::State::kFailed ? files::kStateFailed : files::kStateEnded;
}

// The record's lines about replicas; none for a plain trial.
const char* OutcomeLines(const Team& team) {
  if (team.members[0].replica->name[0] == '\0') {
    return "";
  }
  std::size_t room = 1;
  for (const Member& member : team) {
    room += std::strlen(member.replica->name) + 64;
  }
  char* text = static_cast<char*>(std::calloc(room, 1));
  std::size_t used = 0;
  for (const Member& member : team) {
    if (text == nullptr) {
      return "";
    }
    if (member.replica->collector) {
      continue;
    }
    used += static_cast<std::size_t>(
        std::snprintf(text + used, room - used, "%s%s %s %d %d\n", files::kOutcome,
                      member.replica->name, StateWord(member), ShellCode(member), member.restarts));
  }
  return text;
}

// Keeps the names beyond the life of the outcome.
void NoteReplicas(const Team& team, const Outcome& outcome, ExitRecord& record) {
  static char culprits[sizeof(outcome.culprits)];
  std::memcpy(culprits, outcome.culprits, sizeof(culprits));
  record.culprits = culprits;
  record.outcomes = OutcomeLines(team);
}

void JudgeEnd(const Team& team, const Outcome& outcome, const Launch& launch, long long oom_kills,
              ExitRecord& record) {
  const Member& teller = Teller(team, outcome);
  const StartFailure& failure = *teller.failure;
  if (outcome.start_error != 0) {
    NoteReason(record, "cannot start a process", "", outcome.start_error);
  } else if (failure.stage == StartFailure::kFolder) {
    NoteReason(record, "cannot enter the working folder", teller.replica->folder,
               failure.error_number);
  } else if (failure.stage == StartFailure::kProgram) {
    NoteReason(record, "cannot run the program", teller.replica->argv[0], failure.error_number);
  } else {
    // The kernel killed it, or a child of the shell that it is (which exits with 137).
    const bool rose = ShellCode(teller) == 128 + SIGKILL && oom_kills >= 0 &&
                      OomKills(launch.oom_counter) > oom_kills;
    Judge(teller, outcome, rose, record);
  }
}

void RunTeam(const Attempt& attempt, const Launch& launch, const Team& team, ExitRecord& record) {
  const long long oom_kills = OomKills(launch.oom_counter);
  if (!StartFirst(team) || !StartDue(team, SteadyMicros())) {
    NoteReason(record, "cannot start a process", "", errno);
    KillChildren();
    return;
  }
  WriteClaim(attempt.claim_fd, Teller(team, Outcome()).pid, record.started_us);
  const Outcome outcome = Supervise(team, launch);
  JudgeEnd(team, outcome, launch, oom_kills, record);
  NoteReplicas(team, outcome, record);
}

// @returns false, with errno, if the attempt has no network but should
bool GiveNetwork(const Launch& launch) {
  const int network = launch.own_network ? MakeNetwork() : -1;
  for (std::size_t i = 0; i < launch.count; ++i) {
    launch.replicas[i].network_fd = network;
  }
  return !launch.own_network || network >= 0;
}

void RunAttempt(const Attempt& attempt, ExitRecord& record) {
  Launch launch;
  if (!ReadLaunch(attempt.launch_fd, launch)) {
    record.kind = files::kKindFailedToStart;
    std::snprintf(record.reason, sizeof(record.reason), "the launch file is not whole");
    return;
  }
  Team team;
  if (!MakeTeam(launch, attempt.folder_fd, team)) {
    NoteReason(record, "cannot open the output file", "", errno);
    return;
  }
  if (!GiveNetwork(launch)) {
    NoteReason(record, "cannot make a network of the trial's own", "", errno);
    return;
  }
  RunTeam(attempt, launch, team, record);
  struct stat info = {};
  if (fstat(Teller(team, Outcome()).output.file_fd, &info) == 0) {
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
