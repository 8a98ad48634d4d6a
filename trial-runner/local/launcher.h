// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "base/result.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/trial_runner.h"

namespace hone::local {

/// A shim that is on its way.
struct StartedShim {
  Child shim;
  UniqueFd claim_pipe;  ///< it says here who it is
};

/// Makes the folders of an attempt and the parameters file. Idempotent. @errors as ErrnoError
Status PrepareFolders(const Layout& layout, const LaunchSpec& spec, const LaunchPlan& plan);

/// The launch file of an attempt, if there is a whole one.
Result<std::optional<LaunchPlan>> ReadLaunchFile(const std::filesystem::path& attempt);

/// Writes the launch file. Never over a whole one: a shim may hold its lock.
Status WriteLaunchFile(const std::filesystem::path& attempt, const LaunchPlan& plan);

/// Starts hone-shim on an attempt folder. @errors as Spawn
Result<StartedShim> StartShim(const std::filesystem::path& shim,
                              const std::filesystem::path& attempt);

/// Opens a shim of an earlier engine by its claim. @errors kNotFound if that process is gone
Result<Child> OpenShim(const ClaimRecord& claim);

/// Why a shim ended without claiming its attempt. @param status  if it is known
Error WhyUnclaimed(const std::optional<ExitStatus>& status);

}  // namespace hone::local
