// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"

namespace hone::local {

/// Ports of 127.0.0.1 that nobody listens on, for processes that are about to start. They lie below
/// those that the kernel gives to connections, and are not given again soon: until it is bound, a
/// port belongs to nobody.
/// @errors kResourceExhausted: there are not so many
/// @threads safe
Result<std::vector<std::uint16_t>> FreePorts(std::size_t count);

/// Whether a port of this machine has a listener now.
bool SomebodyListens(std::uint16_t port);

}  // namespace hone::local
