// SPDX-License-Identifier: Apache-2.0
#include "suggestion/remote/bridge_caller.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.h"
#include "base/process.h"
#include "base/text.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr Duration kLookEvery = std::chrono::milliseconds(50);
constexpr Duration kOwnTime = std::chrono::seconds(5);  // of the bridge, beside the call
constexpr off_t kLongestReply = off_t{64} << 20;        // bytes; JSON of 4 MiB is shorter
constexpr std::size_t kLongestReason = 2000;

/// A file without a name. Unlike a pipe it holds whatever is written, so nobody has to read along.
Result<UniqueFd> NamelessFile(const char* what) {
  UniqueFd file(::memfd_create(what, MFD_CLOEXEC));
  if (!file.valid()) {
    return tl::make_unexpected(ErrnoError(errno, "make a file in memory"));
  }
  return file;
}

Status WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return tl::make_unexpected(ErrnoError(errno, "write a request"));
    }
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  ::lseek(fd, 0, SEEK_SET);
  return {};
}

Result<std::string> ReadAll(int fd) {
  const off_t size = ::lseek(fd, 0, SEEK_END);
  if (size < 0 || size > kLongestReply) {
    return Fail(Code::kResourceExhausted, "the reply is longer than 64 MiB");
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return text;
}

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> all;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    all.emplace_back(*variable);
  }
  return all;
}

void KillAndReap(const Child& child) {
  ::kill(-child.pid, SIGKILL);
  // NOLINTNEXTLINE(bugprone-unused-return-value): a killed child has no status worth telling
  static_cast<void>(WaitFor(child, kOwnTime));
}

/// Until it has ended, the time is over, or somebody says stop.
Result<ExitStatus> Await(const Child& child, Duration longest, const std::atomic<bool>& stop) {
  for (Duration waited{0}; waited < longest; waited += kLookEvery) {
    auto status = WaitFor(child, kLookEvery);
    if (status.has_value() || status.error().code != Code::kDeadlineExceeded) {
      return status;
    }
    if (stop) {
      KillAndReap(child);
      return Fail(Code::kCancelled, "the call is not wanted any more");
    }
  }
  KillAndReap(child);
  return Fail(Code::kDeadlineExceeded, "no answer in time");
}

/// What the bridge wrote: {"code": 0, "reply": "..."} or {"code": 14, "message": "..."}.
Result<std::string> ReadAnswer(const std::string& text) {
  const json answer = ParseJson(text);
  const auto code = answer.is_object() ? answer.find("code") : answer.end();
  if (!answer.is_object() || code == answer.end() || !code->is_number_integer()) {
    return Fail(Code::kUnavailable, "hone-bridge answered nothing that makes sense");
  }
  const int number = code->get<int>();
  if (number == 0) {
    return answer.value("reply", "");
  }
  const bool known = number > 0 && number <= static_cast<int>(Code::kUnauthenticated);
  return Fail(known ? static_cast<Code>(number) : Code::kUnknown, answer.value("message", ""));
}

}  // namespace

Result<std::string> BridgeCaller::Call(const ServiceCall& call, const std::atomic<bool>& stop) {
  HONE_ASSIGN_OR_RETURN(const UniqueFd in, NamelessFile("hone-request"));
  HONE_ASSIGN_OR_RETURN(const UniqueFd out, NamelessFile("hone-reply"));
  HONE_ASSIGN_OR_RETURN(const UniqueFd err, NamelessFile("hone-reason"));
  HONE_RETURN_IF_ERROR(WriteAll(in.get(), call.request));
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(call.timeout).count();
  const std::string request =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(in.get());
  auto child = Spawn({.argv = {program_.string(), call.method, call.endpoint,
                               std::to_string(milliseconds), request},
                      .env = OwnEnvironment(),
                      .working_folder = {},
                      .stdout_fd = out.get(),
                      .stderr_fd = err.get()});
  if (!child.has_value() && child.error().code == Code::kNotFound) {
    return Fail(Code::kFailedPrecondition,
                "no program hone-bridge at " + program_.string() +
                    ": install it beside hone (a build without gRPC has none)");
  }
  if (!child.has_value()) {
    return tl::make_unexpected(child.error());
  }
  HONE_ASSIGN_OR_RETURN(const ExitStatus status, Await(*child, call.timeout + kOwnTime, stop));
  if (status != ExitStatus{}) {
    const std::string reason = ReadAll(err.get()).value_or("");
    return Fail(Code::kUnavailable,
                "hone-bridge failed: " + Printable(Trim(reason), kLongestReason));
  }
  HONE_ASSIGN_OR_RETURN(const std::string text, ReadAll(out.get()));
  return ReadAnswer(text);
}

}  // namespace hone
