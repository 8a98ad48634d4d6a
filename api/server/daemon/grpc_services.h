// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "api/server/daemon/apis.h"

namespace grpc {
class Service;
}

namespace hone::daemon {

/// hone.v1 over gRPC. @param parts, apis  outlive the services; `parts.readers` is stopped
/// after their server has ended
/// @returns shared, because deleters go with them
std::vector<std::shared_ptr<grpc::Service>> MakeServices(const Parts& parts, Apis& apis);

}  // namespace hone::daemon
