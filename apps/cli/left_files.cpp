// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/left_files.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "core/observation.h"
#include "trial-runner/local/attempt.h"

namespace hone::cli {
namespace {

namespace fs = std::filesystem;

/// Sizes of the files below; links are neither followed nor counted.
Status Measure(LeftFolder& left) {
  std::error_code error;
  if (fs::is_symlink(left.folder, error)) {
    return {};
  }
  fs::recursive_directory_iterator at(left.folder, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    if (at->is_regular_file(gone) && !at->is_symlink(gone)) {
      left.files += 1;
      left.bytes += at->file_size(gone);
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return tl::make_unexpected(ErrnoError(error.value(), "read " + left.folder.string()));
  }
  return {};
}

/// One of a trial's folders, if something is in it.
Status AddFolder(const ExperimentState& state, const TrialState& trial, const char* kind,
                 fs::path folder, std::vector<LeftFolder>& all) {
  LeftFolder left{.name_space = state.spec->name_space,
                  .experiment = state.spec->name,
                  .trial = state.NameOf(trial),
                  .kind = kind,
                  .folder = std::move(folder)};
  HONE_RETURN_IF_ERROR(Measure(left));
  if (left.files > 0) {
    all.push_back(std::move(left));
  }
  return {};
}

/// What goes of one trial.
Status AddTrial(const local::Layout& layout, const LeftRule& rule, const ExperimentState& state,
                const TrialState& trial, std::vector<LeftFolder>& all) {
  const TrialId id{state.id, trial.number};
  if (rule.artifacts) {
    HONE_RETURN_IF_ERROR(AddFolder(state, trial, "artifacts", layout.Artifacts(id), all));
  }
  const bool checkpoints = rule.checkpoints && state.spec->resume_policy == ResumePolicy::kNever;
  return checkpoints ? AddFolder(state, trial, "checkpoint", layout.Checkpoint(id), all) : Status();
}

Status AddExperiment(const local::Layout& layout, const LeftRule& rule,
                     const ExperimentState& state, std::vector<LeftFolder>& all) {
  if (!state.Ended() || !state.Drained()) {
    return {};
  }
  for (const TrialState* const trial : AllButBest(state, rule.keep_best)) {
    HONE_RETURN_IF_ERROR(AddTrial(layout, rule, state, *trial, all));
  }
  return {};
}

Status AddRow(const local::Layout& layout, const LeftRule& rule, const Session& session,
              const ExperimentId& id, std::vector<LeftFolder>& all) {
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(id));
  return AddExperiment(layout, rule, state, all);
}

}  // namespace

std::vector<const TrialState*> AllButBest(const ExperimentState& state, std::size_t keep) {
  const Objective& objective = state.spec->objective;
  std::vector<std::pair<std::vector<double>, TrialNumber>> ranked;
  for (const TrialState& trial : state.trials) {
    const bool counts =
        (trial.phase == TrialPhase::kSucceeded || trial.phase == TrialPhase::kEarlyStopped) &&
        !Violation(objective, trial.observation);
    if (auto losses = counts ? LossesOf(objective, trial.observation) : std::nullopt) {
      ranked.emplace_back(std::move(*losses), trial.number);
    }
  }
  std::ranges::sort(ranked);
  ranked.resize(std::min(ranked.size(), keep));
  std::vector<const TrialState*> others;
  for (const TrialState& trial : state.trials) {
    const bool kept = std::ranges::any_of(
        ranked, [&trial](const auto& entry) { return entry.second == trial.number; });
    if (!kept) {
      others.push_back(&trial);
    }
  }
  return others;
}

Result<std::vector<LeftFolder>> WhatTrialsLeft(const Config& config, const Session& session,
                                               const LeftRule& rule, Timestamp now) {
  const local::Layout layout(config.data_dir);
  std::vector<LeftFolder> all;
  HONE_ASSIGN_OR_RETURN(const auto rows, session.List());
  for (const ExperimentRow& row : rows) {
    const bool over = row.ended_at != Timestamp();
    const bool goes = over && (!rule.older_than || now - row.ended_at > *rule.older_than);
    HONE_RETURN_IF_ERROR(goes ? AddRow(layout, rule, session, row.id, all) : Status());
  }
  return all;
}

Status RemoveLeft(const LeftFolder& left) {
  std::error_code error;
  fs::remove_all(left.folder, error);
  return error ? tl::make_unexpected(ErrnoError(error.value(), "remove " + left.folder.string()))
               : Status();
}

}  // namespace hone::cli
