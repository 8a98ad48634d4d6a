// SPDX-License-Identifier: Apache-2.0
#include "apps/shim/team.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "apps/shim/network.h"
#include "trial-runner/local/attempt_files.h"

namespace hone::shim {
namespace {

namespace files = attempt_files;

constexpr std::int64_t kLeastQuota = 64 * 1024;
constexpr std::int64_t kCollectorQuota = 1024 * 1024;
constexpr int kReadyFd = 3;           // where a member that is waited for says that it is ready
constexpr int kReadyMillis = 10'000;  // then the others start all the same

// To what the engine started us with, which is the default for all.
void ResetSignals() {
  for (const int signal : {SIGHUP, SIGINT, SIGPIPE}) {
    struct sigaction action = {};
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void GiveUp(StartFailure* failure, StartFailure::Stage stage) {
  failure->error_number = errno;
  failure->stage = stage;
  _exit(127);
}

// @param ready_fd  -1: nobody waits for it
[[noreturn]] void BecomeTrial(const Member& member, int ready_fd) {
  const Replica& replica = *member.replica;
  setsid();  // no controlling terminal: a password prompt fails instead of stopping the trial
  ResetSignals();
  dup2(member.output.trial_fd, STDOUT_FILENO);
  dup2(member.output.trial_fd, STDERR_FILENO);
  if (ready_fd == kReadyFd) {
    fcntl(ready_fd, F_SETFD, 0);
  } else if (ready_fd >= 0) {
    dup2(ready_fd, kReadyFd);
  }
  if (chdir(replica.folder) != 0) {
    GiveUp(member.failure, StartFailure::kFolder);
  }
  if (!EnterNetwork(replica)) {
    GiveUp(member.failure, StartFailure::kProgram);
  }
  environ = replica.env;
  execvp(replica.argv[0], replica.argv);
  GiveUp(member.failure, StartFailure::kProgram);
}

// A child waits here until the shim has forked all of them.
void WaitForOthers(const int (&gate)[2]) {
  char byte = 0;
  close(gate[1]);
  while (read(gate[0], &byte, 1) < 0 && errno == EINTR) {
  }
  close(gate[0]);
}

bool Fork(Member& member, const int (&gate)[2], int ready_fd) {
  const pid_t shim = getpid();
  member.pid = fork();
  if (member.pid < 0) {
    member.pid = 0;
    return false;
  }
  if (member.pid > 0) {
    member.state = Member::State::kRunning;
    member.start_at = 0;
    return true;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != shim) {
    _exit(127);  // the shim died before it could take us along
  }
  WaitForOthers(gate);
  BecomeTrial(member, ready_fd);
}

bool IsDue(const Member& member, std::int64_t now) {
  return member.state == Member::State::kIdle && member.start_at <= now;
}

// Ends those that have been forked already, before they run anything.
void TakeBack(const Member* from, const Member* to) {
  for (const Member* member = from; member != to; ++member) {
    if (member->pid > 0) {
      kill(member->pid, SIGKILL);
    }
  }
}

}  // namespace

bool MakeTeam(const Launch& launch, int folder_fd, Team& team) {
  // All zero: the logs' buffers are large, and most of them never touched.
  team.members = static_cast<Member*>(std::calloc(launch.count, sizeof(Member)));
  void* page = mmap(nullptr, launch.count * sizeof(StartFailure), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (team.members == nullptr || page == MAP_FAILED) {
    return false;
  }
  team.count = launch.count;
  std::int64_t sharers = 0;
  for (std::size_t i = 0; i < launch.count; ++i) {
    sharers += launch.replicas[i].collector ? 0 : 1;
  }
  const std::int64_t share = launch.log_quota / (sharers > 0 ? sharers : 1);
  for (std::size_t i = 0; i < launch.count; ++i) {
    Member& member = team.members[i];
    member.replica = &launch.replicas[i];
    member.failure = static_cast<StartFailure*>(page) + i;
    member.output.quota = launch.log_quota > 0 && share < kLeastQuota ? kLeastQuota : share;
    member.output.quota = member.replica->collector ? kCollectorQuota : member.output.quota;
    char name[256];
    std::snprintf(name, sizeof(name), "%s%s%s", files::kReplicaLogStart, member.replica->name,
                  files::kReplicaLogEnd);
    if (!OpenOutput(folder_fd, member.replica->primary ? files::kOutput : name, member.output)) {
      return false;
    }
  }
  return true;
}

bool StartFirst(const Team& team) {
  for (Member& member : team) {
    int gate[2];
    int ready[2];
    if (!member.replica->ready_first) {
      continue;
    }
    if (pipe2(gate, O_CLOEXEC) != 0 || pipe2(ready, O_CLOEXEC) != 0 ||
        !Fork(member, gate, ready[1])) {
      return false;
    }
    close(gate[0]);
    close(gate[1]);
    close(ready[1]);
    pollfd fd = {.fd = ready[0], .events = POLLIN, .revents = 0};
    while (poll(&fd, 1, kReadyMillis) < 0 && errno == EINTR) {
    }
    close(ready[0]);
  }
  return true;
}

bool StartDue(const Team& team, std::int64_t now) {
  int gate[2];
  if (pipe2(gate, O_CLOEXEC) != 0) {
    return false;
  }
  int fork_error = 0;
  for (Member& member : team) {
    if (fork_error == 0 && IsDue(member, now) && !Fork(member, gate, -1)) {
      fork_error = errno;
      TakeBack(team.begin(), &member);
    }
  }
  close(gate[0]);
  close(gate[1]);
  errno = fork_error;
  return fork_error == 0;
}

pid_t StartCleanup(const Launch& launch, int seconds) {
  const pid_t pid = fork();
  if (pid != 0) {
    return pid;
  }
  setsid();
  ResetSignals();
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    dup2(null, fd);
  }
  char time[32];
  std::snprintf(time, sizeof(time), "--time=%d", seconds);
  for (char** argument = launch.cleanup; *argument != nullptr; ++argument) {
    *argument = std::strcmp(*argument, "--time=") == 0 ? time : *argument;
  }
  environ = launch.replicas[0].env;
  execvp(launch.cleanup[0], launch.cleanup);
  _exit(127);
}

int ShellCode(const Member& member) {
  return member.status_code == CLD_EXITED ? member.status : 128 + member.status;
}

}  // namespace hone::shim
