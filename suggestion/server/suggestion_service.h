// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "api/proto/call_check.h"
#include "base/executor.h"

namespace grpc {
class Service;
}

namespace hone {

/// Katib's Suggestion service over the registered algorithms of this program, for any number of
/// experiments at once. Experiments work side by side, each on a strand of its own.
/// @param compute  its threads do the work; stop it after the server of this service has ended
/// @param check    asked of every call
/// @param trial_data  where the folders of trials are, for algorithms that hand checkpoints on;
///                 empty: those are refused
/// @returns shared, because a deleter goes with it: gRPC's header stays in the .cpp
std::shared_ptr<grpc::Service> MakeSuggestionService(Executor& compute, CallCheck check = {},
                                                     std::filesystem::path trial_data = {});

}  // namespace hone
