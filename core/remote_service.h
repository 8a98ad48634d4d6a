// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "core/spec.h"

namespace hone {

/// One of Katib's services that an experiment asks instead of hone's own algorithm or rule.
struct RemoteService {
  std::string endpoint;                         ///< "HOST:PORT"
  Duration timeout = std::chrono::seconds(60);  ///< of one call
  bool operator==(const RemoteService&) const = default;
};

/// Of a decoded experiment: `spec.algorithm.endpoint`. [hone's own field]
std::optional<RemoteService> RemoteSearch(const ExperimentSpec& spec);
/// `spec.earlyStopping.endpoint`. [hone's own field]
std::optional<RemoteService> RemoteEarlyStopping(const ExperimentSpec& spec);

}  // namespace hone
