// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <utility>

#include "base/executor.h"

namespace hone {

/// Answers requests on threads of executors; more than so many are told to come again. Outlives the
/// bodies that it runs.
/// @threads  thread-safe
class BoundedWork {
 public:
  /// @param body  gives the status of the answer; not run if the caller has gone
  template <class Body>
  grpc::ServerUnaryReactor* Run(grpc::CallbackServerContext* context, Executor& where, Body body) {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    if (requests_.fetch_add(1) >= kMostRequests) {
      requests_.fetch_sub(1);
      reactor->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many requests; try again"});
      return reactor;
    }
    where.Post([this, context, reactor, body = std::move(body)] {
      const grpc::Status status =
          context->IsCancelled() ? grpc::Status(grpc::StatusCode::CANCELLED, "") : body();
      requests_.fetch_sub(1);
      reactor->Finish(status);
    });
    return reactor;
  }

 private:
  static constexpr int kMostRequests = 256;  // that wait or are at work
  std::atomic<int> requests_{0};
};

}  // namespace hone
