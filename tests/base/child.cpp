// SPDX-License-Identifier: Apache-2.0
// A helper program of the tests of base/: does the one thing that its first argument names.
#include <dirent.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <thread>

#include "base/check.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/log.h"

namespace {

using hone::CrashLabel;

int g_depth_limit = 1 << 30;

int Recurse(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return depth >= g_depth_limit ? frame[0] : Recurse(depth + 1) + frame[0];
}

// Crashes with the label "inner" on, or after it went off again.
int Crash(const std::string& how, const std::string& folder) {
  hone::InstallCrashHandler(folder);
  const CrashLabel outer("outer");
  if (how == "after-inner") {
    {
      const CrashLabel inner("inner");
    }
    std::abort();
  }
  std::thread([&] {
    const CrashLabel inner("inner");
    if (how == "abort") {
      std::abort();
    }
    if (how == "segv") {
      std::raise(SIGSEGV);
    }
    if (how == "overflow") {
      std::exit(Recurse(0));
    }
    if (how == "check") {
      HONE_CHECK(1 > 2, "one is less than two");
    }
  }).join();
  return 0;
}

int CrashUnlabelled(const std::string& folder) {
  hone::InstallCrashHandler(folder);
  std::abort();
}

int ListFds() {
  DIR* folder = opendir("/proc/self/fd");
  const int own = dirfd(folder);
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name;
    if (name[0] != '.' && name != std::to_string(own)) {
      std::cout << name << "\n";
    }
  }
  closedir(folder);
  return 0;
}

int ShowSelf() {
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  struct sigaction pipe_action {};
  sigaction(SIGPIPE, nullptr, &pipe_action);
  std::cout << "leader " << (getpgrp() == getpid() ? "yes" : "no") << "\n"
            << "sigterm blocked " << sigismember(&blocked, SIGTERM) << "\n"
            << "sigpipe ignored " << (pipe_action.sa_handler == SIG_IGN ? "yes" : "no") << "\n"
            << "stdin at end " << (std::getchar() == EOF ? "yes" : "no") << "\n";
  std::cerr << "complaint\n";
  return 0;
}

int Log(const std::string& format) {
  hone::ConfigureLog(hone::LogLevel::kInfo,
                     format == "json" ? hone::LogFormat::kJson : hone::LogFormat::kLogfmt);
  HONE_LOG(kDebug, "hidden");
  HONE_LOG(kInfo, "plain");
  HONE_LOG(kError, "typed", {"text", "two words"}, {"count", 3}, {"big", std::uint64_t{1} << 63U},
           {"ratio", 0.5}, {"bad", 0.0 / 0.0}, {"flag", true}, {"empty", ""});
  HONE_LOG(kWarn, "nasty", {"text", "a\"b\\c\n\x1b[2J{}\xff level=error"});
  return 0;
}

// Takes the lock, says so, and keeps it until it is killed.
int HoldLock(const std::string& path) {
  const auto lock = hone::FileLock::Acquire(path);
  std::cout << (lock.has_value() ? "held" : lock.error().message) << "\n" << std::flush;
  pause();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const std::string first = argc > 2 ? argv[2] : "";
  const std::string second = argc > 3 ? argv[3] : "";
  const std::map<std::string, std::function<int()>> kDeeds{
      {"crash", [&] { return Crash(first, second); }},
      {"crash-unlabelled", [&] { return CrashUnlabelled(first); }},
      {"fds", [] { return ListFds(); }},
      {"self", [] { return ShowSelf(); }},
      {"log", [&] { return Log(first); }},
      {"hold-lock", [&] { return HoldLock(first); }},
  };
  const auto deed = kDeeds.find(what);
  return deed == kDeeds.end() ? 64 : deed->second();
}
