// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/result.h"
#include "core/workflow/run.h"
#include "trial-runner/local/pipeline/step_output.h"
#include "trial-runner/local/pipeline/step_store.h"
#include "trial-runner/local/pipeline/step_texts.h"
#include "trial-runner/local/pipeline_order.h"

namespace hone::local {

/// What all steps of a run have in common.
struct StepWorld {
  PipelineOrder order;
  Variables inherited;        ///< without what is hone's own
  Variables own;              ///< HONE_... and KATIB_... of the trial
  bool wants_result = false;  ///< the workflow uses outputs.result

  [[nodiscard]] std::filesystem::path FolderOf(const std::string& id) const {
    return order.trial_folder / "pipeline" / "steps" / FileNameOf(id);
  }
  [[nodiscard]] std::filesystem::path LogOf(const std::string& id) const;
  /// In which the names of all containers of the attempt stand, a line each.
  [[nodiscard]] std::filesystem::path ContainerList() const {
    return order.attempt_folder / "containers";
  }
};

/// A step that is to be run.
struct StepPlan {
  workflow::ReadyStep ready;
  StepTexts texts;
  std::string key;       ///< see KeyOf; empty: it cannot be kept
  bool shared = false;   ///< kept for all trials, else for this one
  bool primary = false;  ///< its output is the trial's
  std::vector<std::string> gpus;
};

/// Works out what a step is. @errors as FillTexts and KeyOf
Result<StepPlan> PlanStep(const StepWorld& world, const workflow::Run& run,
                          workflow::ReadyStep ready);

/// The image of a container as podman knows it; empty: it is not on this machine.
std::string ImageId(const std::string& podman, const std::string& image);

/// One step under way: a process or a container, its files and its output.
class Step {
 public:
  /// Makes its files and starts it. @errors of files; as Spawn
  static Result<std::unique_ptr<Step>> Start(const StepWorld& world, StepPlan plan);

  [[nodiscard]] const StepPlan& plan() const { return plan_; }
  [[nodiscard]] const Child& child() const { return child_; }
  StepOutput& output() { return output_; }

  /// To the process and its group.
  void Signal(int signal) const;

  /// Whether the child has ended. What it left in its group is killed then, before its number can
  /// be given away; the child is yet to be waited for.
  [[nodiscard]] bool HasEnded() const;

  /// Once the child has been waited for: what became of it. Its files are gathered, and its
  /// container is removed.
  /// @param oom_kill  the kernel ran out of memory meanwhile
  workflow::StepEnd Collect(const ExitStatus& status, bool oom_kill, PipelineEnd& end);

  /// Gives what it left to the store that it belongs to. @errors as StepStore::Put
  Status Keep(const StepStore& store, workflow::StepEnd& end, double seconds, Timestamp now);
  /// Removes its files, but for what is kept.
  void CleanUp() const;
  /// Whether all of its output can be printed again.
  [[nodiscard]] bool CanBeRepeated() const { return output_.Whole(); }

 private:
  Step(const StepWorld& world, StepPlan plan, StepOutput output)
      : world_(world), plan_(std::move(plan)), output_(std::move(output)) {}

  Status MakeInputs();
  Status PlaceInput(const workflow::Artifact& input);
  [[nodiscard]] Status WriteScript() const;
  /// Puts the real paths in.
  void MovePaths(std::string& text) const;
  Result<ProcessSpec> ProcessOf();
  Result<ProcessSpec> ContainerOf();
  [[nodiscard]] Variables Visible() const;
  Status TakeOutputs(workflow::StepEnd& end);
  Status TakeOutput(const std::string& inside, const std::filesystem::path& to) const;
  Status TakeParameter(const workflow::Output& output, workflow::StepEnd& end);
  Status TakeArtifact(const workflow::Artifact& output, workflow::StepEnd& end);
  void RemoveContainer() const;
  [[nodiscard]] std::filesystem::path Folder() const { return world_.FolderOf(plan_.ready.id); }
  [[nodiscard]] std::filesystem::path Kept() const { return Folder() / "kept"; }

  const StepWorld& world_;
  StepPlan plan_;
  StepOutput output_;
  Child child_;
  std::string container_;                     ///< its name; empty: a process
  std::map<std::string, std::string> paths_;  ///< as the workflow names them, and where they are
};

}  // namespace hone::local
