// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "api/client/channel.h"
#include "base/guarded.h"
#include "base/result.h"
#include "store/catalog.h"

namespace hone::client {

/// What people ask of the engine of a daemon: each request is a call under way on a thread of its
/// own, until it is answered.
/// Life: the destructor gives up the calls under way; the daemon carries out what it has taken.
/// @threads  safe
class PostedRequests {
 public:
  explicit PostedRequests(Channel channel);
  ~PostedRequests();
  PostedRequests(const PostedRequests&) = delete;
  PostedRequests& operator=(const PostedRequests&) = delete;

  /// @param kind, payload  as EncodeRequest writes them
  /// @errors kInvalidArgument: no such request
  Result<std::int64_t> Post(const std::string& kind, const std::string& payload);
  /// @errors kNotFound
  Result<Request> Get(std::int64_t id);

 private:
  struct Call;

  Channel channel_;
  Guarded<std::map<std::int64_t, std::unique_ptr<Call>>> calls_;
};

}  // namespace hone::client
