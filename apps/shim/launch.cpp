// SPDX-License-Identifier: Apache-2.0
#include "apps/shim/launch.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "trial-runner/local/attempt_files.h"

namespace hone::shim {
namespace {

namespace files = attempt_files;

// The value of "key=value" if the text has this key, else null.
char* ValueOf(char* text, const char* key) {
  const std::size_t length = std::strlen(key);
  return std::strncmp(text, key, length) == 0 ? text + length : nullptr;
}

bool Is(const char* text, const char* wanted) {
  return std::strcmp(text, wanted) == 0;
}

Restart ParseRestart(const char* word) {
  if (Is(word, "OnFailure")) {
    return Restart::kOnFailure;
  }
  if (Is(word, "Always")) {
    return Restart::kAlways;
  }
  return Is(word, "ExitCode") ? Restart::kExitCode : Restart::kNever;
}

// Takes the texts one by one. The pointers to arguments and variables of all replicas lie in one
// row, each replica's closed by a null.
class Taker {
 public:
  Taker(Launch& launch, char** arguments, char** variables, char** cleanup)
      : launch_(launch), arguments_(arguments), variables_(variables), cleanup_(cleanup) {}

  void Take(char* text) {
    if (const char* name = ValueOf(text, files::kReplica)) {
      Begin(name);
    } else if (!TakeOwn(text)) {
      TakeCommon(text);
    }
  }

 private:
  Replica& Current() {
    if (launch_.count == 0) {
      // A plain trial.
      Begin("");
      launch_.replicas[0].decides = true;
      launch_.replicas[0].primary = true;
    }
    return launch_.replicas[launch_.count - 1];
  }

  void Begin(const char* name) {
    if (launch_.count > 0) {
      ++arguments_;
      ++variables_;
    }
    Replica& replica = launch_.replicas[launch_.count++];
    replica = Replica();
    replica.name = name;
    replica.argv = arguments_;
    replica.env = variables_;
  }

  // @returns whether it is a text of a replica
  bool TakeOwn(char* text) {
    if (char* argument = ValueOf(text, files::kArgument)) {
      static_cast<void>(Current());
      *arguments_++ = argument;
    } else if (char* variable = ValueOf(text, files::kVariable)) {
      static_cast<void>(Current());
      *variables_++ = variable;
    } else if (const char* folder = ValueOf(text, files::kFolder)) {
      Current().folder = folder;
    } else if (const char* restart = ValueOf(text, files::kRestart)) {
      Current().restart = ParseRestart(restart);
    } else if (Is(text, files::kDecides)) {
      Current().decides = true;
    } else if (Is(text, files::kPrimary)) {
      Current().primary = true;
    } else if (Is(text, files::kCollector)) {
      Current().collector = true;
    } else if (Is(text, files::kReadyFirst)) {
      Current().ready_first = true;
    } else {
      return false;
    }
    return true;
  }

  void TakeCommon(char* text) {
    if (const char* counter = ValueOf(text, files::kOomCounter)) {
      launch_.oom_counter = counter;
    } else if (const char* deadline = ValueOf(text, files::kDeadline)) {
      launch_.deadline_us = std::strtoll(deadline, nullptr, 10);
    } else if (const char* grace = ValueOf(text, files::kGrace)) {
      launch_.grace_us = std::strtoll(grace, nullptr, 10);
    } else if (const char* quota = ValueOf(text, files::kLogQuota)) {
      launch_.log_quota = std::strtoll(quota, nullptr, 10);
    } else if (const char* limit = ValueOf(text, files::kBackoffLimit)) {
      launch_.backoff_limit = std::strtoll(limit, nullptr, 10);
    } else if (Is(text, files::kHasOwnNetwork)) {
      launch_.own_network = true;
    } else if (char* argument = ValueOf(text, files::kCleanup)) {
      launch_.cleanup = launch_.cleanup == nullptr ? cleanup_ : launch_.cleanup;
      *cleanup_++ = argument;
    }
  }

  Launch& launch_;
  char** arguments_;
  char** variables_;
  char** cleanup_;
};

char* NextText(char* text) {
  return text + std::strlen(text) + 1;
}

// Whether each text ends and the last one is kLaunchEnd.
bool IsWhole(const char* data, std::size_t size) {
  const std::size_t tail = sizeof(files::kLaunchEnd);
  return size >= sizeof(files::kLaunchMagic) + tail &&
         std::strncmp(data, files::kLaunchMagic, sizeof(files::kLaunchMagic)) == 0 &&
         std::memcmp(data + size - tail, files::kLaunchEnd, tail) == 0;
}

}  // namespace

bool ReadLaunch(int fd, Launch& launch) {
  struct stat info = {};
  if (fstat(fd, &info) != 0 || info.st_size <= 0) {
    return false;
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  void* map = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (map == MAP_FAILED) {
    return false;
  }
  char* data = static_cast<char*>(map);
  if (!IsWhole(data, size)) {
    return false;
  }
  std::size_t texts = 0;
  for (char* text = data; text < data + size; text = NextText(text)) {
    ++texts;
  }
  // Room for a null behind each replica's.
  char** arguments = static_cast<char**>(std::calloc(2 * texts + 2, sizeof(char*)));
  char** variables = static_cast<char**>(std::calloc(2 * texts + 2, sizeof(char*)));
  char** cleanup = static_cast<char**>(std::calloc(texts + 1, sizeof(char*)));
  launch.replicas = static_cast<Replica*>(std::calloc(texts + 1, sizeof(Replica)));
  if (arguments == nullptr || variables == nullptr || cleanup == nullptr ||
      launch.replicas == nullptr) {
    return false;
  }
  Taker taker(launch, arguments, variables, cleanup);
  for (char* text = data; text < data + size; text = NextText(text)) {
    taker.Take(text);
  }
  for (std::size_t i = 0; i < launch.count; ++i) {
    if (launch.replicas[i].argv[0] == nullptr || launch.replicas[i].folder == nullptr) {
      return false;
    }
  }
  return launch.count > 0;
}

}  // namespace hone::shim
