// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace hone {

/// One call of one of Katib's services. Messages are in proto3's JSON form, so that programs
/// without protobuf can write and read them.
struct ServiceCall {
  std::string method;    ///< of Suggestion or EarlyStopping: "GetSuggestions", ...
  std::string endpoint;  ///< "HOST:PORT"
  std::string request;   ///< JSON text
  Duration timeout{};
};

/// What carries calls out.
/// @threads  Call blocks; safe to call from several
class ServiceCaller {
 public:
  virtual ~ServiceCaller() = default;

  /// @param stop  when it becomes true the call ends soon, with kCancelled
  /// @returns the reply as JSON text
  /// @errors  what the service answered, with its code; kUnavailable, kDeadlineExceeded,
  ///          kResourceExhausted (a reply of more than 4 MiB); kFailedPrecondition if this
  ///          installation cannot call services
  virtual Result<std::string> Call(const ServiceCall& call, const std::atomic<bool>& stop) = 0;
};

}  // namespace hone
