// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hone {

/// Remembers which piece of work a thread was in when the process died of a bug, so that the next
/// start can tell. On SIGABRT, SIGSEGV, SIGBUS, SIGFPE and SIGILL the handler appends one line to
/// `folder/<label>` and lets the default action follow. Work that is killed from outside (SIGKILL,
/// power) leaves no line: that is not its fault.
/// @param folder  must exist; call once, before threads start
void InstallCrashHandler(const std::filesystem::path& folder);

/// Names the work of the calling thread for as long as it lives; nests.
class CrashLabel {
 public:
  /// @param label  a plain file name of at most 63 characters
  explicit CrashLabel(std::string_view label);
  ~CrashLabel();
  CrashLabel(const CrashLabel&) = delete;
  CrashLabel& operator=(const CrashLabel&) = delete;

  /// Of the calling thread; empty: none.
  static std::string_view Current();

 private:
  char previous_[64];
};

/// How often work with this label crashed since it was last forgiven.
Result<int> CrashCount(const std::filesystem::path& folder, std::string_view label);
Status ForgiveCrashes(const std::filesystem::path& folder, std::string_view label);

}  // namespace hone
