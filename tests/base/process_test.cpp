// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/base/temp_folder.h"
#include "tests/catch.h"

namespace {

using hone::Code;
using hone::ExitStatus;
using hone::ProcessSpec;
using hone::RunAndRead;
using hone::Spawn;
using hone::WaitFor;
using hone::testing::TempFolder;

constexpr auto kPatience = std::chrono::seconds(20);  // far more than any of these programs needs

ProcessSpec Shell(const std::string& script) {
  return {.argv = {"sh", "-c", script}, .env = {}, .working_folder = {}};
}

/// Runs to the end with stdout in a file. @returns what it printed
std::string Output(ProcessSpec spec) {
  const TempFolder folder;
  const hone::UniqueFd fd(
      ::open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  spec.stdout_fd = fd.get();
  const auto child = Spawn(spec);
  REQUIRE(child.has_value());
  REQUIRE(WaitFor(*child, kPatience) == ExitStatus{});
  return hone::ReadFile(folder / "out").value();
}

void Kill(const hone::Child& child) {
  ::kill(-child.pid, SIGKILL);
  CHECK(WaitFor(child, kPatience) == ExitStatus{.signal = SIGKILL});
}

TEST_CASE("process: standard input is nothing, or what the parent gives", "[base]") {
  CHECK(Output(Shell("cat")).empty());
  int ends[2] = {-1, -1};
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const hone::UniqueFd out(ends[0]);
  hone::UniqueFd in(ends[1]);
  REQUIRE(::write(in.get(), "words", 5) == 5);
  in = hone::UniqueFd();
  ProcessSpec spec = Shell("cat");
  spec.stdin_fd = out.get();
  CHECK(Output(spec) == "words");
}

TEST_CASE("process: exit codes and signals are told apart", "[base]") {
  const struct {
    const char* script;
    ExitStatus status;
  } rows[] = {
      {"exit 0", {}},
      {"exit 3", {.exit_code = 3}},
      {"exit 255", {.exit_code = 255}},
      {"kill -TERM $$", {.signal = SIGTERM}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.script) {
      const auto child = Spawn(Shell(row.script));
      REQUIRE(child.has_value());
      CHECK(WaitFor(*child, kPatience) == row.status);
    }
  }
}

TEST_CASE("process: waiting gives up at the deadline, and may go on", "[base]") {
  const auto child = Spawn(Shell("sleep 60"));
  REQUIRE(child.has_value());
  CHECK(WaitFor(*child, hone::Duration{0}).error().code == Code::kDeadlineExceeded);
  CHECK(WaitFor(*child, std::chrono::milliseconds(10)).error().code == Code::kDeadlineExceeded);
  Kill(*child);
  CHECK_FALSE(WaitFor(*child, kPatience).has_value());  // already reaped
}

TEST_CASE("process: a child leads a group, with default signals and an empty stdin", "[base]") {
  // What a parent may have set for itself must not reach a training job.
  sigset_t term;
  sigset_t before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, &before);
  auto* const old_handler = std::signal(SIGPIPE, SIG_IGN);
  const std::string out =
      Output({.argv = {HONE_TEST_CHILD, "self"}, .env = {}, .working_folder = {}});
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::signal(SIGPIPE, old_handler);
  CHECK(out == "leader yes\nsigterm blocked 0\nsigpipe ignored no\nstdin at end yes\n");
}

TEST_CASE("process: a child has no descriptors but 0 to 2", "[base]") {
  const hone::UniqueFd leaky(::open("/dev/null", O_RDONLY));  // deliberately without O_CLOEXEC
  const hone::UniqueFd far(::fcntl(leaky.get(), F_DUPFD, 500));
  CHECK(Output({.argv = {HONE_TEST_CHILD, "fds"}, .env = {}, .working_folder = {}}) == "0\n1\n2\n");
}

TEST_CASE("process: environment, working folder and arguments arrive as given", "[base]") {
  const TempFolder folder;
  ProcessSpec spec = Shell("echo \"$A|$HOME|$PWD\"; pwd -P");
  spec.env = {"A=b c"};
  spec.working_folder = folder.path();
  const std::string here = std::filesystem::canonical(folder.path()).string();
  CHECK(Output(spec) == "b c||" + here + "\n" + here + "\n");
  spec.argv = {"printf", "[%s]", "", "a b", "$A", "*"};
  CHECK(Output(spec) == "[][a b][$A][*]");
}

TEST_CASE("process: both streams may go to one place, or be crossed", "[base]") {
  const TempFolder folder;
  const hone::UniqueFd fd(
      ::open((folder / "both").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  ProcessSpec spec = Shell("echo out; echo err >&2");
  spec.stdout_fd = spec.stderr_fd = fd.get();
  const auto child = Spawn(spec);
  REQUIRE(child.has_value());
  CHECK(WaitFor(*child, kPatience) == ExitStatus{});
  CHECK(hone::ReadFile(folder / "both") == "out\nerr\n");

  // The parent's own stdout and stderr, exchanged: seen from outside through a shell.
  ProcessSpec crossed = Shell("exec readlink /proc/self/fd/1 /proc/self/fd/2");
  const hone::UniqueFd saved_out(::fcntl(1, F_DUPFD_CLOEXEC, 3));
  const hone::UniqueFd saved_err(::fcntl(2, F_DUPFD_CLOEXEC, 3));
  const hone::UniqueFd one(::open((folder / "1").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  const hone::UniqueFd two(::open((folder / "2").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  ::dup2(one.get(), 1);
  ::dup2(two.get(), 2);
  crossed.stdout_fd = 2;
  crossed.stderr_fd = 1;
  const auto cross_child = Spawn(crossed);
  ::dup2(saved_out.get(), 1);
  ::dup2(saved_err.get(), 2);
  REQUIRE(cross_child.has_value());
  CHECK(WaitFor(*cross_child, kPatience) == ExitStatus{});
  CHECK(hone::ReadFile(folder / "2") ==
        (folder / "2").string() + "\n" + (folder / "1").string() + "\n");
}

TEST_CASE("process: the program is looked up on the child's PATH", "[base]") {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "bin");
  REQUIRE(hone::WriteFile(folder / "bin/tool", "#!/bin/sh\necho mine\n").has_value());
  ProcessSpec spec{.argv = {"tool"}, .env = {}, .working_folder = {}};
  spec.env = {"PATH=/usr/bin:" + (folder / "bin").string()};
  CHECK(Spawn(spec).error().code == Code::kPermissionDenied);
  std::filesystem::permissions(folder / "bin/tool", std::filesystem::perms::owner_all);
  CHECK(Output(spec) == "mine\n");
  spec.env = {"PATH=bin"};
  spec.working_folder = folder.path();
  CHECK(Output(spec) == "mine\n");
  spec.argv = {"bin/tool"};
  CHECK(Output(spec) == "mine\n");
  spec.env = {"PATH=/usr/bin"};
  spec.argv = {"tool"};
  CHECK(Spawn(spec).error().code == Code::kNotFound);
}

TEST_CASE("process: what cannot be started is an error, not a child", "[base]") {
  const TempFolder folder;
  REQUIRE(hone::WriteFile(folder / "text", "just words").has_value());
  const struct {
    const char* name;
    std::vector<std::string> argv;
    std::filesystem::path working_folder;
    Code code;
  } rows[] = {
      {"no command", {}, {}, Code::kNotFound},
      {"an empty command", {""}, {}, Code::kNotFound},
      {"no such program", {"no-such-program"}, {}, Code::kNotFound},
      {"no such path", {"/no/such/path"}, {}, Code::kNotFound},
      {"not executable", {(folder / "text").string()}, {}, Code::kPermissionDenied},
      {"no such folder", {"sh"}, folder / "missing", Code::kNotFound},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto child = Spawn({.argv = row.argv, .env = {}, .working_folder = row.working_folder});
      REQUIRE_FALSE(child.has_value());
      CHECK(child.error().code == row.code);
    }
  }
  std::filesystem::permissions(folder / "text", std::filesystem::perms::owner_all);
  const auto words = Spawn({.argv = {(folder / "text").string()}, .env = {}, .working_folder = {}});
  REQUIRE_FALSE(words.has_value());
  CHECK(words.error().code == Code::kFailedPrecondition);
}

TEST_CASE("process: RunAndRead returns stdout, also more than a pipe holds", "[base]") {
  CHECK(RunAndRead({"sh", "-c", "echo out; echo err >&2"}, kPatience) == "out\n");
  const auto much = RunAndRead({"head", "-c", "1000000", "/dev/zero"}, kPatience);
  REQUIRE(much.has_value());
  CHECK(much->size() == 1'000'000);
}

TEST_CASE("process: RunAndRead tells how a program failed", "[base]") {
  const auto failed = RunAndRead({"sh", "-c", "echo went wrong >&2; exit 4"}, kPatience);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error() == hone::Error{Code::kUnknown, "sh: exit code 4: went wrong", ""});
  CHECK(RunAndRead({"no-such-program"}, kPatience).error().code == Code::kNotFound);
  CHECK(RunAndRead({}, kPatience).error().code == Code::kNotFound);
}

TEST_CASE("process: RunAndRead kills the whole group of a program that takes too long", "[base]") {
  const TempFolder folder;
  const auto fifo = folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const hone::UniqueFd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const auto slow = RunAndRead({"sh", "-c", "sleep 60 > " + fifo.string() + " & wait"},
                               std::chrono::milliseconds(100));
  REQUIRE_FALSE(slow.has_value());
  CHECK(slow.error().code == Code::kDeadlineExceeded);
  // End of file comes when the last writer is gone: a sleeper left alive would keep this for 60 s.
  pollfd wait{reader.get(), POLLIN, 0};
  ::poll(&wait, 1, 20'000);
  char byte = 0;
  CHECK(::read(reader.get(), &byte, 1) == 0);
}

TEST_CASE("process: RunAndRead does not wait for what a program leaves behind", "[base]") {
  const auto out = RunAndRead({"sh", "-c", "sleep 60 & echo $!"}, kPatience);
  REQUIRE(out.has_value());
  CHECK(::kill(std::stoi(*out), SIGKILL) == 0);
}

TEST_CASE("process: a process can be identified while it runs", "[base]") {
  const auto self = hone::IdentifyProcess(::getpid());
  REQUIRE(self.has_value());
  CHECK(self->pid == ::getpid());
  CHECK(self->boot_id == hone::BootId().value());
  CHECK(self->boot_id.size() == 36);
  CHECK(self->start_ticks > 0);
  CHECK(hone::IdentifyProcess(::getpid()) == self);
  CHECK(hone::IdentifyProcess(0).error().code == Code::kNotFound);
}

TEST_CASE("process: a name full of parentheses hides nothing", "[base]") {
  const TempFolder folder;
  const std::string program = (folder / "a) S (b 1 2").string();
  std::filesystem::copy_file("/bin/sleep", program);
  const auto child = Spawn({.argv = {program, "60"}, .env = {}, .working_folder = {}});
  REQUIRE(child.has_value());
  const auto identity = hone::IdentifyProcess(child->pid);
  REQUIRE(identity.has_value());
  CHECK(identity->start_ticks >= hone::IdentifyProcess(::getpid())->start_ticks);
  ::kill(child->pid, SIGKILL);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child->pid), &info, WEXITED | WNOWAIT) == 0);
  CHECK(hone::IdentifyProcess(child->pid).error().code == Code::kNotFound);  // a zombie by now
  CHECK(WaitFor(*child, kPatience) == ExitStatus{.signal = SIGKILL});
}

}  // namespace
