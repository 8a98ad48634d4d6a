// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "api/server/daemon/experiments_api.h"
#include "api/server/daemon/insight_api.h"
#include "api/server/daemon/tokens_api.h"
#include "api/server/daemon/workers_api.h"

namespace hone::daemon {

/// What answers the calls of hone.v1, whichever way they come in.
struct Apis {
  explicit Apis(const Parts& parts)
      : experiments(parts),
        insight(parts),
        tokens(parts),
        workers(std::make_shared<WorkersApi>(parts)) {}

  ExperimentsApi experiments;
  InsightApi insight;
  TokensApi tokens;
  std::shared_ptr<WorkersApi> workers;  // shared with its own callbacks
};

}  // namespace hone::daemon
