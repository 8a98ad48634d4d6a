// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/launcher.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "trial-runner/local/attempt_files.h"
#include "trial-runner/local/checkpoint.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;
namespace files = attempt_files;

// One call where MakeFolders looks at each part of the path: this is done five times for a launch.
Status MakeFolder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0777) == 0 || errno == EEXIST) {
    return {};
  }
  if (errno == ENOENT) {
    return MakeFolders(folder);
  }
  return tl::make_unexpected(ErrnoError(errno, "make " + folder.string()));
}

}  // namespace

Status PrepareFolders(const Layout& layout, const LaunchSpec& spec, const LaunchPlan& plan) {
  HONE_RETURN_IF_ERROR(MakeFolder(layout.Trial(spec.id)));
  HONE_RETURN_IF_ERROR(MakeFolder(layout.Work(spec.id)));
  HONE_RETURN_IF_ERROR(StartFromParent(layout, spec));
  HONE_RETURN_IF_ERROR(GoesOnWithOwn(layout, spec));
  HONE_RETURN_IF_ERROR(MakeFolder(layout.Checkpoint(spec.id)));
  HONE_RETURN_IF_ERROR(MakeFolder(layout.Artifacts(spec.id)));
  HONE_RETURN_IF_ERROR(WriteFile(layout.Parameters(spec.id), spec.parameters));
  HONE_RETURN_IF_ERROR(MakeFolder(layout.Attempt({spec.id, spec.attempt})));
  return plan.metrics_to.empty() ? Status() : MakeFolder(plan.metrics_to.parent_path());
}

Result<std::optional<LaunchPlan>> ReadLaunchFile(const fs::path& attempt) {
  const auto text = ReadFile(attempt / files::kLaunch);
  if (text.has_value()) {
    return DecodeLaunch(*text);
  }
  if (text.error().code == Code::kNotFound) {
    return std::nullopt;
  }
  return tl::make_unexpected(text.error());
}

Status WriteLaunchFile(const fs::path& attempt, const LaunchPlan& plan) {
  HONE_ASSIGN_OR_RETURN(const std::string text, EncodeLaunch(plan));
  return WriteFile(attempt / files::kLaunch, text);
}

Result<StartedShim> StartShim(const fs::path& shim, const fs::path& attempt) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return tl::make_unexpected(ErrnoError(errno, "make a pipe"));
  }
  StartedShim started;
  started.claim_pipe = UniqueFd(pipe[0]);
  const UniqueFd write_end(pipe[1]);
  HONE_ASSIGN_OR_RETURN(started.shim, Spawn({.argv = {shim.string(), attempt.string()},
                                             .env = {},
                                             .working_folder = {},
                                             .stdout_fd = write_end.get()}));
  return started;
}

Result<Child> OpenShim(const ClaimRecord& claim) {
  Child shim{.pid = claim.shim.pid,
             .pidfd = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, claim.shim.pid, 0)))};
  if (!shim.pidfd.valid()) {
    return errno == ESRCH ? Fail(Code::kNotFound, "the shim has ended")
                          : tl::make_unexpected(ErrnoError(errno, "open a process"));
  }
  // Only now: while the descriptor is open, the number cannot pass to another process.
  HONE_ASSIGN_OR_RETURN(const ProcessIdentity identity, IdentifyProcess(claim.shim.pid));
  if (identity != claim.shim) {
    return Fail(Code::kNotFound, "the shim has ended");
  }
  return shim;
}

Error WhyUnclaimed(const std::optional<ExitStatus>& status) {
  const int exit_code = status && status->signal == 0 ? status->exit_code : 0;
  if (exit_code == files::kShimNoClaim) {
    return {Code::kResourceExhausted, "hone-shim cannot write into the work folder", {}};
  }
  if (exit_code == files::kShimNoLaunch) {
    return {Code::kUnavailable, "hone-shim cannot read the work folder", {}};
  }
  return {Code::kUnavailable, "hone-shim ended before it started the trial", {}};
}

}  // namespace hone::local
