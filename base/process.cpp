// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <span>
#include <utility>

#include "base/text.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";
constexpr std::size_t kLongestOutput = std::size_t{64} << 20U;  // bytes of stdout RunAndRead keeps
constexpr std::size_t kLongestReason = 2048;                    // bytes of stderr in its error

/// Time left until a deadline, for calls that may be interrupted and start again.
class Deadline {
 public:
  explicit Deadline(Duration timeout)
      : at_(std::chrono::steady_clock::now() + std::clamp(timeout, Duration::zero(), kLongest)) {}

  [[nodiscard]] timespec Left() const {
    using std::chrono::nanoseconds;
    const auto left =
        std::max(nanoseconds(at_ - std::chrono::steady_clock::now()), nanoseconds::zero());
    const auto whole = std::chrono::floor<std::chrono::seconds>(left);
    return {.tv_sec = whole.count(), .tv_nsec = (left - whole).count()};
  }
  [[nodiscard]] bool Over() const { return std::chrono::steady_clock::now() >= at_; }

 private:
  static constexpr Duration kLongest = std::chrono::hours(24 * 365);
  std::chrono::steady_clock::time_point at_;
};

/// Waits until one of `fds` is ready. @returns false when the deadline passed first
bool Poll(std::span<pollfd> fds, const Deadline& deadline) {
  while (true) {
    const timespec left = deadline.Left();
    const int ready = ::ppoll(fds.data(), fds.size(), &left, nullptr);
    if (ready > 0) {
      return true;
    }
    if (ready == 0 || errno != EINTR) {
      return false;
    }
  }
}

Error SpawnError(int error_number, const ProcessSpec& spec, const std::string& program) {
  Error error = ErrnoError(error_number, "start " + program);
  if (error_number == EAGAIN || error_number == ENOMEM || error_number == EMFILE) {
    error.code = Code::kResourceExhausted;
  }
  if (error_number == ENOEXEC) {
    error.code = Code::kFailedPrecondition;
  }
  std::error_code ignored;
  if (!spec.working_folder.empty() && !fs::is_directory(spec.working_folder, ignored)) {
    error.message = "start " + program + ": no working folder " + spec.working_folder.string();
  }
  return error;
}

/// Looks the program up as the child's shell would: on the PATH of its own environment.
Result<std::string> FindProgram(const ProcessSpec& spec) {
  if (spec.argv.empty() || spec.argv.front().empty()) {
    return Fail(Code::kNotFound, "start: the command is empty");
  }
  const std::string& name = spec.argv.front();
  if (name.find('/') != std::string::npos) {
    return name;
  }
  static constexpr std::string_view kPath = "PATH=";
  const auto entry = std::ranges::find_if(
      spec.env, [](std::string_view variable) { return variable.starts_with(kPath); });
  const std::string_view path =
      entry == spec.env.end() ? kDefaultPath : std::string_view(*entry).substr(kPath.size());
  int reason = ENOENT;
  for (const std::string_view folder : Split(path, ':')) {
    const fs::path candidate = fs::path(folder.empty() ? "." : folder) / name;
    const fs::path seen = spec.working_folder / candidate;  // a relative entry is the child's
    std::error_code ignored;
    if (!fs::is_regular_file(seen, ignored)) {
      continue;
    }
    if (::access(seen.c_str(), X_OK) == 0) {
      return candidate.string();
    }
    reason = EACCES;
  }
  return tl::make_unexpected(SpawnError(reason, spec, name));
}

/// posix_spawn's two bags of settings, freed at the end.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  /// @returns 0 or an error number
  int Fill(const ProcessSpec& spec) {
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    std::array<int, 9> results{
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK),
        posix_spawnattr_setpgroup(&attributes_, 0),
        posix_spawnattr_setsigdefault(&attributes_, &all),
        posix_spawnattr_setsigmask(&attributes_, &none),
        Connect(STDIN_FILENO, spec.stdin_fd, O_RDONLY),
        Connect(STDOUT_FILENO, spec.stdout_fd, O_WRONLY),
        Connect(STDERR_FILENO, spec.stderr_fd, O_WRONLY),
        spec.working_folder.empty()
            ? 0
            : posix_spawn_file_actions_addchdir_np(&actions_, spec.working_folder.c_str()),
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1)};
    const auto* const failed = std::ranges::find_if(results, [](int r) { return r != 0; });
    return failed == results.end() ? 0 : *failed;
  }

  [[nodiscard]] const posix_spawn_file_actions_t* Actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* Attributes() const { return &attributes_; }

 private:
  /// @param mode  of /dev/null, if there is no source
  int Connect(int target, int source, int mode) {
    if (source < 0) {
      return posix_spawn_file_actions_addopen(&actions_, target, "/dev/null", mode, 0);
    }
    if (source > STDERR_FILENO) {
      return posix_spawn_file_actions_adddup2(&actions_, source, target);
    }
    // One of the parent's standard streams: a copy outside 0 to 2, which the child overwrites.
    UniqueFd copy(::fcntl(source, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!copy.valid()) {
      return errno;
    }
    const int fd = copy.get();
    copies_.push_back(std::move(copy));
    return posix_spawn_file_actions_adddup2(&actions_, fd, target);
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  std::vector<UniqueFd> copies_;
};

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    out.push_back(const_cast<char*>(text.c_str()));  // exec's signature is older than const
  }
  out.push_back(nullptr);
  return out;
}

ExitStatus FromSiginfo(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) {
    return {.exit_code = info.si_status};
  }
  return {.signal = info.si_status};
}

Result<ExitStatus> Reap(const Child& child) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, WEXITED) != 0) {
    if (errno != EINTR) {
      return tl::make_unexpected(ErrnoError(errno, "wait for " + std::to_string(child.pid)));
    }
  }
  return FromSiginfo(info);
}

void KillAndReap(const Child& child) {
  ::kill(-child.pid, SIGKILL);
  // NOLINTNEXTLINE(bugprone-unused-return-value): a killed child has no status worth telling
  static_cast<void>(Reap(child));
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> MakePipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
    return tl::make_unexpected(ErrnoError(errno, "make a pipe"));
  }
  Pipe pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
  ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

/// One stream of a child and what came out of it so far.
struct Stream {
  UniqueFd fd;
  std::string text;
  std::size_t limit;
  bool keep_end;  // when there is more than `limit`: keep the end, or fail
  bool open = true;

  /// Reads what is there. @returns false when there was too much
  bool Drain() {
    std::array<char, 1U << 16U> buffer{};
    while (open) {
      const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        return true;  // EAGAIN: nothing more for now
      }
      open = got > 0;
      text.append(buffer.data(), static_cast<std::size_t>(got));
      if (text.size() > limit && !keep_end) {
        return false;
      }
      text.erase(0, text.size() > limit ? text.size() - limit : 0);
    }
    return true;
  }
};

/// Reads both streams until the child has ended: what it leaves running may hold them open.
Status ReadUntilEnd(const Child& child, Stream& out, Stream& err, const Deadline& deadline) {
  bool ended = false;
  while (!ended) {
    std::array<pollfd, 3> fds{pollfd{child.pidfd.get(), POLLIN, 0},
                              pollfd{out.open ? out.fd.get() : -1, POLLIN, 0},
                              pollfd{err.open ? err.fd.get() : -1, POLLIN, 0}};
    if (deadline.Over() || !Poll(fds, deadline)) {
      return Fail(Code::kDeadlineExceeded, "did not end in time");
    }
    ended = fds[0].revents != 0;
    if (!out.Drain() || !err.Drain()) {
      return Fail(Code::kResourceExhausted, "printed too much");
    }
  }
  return {};
}

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    out.emplace_back(*variable);
  }
  return out;
}

std::string Ending(const ExitStatus& status) {
  return status.signal != 0 ? "killed by signal " + std::to_string(status.signal)
                            : "exit code " + std::to_string(status.exit_code);
}

}  // namespace

Result<Child> Spawn(const ProcessSpec& spec) {
  HONE_ASSIGN_OR_RETURN(const std::string program, FindProgram(spec));
  SpawnPlan plan;
  if (const int failed = plan.Fill(spec); failed != 0) {
    return tl::make_unexpected(SpawnError(failed, spec, program));
  }
  const std::vector<char*> argv = Pointers(spec.argv);
  const std::vector<char*> env = Pointers(spec.env);
  Child child;
  const int failed = ::posix_spawn(&child.pid, program.c_str(), plan.Actions(), plan.Attributes(),
                                   argv.data(), env.data());
  if (failed != 0) {
    return tl::make_unexpected(SpawnError(failed, spec, program));
  }
  // Nobody else waits for this child, so its pid cannot have been reused.
  child.pidfd = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
  if (!child.pidfd.valid()) {
    const int reason = errno;
    ::kill(-child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    return tl::make_unexpected(SpawnError(reason, spec, program));
  }
  return child;
}

Result<ExitStatus> WaitFor(const Child& child, Duration timeout) {
  std::array<pollfd, 1> fds{pollfd{child.pidfd.get(), POLLIN, 0}};
  if (!Poll(fds, Deadline(timeout))) {
    return Fail(Code::kDeadlineExceeded,
                "process " + std::to_string(child.pid) + " has not ended in time");
  }
  return Reap(child);
}

Result<std::string> RunAndRead(const std::vector<std::string>& argv, Duration timeout) {
  const Deadline deadline(timeout);
  HONE_ASSIGN_OR_RETURN(Pipe out_pipe, MakePipe());
  HONE_ASSIGN_OR_RETURN(Pipe err_pipe, MakePipe());
  HONE_ASSIGN_OR_RETURN(const Child child, Spawn({.argv = argv,
                                                  .env = OwnEnvironment(),
                                                  .working_folder = {},
                                                  .stdout_fd = out_pipe.write.get(),
                                                  .stderr_fd = err_pipe.write.get()}));
  out_pipe.write = UniqueFd();
  err_pipe.write = UniqueFd();
  Stream out{std::move(out_pipe.read), {}, kLongestOutput, false};
  Stream err{std::move(err_pipe.read), {}, kLongestReason, true};
  if (Status read = ReadUntilEnd(child, out, err, deadline); !read.has_value()) {
    KillAndReap(child);
    return Annotate(std::move(read).error(), argv.front());
  }
  HONE_ASSIGN_OR_RETURN(const ExitStatus status, Reap(child));
  if (status != ExitStatus{}) {
    return Fail(Code::kUnknown,
                argv.front() + ": " + Ending(status) + ": " + std::string(Trim(err.text)));
  }
  return std::move(out.text);
}

Result<std::string> BootId() {
  HONE_ASSIGN_OR_RETURN(const std::string text, ReadFile("/proc/sys/kernel/random/boot_id"));
  return std::string(Trim(text));
}

Result<ProcessIdentity> IdentifyProcess(pid_t pid) {
  HONE_ASSIGN_OR_RETURN(std::string boot_id, BootId());
  const auto stat = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  const auto gone = [pid] {
    return Fail(Code::kNotFound, "there is no process " + std::to_string(pid));
  };
  if (!stat.has_value()) {  // ENOENT, or ESRCH when it ended between open and read
    return gone();
  }
  // Field 2 is the program's name in parentheses and may hold anything; field 3 is the state.
  const auto name_end = stat->rfind(')');
  if (name_end == std::string::npos) {
    return gone();
  }
  const std::vector<std::string_view> fields =
      Split(Trim(std::string_view(*stat).substr(name_end + 1)), ' ');
  constexpr std::size_t kState = 0;
  constexpr std::size_t kStartTime = 22 - 3;
  if (fields.size() <= kStartTime || fields[kState] == "Z" || fields[kState] == "X") {
    return gone();
  }
  const std::string_view ticks = fields[kStartTime];
  ProcessIdentity identity{.pid = pid, .boot_id = std::move(boot_id)};
  const auto parsed =
      std::from_chars(ticks.data(), ticks.data() + ticks.size(), identity.start_ticks);
  return parsed.ec == std::errc() ? Result<ProcessIdentity>(std::move(identity)) : gone();
}

}  // namespace hone
