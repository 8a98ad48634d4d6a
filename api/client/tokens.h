// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/client/channel.h"
#include "base/clock.h"
#include "base/result.h"

/// Who may use a daemon, asked of the daemon itself: for admins of all namespaces.
namespace hone::client {

/// What is told of a token: everything but its secret.
struct TokenInfo {
  std::string id;
  std::string name;
  std::string role;
  std::vector<std::string> namespaces;
  Timestamp created_at;
  Timestamp expires_at;  ///< unset: never
  std::string state;     ///< "valid", "expired" or "revoked"
};

struct TokenWish {
  std::string name;
  std::string role;
  std::vector<std::string> namespaces;
  std::optional<Duration> lifetime;  ///< nothing: until it is revoked
};

struct MadeToken {
  TokenInfo info;
  std::string shown;  ///< what its owner shows; told here and never again
};

/// @errors of all: kUnauthenticated, kPermissionDenied, kUnavailable, those of Channel::Read
Result<MadeToken> CreateToken(const Channel& channel, const TokenWish& wish);
/// In the order of their making; revoked and expired ones, too.
Result<std::vector<TokenInfo>> ListTokens(const Channel& channel);
/// @errors kNotFound
Result<TokenInfo> RevokeToken(const Channel& channel, const std::string& id);

}  // namespace hone::client
