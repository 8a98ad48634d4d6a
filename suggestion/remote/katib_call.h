// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"

namespace hone {

/// What came of a call.
struct KatibAnswer {
  int code = 0;         ///< gRPC's
  std::string reply;    ///< proto3's JSON
  std::string message;  ///< of an error
};

/// One call of a service of Katib's wire, in plain text as Katib's own. Replies of more than 4 MiB
/// are RESOURCE_EXHAUSTED, as with Katib's controller.
/// @param method   of the services Suggestion and EarlyStopping: "GetSuggestions", ...
/// @param request  the method's request as proto3's JSON
KatibAnswer CallKatib(const std::string& method, const std::string& endpoint,
                      const std::string& request, Duration timeout);

}  // namespace hone
