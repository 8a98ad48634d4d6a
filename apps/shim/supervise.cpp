// SPDX-License-Identifier: Apache-2.0
#include "apps/shim/supervise.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <initializer_list>

#include "apps/shim/proc.h"

namespace hone::shim {
namespace {

constexpr std::int64_t kNever = INT64_MAX;
// How long leftovers may take to die; a process in an uninterruptible call can outlive SIGKILL.
constexpr std::int64_t kSweepMicros = 5'000'000;
constexpr std::int64_t kSweepStepMicros = 20'000;
constexpr std::int64_t kCleanUpMicros = 30'000'000;

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

// What the shim waits for: signals, and output of the replicas.
class Watch {
 public:
  explicit Watch(const Team& team) : team_(team) {
    const sigset_t set = WaitedSignals();
    signal_fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    fds_ = static_cast<pollfd*>(std::calloc(team.count + 1, sizeof(pollfd)));
  }

  // The next waited signal, or 0 when `until` (steady time) has come. Keeps output meanwhile.
  int NextSignal(std::int64_t until) {
    for (;;) {
      const std::int64_t left = until == kNever ? kLongestWaitMicros : until - SteadyMicros();
      const std::int64_t wait = left < kLongestWaitMicros ? left : kLongestWaitMicros;
      const bool full = PumpAll();
      if (const int signal = Wait(full && wait > kFullDiskMicros ? kFullDiskMicros : wait)) {
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

  // @returns whether a disk is full
  bool PumpAll() {
    bool any_full = false;
    fds_[0] = {.fd = signal_fd_, .events = POLLIN, .revents = 0};
    for (std::size_t i = 0; i < team_.count; ++i) {
      const bool full = !Pump(team_.members[i].output);
      fds_[i + 1] = {
          .fd = full ? -1 : team_.members[i].output.pipe_fd, .events = POLLIN, .revents = 0};
      any_full = any_full || full;
    }
    return any_full;
  }

  int Wait(std::int64_t micros) {
    const std::int64_t wait = micros > 0 ? micros : 0;
    const timespec time = {.tv_sec = wait / 1'000'000, .tv_nsec = wait % 1'000'000 * 1'000};
    signalfd_siginfo info = {};
    if (ppoll(fds_, team_.count + 1, &time, nullptr) > 0 && fds_[0].revents != 0 &&
        read(signal_fd_, &info, sizeof(info)) == sizeof(info)) {
      return static_cast<int>(info.ssi_signo);
    }
    return 0;
  }

  const Team& team_;
  pollfd* fds_ = nullptr;  // the shim's memory is never freed
  int signal_fd_ = -1;
};

// The child makes its group itself, a moment after the fork; until then it is reached alone.
void SignalTrial(pid_t child, int signal) {
  if (kill(-child, signal) != 0) {
    kill(child, signal);
  }
}

// Reaps one that has ended. The group of a replica is killed before its number can be given away.
// @returns false if none has; `none_left` tells whether there are children at all
bool ReapOne(const Team& team, Member*& ended, bool& none_left) {
  siginfo_t info = {};
  ended = nullptr;
  none_left = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
  if (none_left || info.si_pid == 0) {
    return false;
  }
  for (Member& member : team) {
    if (member.pid == info.si_pid) {
      kill(-member.pid, SIGKILL);
      member.pid = 0;
      member.status_code = info.si_code;
      member.status = info.si_status;
      ended = &member;
    }
  }
  waitpid(info.si_pid, nullptr, 0);
  return true;
}

// Kills all that fell to the shim, generation by generation, until nothing is left.
void Sweep(const Team& team, Watch& watch) {
  Member* ended = nullptr;
  bool none_left = false;
  const std::int64_t give_up = SteadyMicros() + kSweepMicros;
  while (!none_left && SteadyMicros() < give_up) {
    while (ReapOne(team, ended, none_left)) {
    }
    if (!none_left) {
      KillChildren();
      watch.NextSignal(SteadyMicros() + kSweepStepMicros);
    }
  }
}

// A job under way.
class Job {
 public:
  Job(const Team& team, const Launch& launch)
      : team_(team), launch_(launch), watch_(team), restarts_left_(launch.backoff_limit) {
    deadline_ = launch.deadline_us > 0 ? SteadyMicros() + launch.deadline_us : kNever;
  }

  Outcome Run() {
    Reap();
    while (!IsOver()) {
      const int signal = watch_.NextSignal(NextTime());
      Reap();
      if (!IsOver()) {  // else it ended by itself, whatever was asked meanwhile
        Act(signal);
      }
    }
    CleanUp();
    Sweep(team_, watch_);
    for (Member& member : team_) {
      CloseInput(member.output);
      Drain(member.output);
    }
    return outcome_;
  }

 private:
  // What the trial has elsewhere is removed: a container is no child of ours. Output goes on being
  // kept meanwhile.
  void CleanUp() {
    // A program that was asked to end may have gone before it could pass that on: then what is left
    // of the grace is the container's.
    const std::int64_t now = SteadyMicros();
    const std::int64_t left = kill_at_ == kNever || kill_at_ < now ? 0 : kill_at_ - now;
    const int seconds = static_cast<int>((left + 999'999) / 1'000'000);
    const pid_t pid = launch_.cleanup == nullptr ? 0 : StartCleanup(launch_, seconds);
    if (pid <= 0) {
      return;
    }
    const std::int64_t give_up = now + left + kCleanUpMicros;
    while (waitpid(pid, nullptr, WNOHANG) == 0) {
      if (SteadyMicros() >= give_up) {
        SignalTrial(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        return;
      }
      watch_.NextSignal(SteadyMicros() + kSweepStepMicros);
    }
  }

  [[nodiscard]] bool IsOver() const {
    for (const Member& member : team_) {
      if (member.pid > 0 || (!ending_ && member.state == Member::State::kIdle)) {
        return false;
      }
    }
    return true;
  }

  [[nodiscard]] std::int64_t NextTime() const {
    std::int64_t next = deadline_ < kill_at_ ? deadline_ : kill_at_;
    for (const Member& member : team_) {
      const bool waits = !ending_ && member.state == Member::State::kIdle;
      next = waits && member.start_at < next ? member.start_at : next;
    }
    return next;
  }

  void Reap() {
    Member* ended = nullptr;
    bool none_left = false;
    while (ReapOne(team_, ended, none_left)) {
      if (ended != nullptr) {
        OnEnd(*ended);
      }
    }
    EndCollectors();
  }

  void OnEnd(Member& member) {
    const bool well = ShellCode(member) == 0;
    const bool never_ran = member.failure->stage != StartFailure::kNone;
    if (ending_) {
      member.state = well ? Member::State::kSucceeded : Member::State::kEnded;
      return;
    }
    if (!never_ran && MayRestart(member, well)) {
      Restart(member);
      return;
    }
    member.state = well ? Member::State::kSucceeded : Member::State::kFailed;
    if (!well) {
      outcome_.culprit = &member;
      Blame(member);
      EndAll(Cause::kNone);
    } else if (HasSucceeded()) {
      EndAll(Cause::kNone);
    }
  }

  // One that decides has done its part when it succeeds: else the job could never end.
  [[nodiscard]] bool MayRestart(const Member& member, bool well) const {
    if (restarts_left_ <= 0) {
      return false;
    }
    const int code = ShellCode(member);
    switch (member.replica->restart) {
      case Restart::kNever:
        return false;
      case Restart::kOnFailure:
        return !well;
      case Restart::kAlways:
        return !well || !member.replica->decides;
      case Restart::kExitCode:  // the operator's list of what may pass
        return code == 128 + SIGINT || code == 128 + SIGKILL || code == 128 + SIGUSR1 ||
               code == 128 + SIGTERM;
    }
    return false;
  }

  void Restart(Member& member) {
    std::int64_t delay = kFirstDelayMicros << (member.restarts < 10 ? member.restarts : 10);
    delay = delay < kLongestDelayMicros ? delay : kLongestDelayMicros;
    --restarts_left_;
    ++member.restarts;
    char line[200];
    std::snprintf(line, sizeof(line),
                  "[hone: replica %s ended with exit code %d; it is started again in %lld s]\n",
                  member.replica->name, ShellCode(member),
                  static_cast<long long>(delay / 1'000'000));
    Note(member.output, line);
    member.state = Member::State::kIdle;
    member.start_at = SteadyMicros() + delay;
  }

  [[nodiscard]] bool HasSucceeded() const {
    for (const Member& member : team_) {
      if (member.replica->decides && member.state != Member::State::kSucceeded) {
        return false;
      }
    }
    return true;
  }

  void Act(int signal) {
    const std::int64_t now = SteadyMicros();
    if (signal == SIGTERM && outcome_.cause == Cause::kNone) {
      EndAll(Cause::kStop);
    } else if (signal == SIGQUIT || now >= kill_at_) {
      outcome_.cause = ending_ ? outcome_.cause : Cause::kStop;
      ending_ = true;
      deadline_ = kNever;
      kill_at_ = kNever;
      Signal(Whom::kTrial, SIGKILL);
      if (signal == SIGQUIT || collectors_asked_) {
        Signal(Whom::kCollectors, SIGKILL);
      }
    } else if (now >= deadline_) {
      for (const Member& member : team_) {
        const bool open =
            member.state == Member::State::kRunning || member.state == Member::State::kIdle;
        if (open && !member.replica->collector) {
          Blame(member);
        }
      }
      EndAll(Cause::kDeadline);
    } else if (!ending_ && !StartDue(team_, now)) {
      outcome_.start_error = errno;
      EndAll(Cause::kNone);
    }
  }

  // No more is started; those that run are asked to end.
  void EndAll(Cause cause) {
    if (ending_ && outcome_.cause == Cause::kNone && cause == Cause::kStop) {
      return;  // the job is over already, and its replicas have been asked
    }
    ending_ = true;
    outcome_.cause = cause;
    deadline_ = kNever;
    kill_at_ = SteadyMicros() + launch_.grace_us;
    Signal(Whom::kTrial, SIGTERM);
    Signal(Whom::kTrial, SIGCONT);  // a stopped process would not see TERM
    EndCollectors();
  }

  // They are asked once the trial is over, so that they take what it reports at its end, too.
  void EndCollectors() {
    if (!ending_ || collectors_asked_ || TrialRuns()) {
      return;
    }
    collectors_asked_ = true;
    kill_at_ = SteadyMicros() + launch_.grace_us;
    Signal(Whom::kCollectors, SIGTERM);
    Signal(Whom::kCollectors, SIGCONT);
  }

  [[nodiscard]] bool TrialRuns() const {
    for (const Member& member : team_) {
      if (member.pid > 0 && !member.replica->collector) {
        return true;
      }
    }
    return false;
  }

  enum class Whom { kTrial, kCollectors };
  void Signal(Whom whom, int signal) const {
    for (const Member& member : team_) {
      if (member.pid > 0 && member.replica->collector == (whom == Whom::kCollectors)) {
        SignalTrial(member.pid, signal);
      }
    }
  }

  void Blame(const Member& member) {
    const std::size_t used = std::strlen(outcome_.culprits);
    std::snprintf(outcome_.culprits + used, sizeof(outcome_.culprits) - used, "%s%s",
                  used > 0 ? " " : "", member.replica->name);
  }

  static constexpr std::int64_t kFirstDelayMicros = 1'000'000;
  static constexpr std::int64_t kLongestDelayMicros = 10'000'000;

  const Team& team_;
  const Launch& launch_;
  Watch watch_;
  Outcome outcome_;
  std::int64_t restarts_left_;
  std::int64_t deadline_ = kNever;
  std::int64_t kill_at_ = kNever;
  bool ending_ = false;
  bool collectors_asked_ = false;
};

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

Outcome Supervise(const Team& team, const Launch& launch) {
  return Job(team, launch).Run();
}

}  // namespace hone::shim
