// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "api/client/channel.h"
#include "core/ports/byte_source.h"

namespace hone::client {

/// The log of an attempt of a daemon's local trial. @param channel  is kept
std::unique_ptr<ByteSource> OpenRemoteLog(const Channel& channel, std::string trial,
                                          std::uint32_t attempt);

}  // namespace hone::client
