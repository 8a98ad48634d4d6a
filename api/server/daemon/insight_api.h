// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "api/proto/hone/v1/hone.pb.h"
#include "api/server/daemon/parts.h"

namespace hone::daemon {

namespace pb = ::hone::v1;

/// Calls of hone.v1.Experiments that compute something of the results. They take too long for the
/// readers and are done one after the other, on Parts::compute.
/// @threads  safe
class InsightApi {
 public:
  explicit InsightApi(const Parts& parts) : parts_(parts) {}

  /// @errors kResourceExhausted: many wait already; kInvalidArgument; kNotFound;
  ///         kFailedPrecondition: there are too few results
  void Importance(const pb::ImportanceRequest& request,
                  const Answer<pb::ImportanceResponse>& answer);

 private:
  Result<pb::ImportanceResponse> ImportanceNow(const pb::ImportanceRequest& request);

  Parts parts_;
  std::atomic<int> waiting_ = 0;
};

}  // namespace hone::daemon
