// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/spec.h"

namespace hone {

/// How the containers of runner Container are started. [hone's own fields]
struct ContainerOptions {
  std::string network = "none";  ///< none, host or bridge, as podman means them
  std::string pull;  ///< Never, IfNotPresent or Always; empty: what the template says, else Never
  bool operator==(const ContainerOptions&) const = default;
};

/// What the document of a spec says of containers; nothing if its trials are processes or workers.
/// With containers, too, `spec.runner` is kLocal: they run on this machine.
std::optional<ContainerOptions> ContainersOf(const ExperimentSpec& spec);

}  // namespace hone
