// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace hone {

/// A Kubernetes quantity such as "500m", "2", "1.5", "4Gi" or "1e3" as a number; nothing if it is
/// none, or negative.
std::optional<double> ParseQuantity(std::string_view text);

}  // namespace hone
