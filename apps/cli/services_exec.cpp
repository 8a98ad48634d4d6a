// SPDX-License-Identifier: Apache-2.0
// Of the program `hone`: the services live in hone-services, a program of its own, because gRPC's
// libraries would cost each command 6 ms of processor time at its start, which takes 4 without
// them. This process becomes that one.
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/cli/services.h"
#include "base/file.h"
#include "base/text.h"

namespace hone::cli {
namespace {

/// This process's arguments as it was given them.
Result<std::vector<std::string>> OwnArguments() {
  HONE_ASSIGN_OR_RETURN(std::string line, ReadFile("/proc/self/cmdline"));
  if (line.ends_with('\0')) {
    line.pop_back();
  }
  std::vector<std::string> words;
  for (const std::string_view word : Split(line, '\0')) {
    words.emplace_back(word);
  }
  return words;
}

/// @returns only if it cannot
Result<int> BecomeServices() {
  HONE_ASSIGN_OR_RETURN(std::vector<std::string> words, OwnArguments());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string program = (self.parent_path() / "hone-services").string();
  ::execv(program.c_str(), arguments.data());
  if (errno == ENOENT) {
    return Fail(Code::kUnavailable,
                "no program hone-services at " + program + ": install it beside hone");
  }
  return tl::make_unexpected(ErrnoError(errno, "start " + program));
}

}  // namespace

Result<int> ServeDaemon(const Config& /*config*/, const ServeOptions& /*options*/) {
  return BecomeServices();
}

Result<int> ServeSuggestion(const Config& /*config*/, const ListenOptions& /*options*/) {
  return BecomeServices();
}

Result<int> ServeEarlyStop(const Config& /*config*/, const ListenOptions& /*options*/) {
  return BecomeServices();
}

Result<int> ServeDbManager(const Config& /*config*/, const ListenOptions& /*options*/) {
  return BecomeServices();
}

}  // namespace hone::cli
