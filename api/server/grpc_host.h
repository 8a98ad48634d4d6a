// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/server/address.h"
#include "api/server/tls.h"
#include "base/clock.h"
#include "base/result.h"

namespace grpc {
class Service;
}

namespace hone {

/// A gRPC server with some services, the standard health service (grpc.health.v1) and reflection.
/// Health is SERVING for the empty name, for `grpc.health.v1.Health` and for the names
/// given; NOT_FOUND for others.
/// Life: Start listens; the destructor ends all calls at once.
/// @threads  its own calls from one thread
class GrpcHost {
 public:
  struct Options {
    ListenAddress listen;
    std::vector<std::string> health_names;
    /// Without, and on Unix sockets: plain text.
    std::optional<TlsIdentity> tls = std::nullopt;
    /// Where `tls` comes from: who connects after they have changed is shown what they have by
    /// then.
    TlsFiles tls_files = {};
    /// A Katib request tells all trials of an experiment; gRPC's own limit is 4 MiB.
    int most_request_bytes = 64 << 20;
    int most_calls_per_connection = 10'000;  ///< at a time
  };
  /// @param services  shared: their deleters go with them
  /// @errors kUnavailable: the address cannot be listened on
  static Result<std::unique_ptr<GrpcHost>> Start(
      const Options& options, std::vector<std::shared_ptr<grpc::Service>> services);
  ~GrpcHost();
  GrpcHost(const GrpcHost&) = delete;
  GrpcHost& operator=(const GrpcHost&) = delete;

  /// With the port that was taken.
  [[nodiscard]] const ListenAddress& address() const { return address_; }
  /// What health says from now on.
  void SetServing(bool serving);
  /// Health says no, new calls are refused, those under way may end; what has not ended after
  /// `within` is cancelled.
  void Drain(Duration within);

 private:
  struct Parts;
  GrpcHost(std::unique_ptr<Parts> parts, ListenAddress address);

  std::unique_ptr<Parts> parts_;
  ListenAddress address_;
};

}  // namespace hone
