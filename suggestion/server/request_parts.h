// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "api/proto/katib_v1beta1.pb.h"

namespace hone {

/// A request for suggestions whose trials are left as bytes: a controller tells all of them each
/// time, and hardly any of them is new.
struct RequestParts {
  api::v1::beta1::GetSuggestionsRequest rest;  ///< without its trials
  std::vector<std::string_view> trials;        ///< each a Trial, not looked into
};

/// @param bytes  the request on the wire; outlives what is returned
/// @returns nothing: it is no such message
std::optional<RequestParts> SplitRequest(std::string_view bytes);

}  // namespace hone
