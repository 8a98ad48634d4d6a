// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/workflow/run.h"
#include "trial-runner/local/pipeline/step.h"
#include "trial-runner/local/pipeline/step_store.h"
#include "trial-runner/local/pipeline_order.h"

namespace hone::local {

/// Runs a workflow to its end: the whole of hone-pipeline. Each step that ends well is kept before
/// the next one starts, so that whatever kills this process costs no finished step.
/// @threads  one; TERM must be blocked, it is read as an event
class Pipeline {
 public:
  /// @param environment  "NAME=value", of the trial
  /// @errors kInvalidArgument: the workflow cannot be run here; of files
  static Result<std::unique_ptr<Pipeline>> Create(PipelineOrder order,
                                                  const std::vector<std::string>& environment);

  /// @returns the exit code: 0 if the workflow has succeeded
  int Run(int term_fd);

 private:
  struct Active {
    std::unique_ptr<Step> step;
    std::optional<Timestamp> deadline;  ///< its own or that of what it is part of
    std::optional<Timestamp> kill_at;   ///< it has been asked to end
    bool timed_out = false;
    Timestamp started_at;
    long long oom_kills = 0;
  };

  Pipeline(workflow::Workflow workflow, StepWorld world, workflow::Identity identity,
           std::string boot_id);

  void StartSteps();
  void StartStep(workflow::ReadyStep ready);
  bool Reuse(StepPlan& plan);
  std::vector<std::string> TakeGpus(const workflow::ReadyStep& ready, std::uint32_t count);
  void Wait(int term_fd);
  [[nodiscard]] int WaitMillis() const;
  void LookAtSteps();
  void EndStep(Active& active, const ExitStatus& status);
  void KeepStep(Active& active, workflow::StepEnd& end);
  void LookAtTimes();
  void AskToEnd(Active& active);
  void StopAll();
  /// Tells the run, and people.
  void Tell(const std::string& id, workflow::StepEnd end, PipelineEnd how);
  void WriteStatus();
  [[nodiscard]] Timestamp Now() const;

  const workflow::Workflow workflow_;
  const StepWorld world_;
  workflow::Run run_;
  const StepStore shared_;
  const StepStore own_;
  std::vector<StepStore::Hit> used_;  ///< entries that nobody may remove meanwhile
  std::vector<Active> active_;
  std::deque<workflow::ReadyStep> waiting_;  ///< for GPUs
  std::vector<std::string> free_gpus_;
  PipelineEnd end_;
  bool stopping_ = false;
  bool status_is_old_ = true;  ///< the file tells less than is known here
  const Timestamp started_at_;
  const std::chrono::steady_clock::time_point steady_start_;
};

/// Removes the containers that an attempt has made. @param seconds  from TERM to KILL
Status RemoveContainers(const PipelineOrder& order, int seconds);

}  // namespace hone::local
