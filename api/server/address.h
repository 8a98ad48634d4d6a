// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace hone {

/// Where a server listens.
struct ListenAddress {
  std::string host;       ///< name or number, IPv6 without brackets
  int port = 0;           ///< 0: any free one
  std::string path = {};  ///< of a Unix socket, instead of the above

  /// Only this machine reaches it.
  [[nodiscard]] bool IsLoopback() const;
  /// "127.0.0.1:6789", "[::1]:6789", "unix:/run/hone.sock"
  [[nodiscard]] std::string Text() const;
};

/// "HOST:PORT", "[IPV6]:PORT", "unix:/PATH". @errors kInvalidArgument
Result<ListenAddress> ParseListenAddress(std::string_view text);

/// The rule of who may be reached from where: an address that other machines reach is refused
/// unless `insecure` says that it is meant. @errors kInvalidArgument
Status CheckReach(const ListenAddress& address, bool insecure);

/// What protects a server that can ask for tokens and encrypt.
struct Protection {
  bool encrypts = false;
  bool asks = false;  ///< for tokens
  bool insecure = false;
};
/// The same for such a server: other machines may reach it if it both encrypts and asks.
/// @errors kInvalidArgument
Status CheckReach(const ListenAddress& address, const Protection& protection);

}  // namespace hone
