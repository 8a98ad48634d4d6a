// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hone {

/// Who calls what. Valid during the check.
struct IncomingCall {
  std::string_view method;         ///< "api.v1.beta1.DBManager/GetObservationLog"
  std::string_view authorization;  ///< of the metadata; empty: none
  std::string_view peer;
};

struct CallRefusal {
  int code = 0;  ///< gRPC's
  std::string message;
};

/// Asked before a service looks at a request. @returns nothing if the call may go on.
/// An empty function lets everybody in.
using CallCheck = std::function<std::optional<CallRefusal>(const IncomingCall&)>;

}  // namespace hone
