// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "apps/cli/config.h"
#include "base/result.h"
#include "core/state.h"

namespace hone::cli {

/// Tells somebody who follows an experiment, once, that no process drives it: they wait for a
/// person then.
class UndrivenNote {
 public:
  /// @param config  outlives this
  explicit UndrivenNote(const Config& config) : config_(config) {}
  /// On stderr. @errors those of looking at the lock
  Status Look(const ExperimentState& state);

 private:
  const Config& config_;
  bool told_ = false;
};

}  // namespace hone::cli
