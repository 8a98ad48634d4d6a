// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace grpc {
class ChannelInterface;
class ClientContext;
class Status;
}  // namespace grpc

namespace hone::client {

/// A daemon, and what it is told of who calls.
struct ServerOptions {
  std::string address;  ///< "HOST:PORT", "unix:PATH", or "https://HOST:PORT" for TLS
  std::string token;    ///< a secret; empty: none
  std::string ca_file;  ///< PEM; empty: the certificates that this machine trusts
};

/// Whether an address is one. @errors kInvalidArgument
Status CheckServer(const std::string& address);

/// The way to a daemon.
/// @threads  all calls are safe
class Channel {
 public:
  /// Connects with the first call. @errors kInvalidArgument: the address; a token that would go
  /// over the network in clear text; kNotFound: the certificate
  static Result<Channel> Create(const ServerOptions& options);

  [[nodiscard]] std::shared_ptr<grpc::ChannelInterface> ToDaemon() const { return channel_; }
  /// Before each call. @param within  zero: the call may take any time
  void Prepare(grpc::ClientContext& context, Duration within) const;
  /// @errors of the daemon, as it said them; kUnavailable says which daemon cannot be reached
  [[nodiscard]] hone::Status Read(const grpc::Status& status) const;
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  Channel() = default;

  std::string address_;
  std::string bearer_;  // value of the header; empty: none
  std::shared_ptr<grpc::ChannelInterface> channel_;
};

}  // namespace hone::client
