// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "api/proto/call_check.h"
#include "base/executor.h"
#include "earlystop/server/kubernetes_trial.h"

namespace grpc {
class Service;
}

namespace hone {

/// Katib's EarlyStopping service over the registered rules of this program, for any number of
/// experiments at once. What trials reported it asks of the DBManager that a request names.
/// SetTrialStatus marks the trial's object in the cluster that this process runs in.
/// @param work  its threads wait for the DBManager; stop it after the server of this service has
///              ended
/// @param check    asked of every call
/// @param account  of the pod; nothing: SetTrialStatus is UNIMPLEMENTED
/// @returns shared, because a deleter goes with it: gRPC's header stays in the .cpp
std::shared_ptr<grpc::Service> MakeEarlyStoppingService(
    Executor& work, CallCheck check = {}, std::optional<KubernetesAccount> account = {});

}  // namespace hone
