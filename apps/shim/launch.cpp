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

void TakeText(char* text, Launch& launch, std::size_t& arguments, std::size_t& variables) {
  if (char* argument = ValueOf(text, files::kArgument)) {
    launch.argv[arguments++] = argument;
  } else if (char* variable = ValueOf(text, files::kVariable)) {
    launch.env[variables++] = variable;
  } else if (const char* folder = ValueOf(text, files::kFolder)) {
    launch.folder = folder;
  } else if (const char* counter = ValueOf(text, files::kOomCounter)) {
    launch.oom_counter = counter;
  } else if (const char* deadline = ValueOf(text, files::kDeadline)) {
    launch.deadline_us = std::strtoll(deadline, nullptr, 10);
  } else if (const char* grace = ValueOf(text, files::kGrace)) {
    launch.grace_us = std::strtoll(grace, nullptr, 10);
  } else if (const char* quota = ValueOf(text, files::kLogQuota)) {
    launch.log_quota = std::strtoll(quota, nullptr, 10);
  }
}

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
  launch.argv = static_cast<char**>(std::calloc(texts + 1, sizeof(char*)));
  launch.env = static_cast<char**>(std::calloc(texts + 1, sizeof(char*)));
  if (launch.argv == nullptr || launch.env == nullptr) {
    return false;
  }
  std::size_t arguments = 0;
  std::size_t variables = 0;
  for (char* text = data; text < data + size; text = NextText(text)) {
    TakeText(text, launch, arguments, variables);
  }
  return arguments > 0 && launch.folder != nullptr;
}

}  // namespace hone::shim
