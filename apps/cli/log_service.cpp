// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/log_service.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"

namespace hone::cli {
namespace {

constexpr Duration kStartsWithin = std::chrono::seconds(20);
constexpr Duration kEndsWithin = std::chrono::seconds(5);
constexpr int kTries = 5;
constexpr Duration kTryEvery = std::chrono::milliseconds(400);
constexpr char kAnyPort[] = "127.0.0.1:0";
constexpr std::string_view kSays = "listening on ";
constexpr std::string_view kStoreVariable = "HONE_STORE=";
constexpr std::size_t kLongestReason = 500;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> MakePipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return tl::make_unexpected(ErrnoError(errno, "make a pipe"));
  }
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// This process's, with the store as it was found there: it may have come from a flag or a file.
std::vector<std::string> Environment(const std::string& store_url) {
  std::vector<std::string> all;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with(kStoreVariable)) {
      all.emplace_back(*variable);
    }
  }
  if (!store_url.empty()) {
    all.push_back(std::string(kStoreVariable) + store_url);
  }
  return all;
}

bool MayRepeat(const Result<std::string>& started) {
  return !started && started.error().code == Code::kUnavailable;
}

/// The first line, without its end; what there is of it when the time is over or it was closed.
std::string FirstLine(int fd, Duration within) {
  const auto until = std::chrono::steady_clock::now() + within;
  std::string line;
  while (line.find('\n') == std::string::npos) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) {
      break;
    }
    std::array<char, 256> buffer{};
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) {
      break;
    }
    line.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return line.substr(0, line.find('\n'));
}

/// The end of what a program wrote into a file in memory.
std::string Reason(int fd) {
  std::string text(4096, '\0');
  const off_t size = ::lseek(fd, 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(text.size()));
  const ssize_t got = ::pread(fd, text.data(), text.size(), from);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return Printable(Trim(text), kLongestReason);
}

std::filesystem::path ServicesProgram() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "hone-services";
}

std::filesystem::path AddressFile(const std::filesystem::path& data_dir) {
  return data_dir / "trial-logs.address";
}

}  // namespace

LogService::LogService(const Config& config)
    : program_(ServicesProgram()), data_dir_(config.data_dir), store_url_(config.store_url) {}

LogService::~LogService() {
  End();
}

void LogService::End() {
  input_ = UniqueFd();
  if (child_ && !WaitFor(*child_, kEndsWithin).has_value()) {
    ::kill(-child_->pid, SIGKILL);
    // NOLINTNEXTLINE(bugprone-unused-return-value): a killed child has no status worth telling
    static_cast<void>(WaitFor(*child_, kEndsWithin));
  }
  child_.reset();
  address_.clear();
}

Result<std::string> LogService::Address() {
  const std::scoped_lock lock(mutex_);
  if (child_ && WaitFor(*child_, Duration(0)).has_value()) {
    child_.reset();
    End();
  }
  if (child_) {
    return address_;
  }
  const std::string before{Trim(ReadFile(AddressFile(data_dir_), 100).value_or(""))};
  auto started = Start(before.empty() ? kAnyPort : before);
  // That of an engine that was killed takes a moment to end.
  for (int tries = 1; !before.empty() && MayRepeat(started) && tries < kTries; ++tries) {
    std::this_thread::sleep_for(kTryEvery);
    started = Start(before);
  }
  if (!before.empty() && MayRepeat(started)) {
    started = Start(kAnyPort);
  }
  HONE_ASSIGN_OR_RETURN(address_, std::move(started));
  if (address_ != before) {
    HONE_RETURN_IF_ERROR(WriteFile(AddressFile(data_dir_), address_ + "\n"));
  }
  return address_;
}

Result<std::string> LogService::Start(const std::string& listen) {
  HONE_ASSIGN_OR_RETURN(Pipe in, MakePipe());
  HONE_ASSIGN_OR_RETURN(Pipe out, MakePipe());
  const UniqueFd reason(::memfd_create("hone-reason", MFD_CLOEXEC));
  auto child = Spawn({.argv = {program_.string(), "db-manager", "--own-trials", "--listen", listen,
                               "--data-dir", data_dir_.string(), "--until-input-closes"},
                      .env = Environment(store_url_),
                      .working_folder = {},
                      .stdout_fd = out.write.get(),
                      .stderr_fd = reason.get(),
                      .stdin_fd = in.read.get()});
  if (!child && child.error().code == Code::kNotFound) {
    return Fail(Code::kFailedPrecondition,
                "no program hone-services at " + program_.string() +
                    ": install it beside hone (a build without gRPC has none)");
  }
  if (!child) {
    return tl::make_unexpected(child.error());
  }
  child_ = *std::move(child);
  input_ = std::move(in.write);
  out.write = UniqueFd();  // so that its end is seen if it ends
  const std::string line = FirstLine(out.read.get(), kStartsWithin);
  if (!line.starts_with(kSays)) {
    End();
    return Fail(Code::kUnavailable, "hone db-manager --own-trials did not start: " +
                                        (line.empty() ? Reason(reason.get()) : line));
  }
  return line.substr(kSays.size());
}

}  // namespace hone::cli
