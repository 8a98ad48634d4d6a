// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>
#include <string_view>

#include "api/proto/call_check.h"

namespace hone {

/// What a client sent as `authorization`. Valid as long as the context; empty: nothing.
inline std::string_view AuthorizationOf(const grpc::CallbackServerContext& context) {
  const auto& sent = context.client_metadata();
  const auto found = sent.find("authorization");
  return found == sent.end() ? std::string_view()
                             : std::string_view(found->second.data(), found->second.size());
}

/// The reactor of a call that is refused; null if it may go on.
inline grpc::ServerUnaryReactor* RefusedCall(const CallCheck& check,
                                             grpc::CallbackServerContext& context,
                                             std::string_view method) {
  if (!check) {
    return nullptr;
  }
  const std::string peer = context.peer();
  const auto refusal = check({method, AuthorizationOf(context), peer});
  if (!refusal) {
    return nullptr;
  }
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  reactor->Finish({static_cast<grpc::StatusCode>(refusal->code), refusal->message});
  return reactor;
}

}  // namespace hone
