// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"

namespace hone {

/// A child process to be: started with posix_spawn in a process group of its own, every descriptor
/// closed but 0 to 2.
struct ProcessSpec {
  std::vector<std::string> argv;         ///< argv[0] without a slash: looked up on the PATH of env
  std::vector<std::string> env;          ///< "NAME=value", the child's whole environment
  std::filesystem::path working_folder;  ///< empty: the parent's
  int stdout_fd = -1;                    ///< -1: /dev/null
  int stderr_fd = -1;                    ///< -1: /dev/null
  int stdin_fd = -1;                     ///< -1: /dev/null
};

/// A started child. Destroying it neither kills nor waits.
struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;  ///< becomes readable when the child has ended
};

/// Signals have their default actions in the child.
/// @errors kNotFound, kPermissionDenied (the program), kFailedPrecondition (neither a binary nor a
/// script with "#!"), kResourceExhausted (EAGAIN, ENOMEM, EMFILE), kUnavailable
Result<Child> Spawn(const ProcessSpec& spec);

/// How a child ended.
struct ExitStatus {
  int exit_code = 0;  ///< when signal is 0
  int signal = 0;
  bool operator==(const ExitStatus&) const = default;
};

/// Waits for a child of this process and reaps it: once it has answered, it cannot be asked again.
/// @errors kDeadlineExceeded when it has not ended in time
Result<ExitStatus> WaitFor(const Child& child, Duration timeout);

/// Runs a program to its end and returns what it printed on stdout. For short helper programs only.
/// What the program leaves running in the background is not waited for.
/// @errors as Spawn and WaitFor (the child is killed then); kResourceExhausted beyond 64 MiB of
/// output; kUnknown with the last lines of stderr on non-zero exit
Result<std::string> RunAndRead(const std::vector<std::string>& argv, Duration timeout);

/// An identity of a running process that pid reuse cannot fake.
struct ProcessIdentity {
  pid_t pid = -1;
  std::string boot_id;                 ///< /proc/sys/kernel/random/boot_id
  unsigned long long start_ticks = 0;  ///< field 22 of /proc/PID/stat
  bool operator==(const ProcessIdentity&) const = default;
};

/// @errors kNotFound if there is no such process; one that has ended but was not waited for counts
/// as gone
Result<ProcessIdentity> IdentifyProcess(pid_t pid);
/// This machine's boot id.
Result<std::string> BootId();

}  // namespace hone
