// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/undriven.h"

#include <cstdio>

#include "apps/cli/holder.h"

namespace hone::cli {

Status UndrivenNote::Look(const ExperimentState& state) {
  if (told_) {
    return {};
  }
  HONE_ASSIGN_OR_RETURN(const int holder, FindHolder(config_));
  const bool suspended = state.phase == ExperimentPhase::kSuspended;
  if (holder != 0 && !suspended) {
    return {};
  }
  told_ = true;
  const std::string& name = state.spec->name;
  std::fprintf(stderr, "hone: %s '%s' now; waiting until 'hone resume %s' goes on\n",
               suspended ? "the experiment is suspended: nothing happens in" : "no process drives",
               name.c_str(), name.c_str());
  return {};
}

}  // namespace hone::cli
