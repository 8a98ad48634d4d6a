// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "api/proto/call_check.h"
#include "base/executor.h"
#include "store/observation_logs.h"

namespace grpc {
class Service;
}

namespace hone {

/// Katib's DBManager service over a store of observation logs.
/// @param logs     outlives the service
/// @param readers  its threads read; stop it after the server of this service has ended
/// @param check    asked of every call
/// @returns shared, because a deleter goes with it: gRPC's header stays in the .cpp
std::shared_ptr<grpc::Service> MakeDbManagerService(ObservationLogs& logs, Executor& readers,
                                                    CallCheck check = {});

}  // namespace hone
