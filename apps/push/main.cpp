// SPDX-License-Identifier: Apache-2.0
// hone-push PORT TRIAL FILE GRACE_MS [COMMAND...]: Katib's DBManager service on 127.0.0.1:PORT for
// one trial, which keeps what it is told in FILE. Started beside the trial by hone-shim, and told
// by TERM that the trial is over. A COMMAND, of a Custom collector, is started once the service
// listens; if it ends with another exit code than 0 before the trial, so does this program. When
// the trial is over it has half of the grace to end by itself, then it gets TERM.
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/server/db_manager_service.h"
#include "api/server/grpc_host.h"
#include "apps/push/pushed_logs.h"
#include "base/executor.h"
#include "base/process.h"
#include "base/text.h"
#include "trial-runner/local/attempt_files.h"

namespace hone {
namespace {

constexpr int kReadyFd = 3;
constexpr int kFirstOfCommand = 5;
constexpr int kLargestPort = 65535;
constexpr int kShellSignal = 128;
constexpr int kCannotStart = 127;  // the command, as a shell tells it

void Say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

/// TERM as an event; for all threads, so before the first one.
UniqueFd BlockTerm() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC));
}

/// Hone-shim lets the trial start.
void SayReady() {
  static_cast<void>(!::write(kReadyFd, "r", 1));  // nobody may be waiting
  ::close(kReadyFd);
}

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    all.emplace_back(*variable);
  }
  return all;
}

int ShellCode(const ExitStatus& status) {
  return status.signal != 0 ? kShellSignal + status.signal : status.exit_code;
}

/// The exit code of a command that has ended; 0 if that cannot be told.
int CodeOf(std::optional<Child>& command) {
  const Result<ExitStatus> status =
      command ? WaitFor(*command, Duration(0)) : Result<ExitStatus>(ExitStatus());
  command.reset();
  return status ? ShellCode(*status) : 0;
}

/// Waits for TERM, or for the end of the command if there is one. @returns the command's exit code
/// if that came first and is not 0; else 0, once the trial is over
int WaitForTrial(const UniqueFd& term, std::optional<Child>& command) {
  int code = 0;
  for (bool over = false; !over && code == 0;) {
    pollfd fds[2] = {{.fd = term.get(), .events = POLLIN, .revents = 0},
                     {.fd = command ? command->pidfd.get() : -1, .events = POLLIN, .revents = 0}};
    const bool woken = ::poll(fds, 2, -1) > 0;
    code = woken && fds[1].revents != 0 ? CodeOf(command) : 0;
    over = woken && fds[0].revents != 0;
  }
  if (code != 0) {
    Say("the collector's command ended with exit code " + std::to_string(code));
  }
  return code;
}

/// The trial is over. hone-shim kills what is left after the grace.
void EndCommand(const Child& command, Duration grace) {
  if (WaitFor(command, grace / 2)) {
    return;
  }
  ::kill(-command.pid, SIGTERM);
  if (!WaitFor(command, grace / 4)) {
    Say("the collector's command did not end when asked, and is killed");
    ::kill(-command.pid, SIGKILL);
  }
}

struct Words {
  int port = 0;
  std::string trial;
  std::string file;
  Duration grace{};
  std::vector<std::string> command;
};

Result<int> Run(const Words& words) {
  const UniqueFd term = BlockTerm();
  HONE_ASSIGN_OR_RETURN(PushedFile file, PushedFile::Open(words.file));
  PushedLogs logs(words.trial, words.file, std::move(file));
  AsioExecutor readers("hone-read", 1);
  HONE_ASSIGN_OR_RETURN(auto host,
                        GrpcHost::Start({.listen = {.host = "127.0.0.1", .port = words.port},
                                         .health_names = {"api.v1.beta1.DBManager"}},
                                        {MakeDbManagerService(logs, readers)}));
  std::optional<Child> command;
  if (!words.command.empty()) {
    auto started = Spawn({.argv = words.command,
                          .env = OwnEnvironment(),
                          .working_folder = {},
                          .stdout_fd = STDOUT_FILENO,
                          .stderr_fd = STDERR_FILENO});
    if (!started) {
      Say(started.error().message);
      return kCannotStart;
    }
    command = *std::move(started);
  }
  SayReady();
  const int code = WaitForTrial(term, command);
  if (command) {
    EndCommand(*command, words.grace);
  }
  host->Drain(std::chrono::milliseconds(100));
  readers.Stop();
  if (code == 0) {
    Say(logs.Summary());
  }
  return code;
}

std::optional<Words> Read(const std::vector<std::string>& all) {
  const auto port = ParseInt(all[1]);
  const auto grace = ParseInt(all[4]);
  if (!port || *port < 1 || *port > kLargestPort || !grace || *grace < 0) {
    return std::nullopt;
  }
  return Words{static_cast<int>(*port),
               all[2],
               all[3],
               std::chrono::milliseconds(*grace),
               {all.begin() + kFirstOfCommand, all.end()}};
}

}  // namespace
}  // namespace hone

int main(int argc, char** argv) {
  const auto words = argc < hone::kFirstOfCommand
                         ? std::nullopt
                         : hone::Read(std::vector<std::string>(argv, argv + argc));
  if (!words) {
    std::fputs("usage: hone-push PORT TRIAL FILE GRACE_MS [COMMAND...] (started by hone)\n",
               stderr);
    return 2;
  }
  const auto code = hone::Run(*words);
  if (!code) {
    hone::Say(code.error().message);
    return hone::attempt_files::kCollectorBroken;
  }
  return *code;
}
