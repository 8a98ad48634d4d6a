// SPDX-License-Identifier: Apache-2.0
#include "base/crash.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

#include "base/check.h"
#include "base/file.h"

namespace hone {
namespace {

constexpr std::size_t kLabelSize = 64;     // with the closing zero
constexpr std::size_t kFolderSize = 4096;  // PATH_MAX
constexpr std::size_t kStackSize = std::size_t{32} << 10U;

// What the handler may touch: plain arrays, filled before anything can crash.
std::array<char, kFolderSize> g_folder{};
thread_local std::array<char, kLabelSize> t_label{};

// A stack of its own for the handler, so that a stack overflow can be reported, too. A sanitizer
// brings one along; that one stays.
class HandlerStack {
 public:
  HandlerStack() {
    stack_t current{};
    if (sigaltstack(nullptr, &current) != 0 || (current.ss_flags & SS_DISABLE) == 0) {
      return;
    }
    memory_ = std::make_unique<char[]>(kStackSize);
    const stack_t mine{.ss_sp = memory_.get(), .ss_flags = 0, .ss_size = kStackSize};
    sigaltstack(&mine, nullptr);
  }
  ~HandlerStack() {
    if (memory_) {
      const stack_t off{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
      sigaltstack(&off, nullptr);
    }
  }
  HandlerStack(const HandlerStack&) = delete;
  HandlerStack& operator=(const HandlerStack&) = delete;

 private:
  std::unique_ptr<char[]> memory_;
};

void UseHandlerStack() {
  thread_local const HandlerStack stack;
}

// Async-signal-safe: no allocation, no locks, no stdio.
void OnFatalSignal(int signal_number) {
  std::array<char, kFolderSize + kLabelSize + 1> path{};
  if (t_label[0] != '\0' && g_folder[0] != '\0') {
    char* end = stpcpy(path.data(), g_folder.data());
    *end++ = '/';
    stpcpy(end, t_label.data());
    const int fd = ::open(path.data(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd >= 0) {
      constexpr std::string_view kLine = "crashed\n";
      const ssize_t written = ::write(fd, kLine.data(), kLine.size());
      static_cast<void>(written);  // nothing can be done about it here
      ::close(fd);
    }
  }
  // SA_RESETHAND brought the default action back; SA_NODEFER lets it act now.
  ::raise(signal_number);
}

}  // namespace

void InstallCrashHandler(const std::filesystem::path& folder) {
  const std::string text = std::filesystem::absolute(folder).string();
  HONE_CHECK(text.size() < kFolderSize, "the crash folder's path is too long");
  text.copy(g_folder.data(), text.size());
  struct sigaction action {};
  action.sa_handler = OnFatalSignal;
  action.sa_flags = SA_RESETHAND | SA_NODEFER | SA_ONSTACK;
  for (const int signal_number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    HONE_CHECK(sigaction(signal_number, &action, nullptr) == 0, "sigaction");
  }
  UseHandlerStack();
}

CrashLabel::CrashLabel(std::string_view label) {
  HONE_CHECK(!label.empty() && label.size() < kLabelSize && label != "." && label != ".." &&
                 label.find('/') == std::string_view::npos,
             "a crash label must be a plain file name of at most 63 characters");
  static_assert(sizeof(previous_) == kLabelSize);
  UseHandlerStack();
  std::copy(t_label.begin(), t_label.end(), previous_);
  t_label.fill('\0');
  label.copy(t_label.data(), label.size());
}

CrashLabel::~CrashLabel() {
  std::copy_n(previous_, kLabelSize, t_label.begin());
}

std::string_view CrashLabel::Current() {
  return t_label.data();
}

Result<int> CrashCount(const std::filesystem::path& folder, std::string_view label) {
  const auto text = ReadFile(folder / label);
  if (text.has_value()) {
    return static_cast<int>(std::count(text->begin(), text->end(), '\n'));
  }
  if (text.error().code == Code::kNotFound) {
    return 0;
  }
  return tl::make_unexpected(text.error());
}

Status ForgiveCrashes(const std::filesystem::path& folder, std::string_view label) {
  const std::filesystem::path path = folder / label;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return tl::make_unexpected(ErrnoError(errno, "remove " + path.string()));
  }
  return {};
}

}  // namespace hone
