// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/ending.h"
#include "core/problem.h"
#include "core/workflow/workflow.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/plan.h"
#include "trial-runner/local/training.h"

/// The engine's side of pipelines: a trial whose run object is a Workflow runs hone-pipeline under
/// its shim, which reads what to do from a file of the attempt's folder.
namespace hone::local {

/// In the attempt's folder: the order, and how the run stands (StatusOf of core/workflow/run.h, and
/// how the step that failed ended).
inline constexpr char kPipelineOrder[] = "pipeline.json";
inline constexpr char kPipelineStatus[] = "pipeline-status.json";
inline constexpr char kPipelineProgram[] = "hone-pipeline";

/// Everything hone-pipeline needs beside its environment.
struct PipelineOrder {
  std::string workflow{};  ///< JSON text of the run object
  std::string trial_name{};
  std::string name_space{};
  std::string experiment{};
  std::string uid{};
  std::filesystem::path trial_folder{};  ///< of the trial, over all its attempts
  std::filesystem::path attempt_folder{};
  std::filesystem::path working_folder{};  ///< of steps that name none
  std::filesystem::path cache_folder{};    ///< shared by all trials of the data folder
  std::map<std::string, std::string> primary_labels{};
  bool primary_cached = true;  ///< its metrics come from its output alone
  bool containers = false;
  std::string podman{};
  std::string network{};
  std::string pull{};
  std::vector<std::string> gpus{};
  std::uint32_t width = 1;  ///< the most steps at once
  Duration grace{};
  std::uint64_t log_quota = 0;
  std::string oom_counter{};
  /// In texts of steps, a path as the user wrote it and where it really is.
  std::vector<std::pair<std::string, std::string>> moved_paths{};
  bool operator==(const PipelineOrder&) const = default;
};

std::string EncodeOrder(const PipelineOrder& order);
/// @errors kDataLoss: it is not whole
Result<PipelineOrder> DecodeOrder(const std::string& text);

/// How the step that failed ended, as the engine judges trials.
struct PipelineEnd {
  EndingKind kind = EndingKind::kSucceeded;
  int exit_code = 0;
  int signal = 0;
  std::string message{};  ///< names the step
};

/// The text of kPipelineStatus. @param status  JSON text, see StatusOf
std::string EncodeStatus(const std::string& status, const PipelineEnd& end);

/// Decodes the containers of a workflow's steps; see DecodeWork.
LocalWork DecodePipeline(std::string_view json, const PrimaryPod& primary, const std::string& field,
                         Problems& problems);

/// Whether the output of a template's steps is the trial's.
bool IsPrimary(const workflow::Template& leaf, const std::map<std::string, std::string>& labels);

/// The order of an attempt.
/// @param gpus  given to all steps together
PipelineOrder MakeOrder(const LaunchSpec& spec, const LocalWork& work, const Layout& layout,
                        const Surroundings& surroundings, const std::vector<std::string>& gpus);

/// What the shim shall run for a pipeline.
LaunchPlan MakePipelinePlan(const LaunchSpec& spec, const PipelineOrder& order,
                            const Layout& layout, const Surroundings& surroundings);

/// How a pipeline ended: its status names the step, and the conditions of the trial template have
/// the last word.
/// @param ending  of the shim's record, see Judge
Ending JudgePipeline(const LaunchPlan& plan, const std::filesystem::path& attempt, Ending ending);

/// Of a step's id what may be the name of a file.
std::string FileNameOf(std::string_view step_id);

/// Puts `own` wherever a path stands for itself or begins a longer one. @returns whether it
/// occurred
bool ReplacePath(std::string& text, std::string_view path, std::string_view own);

}  // namespace hone::local
