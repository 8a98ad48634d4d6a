// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/server/address.h"
#include "base/clock.h"
#include "base/result.h"

namespace grpc {
class Service;
}

namespace hone {

/// A gRPC server with some services, the standard health service (grpc.health.v1) and reflection.
/// Plaintext. Health is SERVING for the empty name, for `grpc.health.v1.Health` and for the names
/// given; NOT_FOUND for others.
/// Life: Start listens; the destructor ends all calls at once.
/// @threads  its own calls from one thread
class GrpcHost {
 public:
  struct Options {
    ListenAddress listen;
    std::vector<std::string> health_names;
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
