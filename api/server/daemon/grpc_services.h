// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "api/server/daemon/experiments_api.h"
#include "api/server/daemon/parts.h"
#include "api/server/daemon/workers_api.h"

namespace grpc {
class Service;
}

namespace hone::daemon {

/// hone.v1 over gRPC. @param parts, experiments  outlive the services; `parts.readers` is stopped
/// after their server has ended
/// @returns shared, because deleters go with them
std::vector<std::shared_ptr<grpc::Service>> MakeServices(
    const Parts& parts, ExperimentsApi& experiments, const std::shared_ptr<WorkersApi>& workers);

}  // namespace hone::daemon
