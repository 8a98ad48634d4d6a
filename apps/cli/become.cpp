// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/become.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

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

}  // namespace

Status BecomeProgram(const std::string& name) {
  HONE_ASSIGN_OR_RETURN(std::vector<std::string> words, OwnArguments());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string program = (self.parent_path() / name).string();
  ::execv(program.c_str(), arguments.data());
  if (errno == ENOENT) {
    return Fail(Code::kUnavailable,
                "no program " + name + " at " + program + ": install it beside hone");
  }
  return tl::make_unexpected(ErrnoError(errno, "start " + program));
}

}  // namespace hone::cli
