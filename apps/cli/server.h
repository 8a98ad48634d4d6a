// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/client/tokens.h"
#include "apps/cli/config.h"
#include "base/result.h"
#include "core/ports/byte_source.h"
#include "store/store.h"

/// The daemon of --server. Its client is over gRPC, and so in hone-services; in the other programs
/// these are stand-ins.
namespace hone::cli {

/// Before a command that has a daemon does anything: becomes the program that can call it, if this
/// one cannot. @errors kUnavailable: there is none, or it cannot be started
Status HaveServer();

/// The daemon's experiments. @errors those of RemoteStore::Create
Result<std::unique_ptr<Store>> OpenServer(const Config& config);

/// The log of an attempt of the daemon's. @errors those of Channel::Create
Result<std::unique_ptr<ByteSource>> OpenServerLog(const Config& config, const std::string& trial,
                                                  std::uint32_t attempt);

/// As in api/client/tokens.h.
Result<client::MadeToken> CreateServerToken(const Config& config, const client::TokenWish& wish);
Result<std::vector<client::TokenInfo>> ListServerTokens(const Config& config);
Result<client::TokenInfo> RevokeServerToken(const Config& config, const std::string& id);

}  // namespace hone::cli
