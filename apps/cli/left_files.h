// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/config.h"
#include "apps/cli/session.h"

/// Which artifact and checkpoint folders of ended experiments go.
namespace hone::cli {

struct LeftRule {
  bool artifacts = false;
  bool checkpoints = false;
  std::size_t keep_best = 1;             ///< trials of each experiment that keep theirs
  std::optional<Duration> older_than{};  ///< of experiments that ended longer ago
};

/// A folder that a trial left.
struct LeftFolder {
  std::string name_space;
  std::string experiment;
  std::string trial;
  std::string kind;  ///< "artifacts" or "checkpoint"
  std::filesystem::path folder;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// The trials of an ended experiment whose folders go: all but the best `keep`, in the order of
/// their numbers. Of several objectives the first one ranks.
std::vector<const TrialState*> AllButBest(const ExperimentState& state, std::size_t keep);

/// What goes. Of an experiment that may be resumed, no checkpoint: a later trial may go on with it.
Result<std::vector<LeftFolder>> WhatTrialsLeft(const Config& config, const Session& session,
                                               const LeftRule& rule, Timestamp now);

/// Removes a folder. Again: harmless. @errors as ErrnoError
Status RemoveLeft(const LeftFolder& left);

}  // namespace hone::cli
