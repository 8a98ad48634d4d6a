// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ending.h"
#include "core/training_environment.h"
#include "core/training_job.h"
#include "core/workflow/workflow.h"
#include "trial-runner/local/job.h"
#include "trial-runner/local/plan.h"

/// Training jobs on this machine: one process or container for each replica.
namespace hone::local {

/// What a trial runs: a batch/v1 Job, a training job or a workflow.
struct LocalWork {
  std::vector<LocalJob> containers;  ///< of each role or kind of step; of a Job one
  std::optional<TrainingJob> training;
  std::size_t primary = 0;  ///< which of ReplicasOf(training) is read
  Demand demand;            ///< of all replicas together
  std::optional<workflow::Workflow> pipeline = {};
};

/// The pod whose output carries the metrics.
struct PrimaryPod {
  std::string container;
  std::map<std::string, std::string> labels;
  Place place = Place::kProcess;
};

/// Decodes a run object or the template of one (placeholders still in its texts).
/// @param field  path of the object, which starts the field of each problem
/// @returns  what could be decoded; use it only if `problems` has no errors
LocalWork DecodeWork(std::string_view json, const PrimaryPod& primary, const std::string& field,
                     Problems& problems);

/// The files that its operator would mount, in TrainingFolder(attempt folder).
Status WriteTrainingFiles(const std::filesystem::path& attempt, const TrainingJob& job);

/// What the shim shall run for a training job.
/// @param gpus       given to all replicas together
/// @param endpoints  of all replicas
LaunchPlan MakeTrainingPlan(const LaunchSpec& spec, const LocalWork& work, const Layout& layout,
                            const Surroundings& surroundings, const std::vector<std::string>& gpus,
                            const std::vector<Endpoint>& endpoints);

/// Makes what the replicas' containers mount. @errors as PrepareContainer
Status PrepareReplicas(const LaunchSpec& spec, const LocalWork& work, const Layout& layout,
                       const LaunchPlan& plan);

/// How a training job ended: the replica that ended it is named, and the conditions of the trial
/// template have the last word.
/// @param ending  of the shim's record, see Judge
Ending JudgeTraining(const LaunchPlan& plan, const ExitRecord& record, Ending ending);

}  // namespace hone::local
