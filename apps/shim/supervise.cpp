// SPDX-License-Identifier: Apache-2.0
#include "apps/shim/supervise.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <initializer_list>

#include "apps/shim/proc.h"

namespace hone::shim {
namespace {

constexpr std::int64_t kNever = INT64_MAX;
// How long leftovers may take to die; a process in an uninterruptible call can outlive SIGKILL.
constexpr std::int64_t kSweepMicros = 5'000'000;
constexpr std::int64_t kSweepStepMicros = 20'000;

void Handle(int signal, void (*how)(int)) {
  struct sigaction action = {};
  action.sa_handler = how;
  sigaction(signal, &action, nullptr);
}

sigset_t WaitedSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGCHLD, SIGTERM, SIGQUIT}) {
    sigaddset(&set, signal);
  }
  return set;
}

// What the shim waits for: signals, and output of the trial.
class Watch {
 public:
  explicit Watch(OutputLog& output) : output_(output) {
    const sigset_t set = WaitedSignals();
    signal_fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  // The next waited signal, or 0 when `until` (steady time) has come. Keeps output meanwhile.
  int NextSignal(std::int64_t until) {
    for (;;) {
      const std::int64_t left = until == kNever ? kLongestWaitMicros : until - SteadyMicros();
      const std::int64_t wait = left < kLongestWaitMicros ? left : kLongestWaitMicros;
      const bool full = !Pump(output_);
      if (const int signal = Wait(full && wait > kFullDiskMicros ? kFullDiskMicros : wait, full)) {
        return signal;
      }
      if (until != kNever && until <= SteadyMicros()) {
        return 0;
      }
    }
  }

 private:
  static constexpr std::int64_t kLongestWaitMicros = 3'600'000'000;
  static constexpr std::int64_t kFullDiskMicros = 100'000;  // then there may be room again

  int Wait(std::int64_t micros, bool full) const {
    pollfd fds[] = {{.fd = signal_fd_, .events = POLLIN, .revents = 0},
                    {.fd = full ? -1 : output_.pipe_fd, .events = POLLIN, .revents = 0}};
    const std::int64_t wait = micros > 0 ? micros : 0;
    const timespec time = {.tv_sec = wait / 1'000'000, .tv_nsec = wait % 1'000'000 * 1'000};
    signalfd_siginfo info = {};
    if (ppoll(fds, 2, &time, nullptr) > 0 && fds[0].revents != 0 &&
        read(signal_fd_, &info, sizeof(info)) == sizeof(info)) {
      return static_cast<int>(info.ssi_signo);
    }
    return 0;
  }

  OutputLog& output_;
  int signal_fd_ = -1;
};

// The child makes its group itself, a moment after the fork; until then it is reached alone.
void SignalTrial(pid_t child, int signal) {
  if (kill(-child, signal) != 0) {
    kill(child, signal);
  }
}

struct Reaped {
  bool trial_ended = false;
  bool none_left = false;
};

// Reaps what has ended. The trial's group is killed before its number can be given away.
Reaped ReapEnded(pid_t trial, Outcome& outcome) {
  Reaped reaped;
  for (;;) {
    siginfo_t info = {};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
      reaped.none_left = errno == ECHILD;
      return reaped;
    }
    if (info.si_pid == 0) {
      return reaped;
    }
    if (info.si_pid == trial) {
      kill(-trial, SIGKILL);
      outcome.status_code = info.si_code;
      outcome.status = info.si_status;
      reaped.trial_ended = true;
    }
    waitpid(info.si_pid, nullptr, 0);
  }
}

// Kills all that fell to the shim, generation by generation, until nothing is left.
void Sweep(Watch& watch) {
  Outcome ignored;
  const std::int64_t give_up = SteadyMicros() + kSweepMicros;
  while (!ReapEnded(-1, ignored).none_left && SteadyMicros() < give_up) {
    KillChildren();
    watch.NextSignal(SteadyMicros() + kSweepStepMicros);
  }
}

// To what the engine started us with, which is the default for all.
void ResetSignals() {
  for (const int signal : {SIGHUP, SIGINT, SIGPIPE}) {
    Handle(signal, SIG_DFL);
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

[[noreturn]] void BecomeTrial(const Launch& launch, int output_fd, StartFailure* failure) {
  setsid();  // no controlling terminal: a password prompt fails instead of stopping the trial
  ResetSignals();
  dup2(output_fd, STDOUT_FILENO);
  dup2(output_fd, STDERR_FILENO);
  if (chdir(launch.folder) != 0) {
    GiveUp(failure, StartFailure::kFolder);
  }
  environ = launch.env;
  execvp(launch.argv[0], launch.argv);
  GiveUp(failure, StartFailure::kProgram);
}

}  // namespace

void PrepareProcess() {
  for (const int signal : {SIGHUP, SIGINT, SIGPIPE}) {
    Handle(signal, SIG_IGN);
  }
  const sigset_t set = WaitedSignals();
  pthread_sigmask(SIG_SETMASK, &set, nullptr);
  prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
  // The leader of a group cannot make a session; so join the parent's group first. All of this may
  // fail where the engine is gone already: then the group of our own must do.
  if (setsid() < 0 && setpgid(0, getpgid(getppid())) == 0 && setsid() < 0) {
    setpgid(0, 0);
  }
}

StartFailure* MakeStartFailure() {
  void* page = mmap(nullptr, sizeof(StartFailure), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? nullptr : static_cast<StartFailure*>(page);
}

pid_t StartTrial(const Launch& launch, OutputLog& output, StartFailure* failure) {
  const pid_t shim = getpid();
  const pid_t child = fork();
  if (child != 0) {
    close(output.trial_fd);  // else the pipe would never end
    output.trial_fd = -1;
    return child;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != shim) {
    _exit(127);  // the shim died before it could take us along
  }
  BecomeTrial(launch, output.trial_fd, failure);
}

Outcome Supervise(pid_t child, const Launch& launch, OutputLog& output) {
  Watch watch(output);
  Outcome outcome;
  std::int64_t deadline = launch.deadline_us > 0 ? SteadyMicros() + launch.deadline_us : kNever;
  std::int64_t kill_at = kNever;
  const auto ask_to_end = [&](Cause cause, std::int64_t grace_us) {
    outcome.cause = cause;
    deadline = kNever;
    kill_at = SteadyMicros() + grace_us;
    SignalTrial(child, SIGTERM);
    SignalTrial(child, SIGCONT);  // a stopped process would not see TERM
  };
  while (!ReapEnded(child, outcome).trial_ended) {
    const int signal = watch.NextSignal(deadline < kill_at ? deadline : kill_at);
    if (ReapEnded(child, outcome).trial_ended) {
      break;  // it ended by itself, whatever was asked meanwhile
    }
    const std::int64_t now = SteadyMicros();
    if (signal == SIGTERM && outcome.cause == Cause::kNone) {
      ask_to_end(Cause::kStop, launch.grace_us);
    } else if (signal == SIGQUIT || now >= kill_at) {
      outcome.cause = outcome.cause == Cause::kNone ? Cause::kStop : outcome.cause;
      deadline = kNever;
      kill_at = kNever;
      SignalTrial(child, SIGKILL);
    } else if (now >= deadline) {
      ask_to_end(Cause::kDeadline, launch.grace_us);
    }
  }
  Sweep(watch);
  Drain(output);
  return outcome;
}

}  // namespace hone::shim
