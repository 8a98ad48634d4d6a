// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/training_job.h"

namespace hone {

/// Where a replica can be reached by the others.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

/// A file that the operator mounts into the pods of an MPIJob.
struct TrainingFile {
  std::string name;
  std::string text;
  bool executable = false;
};

/// The variables that the operator sets in a replica's container, in its order. They win over the
/// container's own of the same name.
/// @param endpoints    of all replicas, in the order of ReplicasOf
/// @param files_folder where TrainingFilesOf are
/// @source  kubeflow/training-operator 1.9, pkg/controller.v1/*/envvar.go and its like;
///          kubeflow/trainer 2.0, pkg/runtime/framework/plugins
std::vector<std::pair<std::string, std::string>> EnvironmentOf(const TrainingJob& job,
                                                               const Replica& replica,
                                                               std::span<const Endpoint> endpoints,
                                                               const std::string& files_folder);

/// The files of an MPIJob whose replicas are all on this machine; none for other kinds.
std::vector<TrainingFile> TrainingFilesOf(const TrainingJob& job);

}  // namespace hone
