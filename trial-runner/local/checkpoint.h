// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/job.h"
#include "trial-runner/trial_runner.h"

/// Checkpoint folders of trials: named by a digest when their trial ends, copied to a child before
/// it starts.
namespace hone::local {

/// The digest of what an attempt that is over left in its trial's checkpoint folder; read once, and
/// noted beside the attempt.
/// @returns nothing: the folder is empty
/// @errors  as DigestOfTree
Result<std::optional<std::string>> SealCheckpoint(const Layout& layout, const AttemptKey& key);

/// Whether a trial's checkpoint folder holds anything.
bool HasCheckpoint(const Layout& layout, const TrialId& id);

/// Gives a trial that has no checkpoint of its own yet a copy of its parent's, if it is to start
/// from one.
/// @errors kFailedPrecondition: the parent's checkpoint is gone, or has been changed since
Status StartFromParent(const Layout& layout, const LaunchSpec& spec);

/// Whether a trial that goes on after a pause finds what it left then, if it left anything.
/// @errors kFailedPrecondition: it is gone, or has been changed since
Status GoesOnWithOwn(const Layout& layout, const LaunchSpec& spec);

/// Puts the trial's checkpoint folder wherever the job's command, args and env name the path at
/// which Katib would mount it.
/// @param path  empty: there is none
void NameCheckpointFolder(const std::string& path, const std::string& own, LocalJob& job);

}  // namespace hone::local
