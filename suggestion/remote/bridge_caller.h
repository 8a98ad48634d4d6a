// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "suggestion/remote/service_caller.h"

namespace hone {

/// Calls through the program hone-bridge, one process for each call: gRPC's libraries stay out of
/// this program, and what a reply may do to them cannot hurt it.
class BridgeCaller final : public ServiceCaller {
 public:
  /// @param program  hone-bridge; need not exist before the first call
  explicit BridgeCaller(std::filesystem::path program) : program_(std::move(program)) {}

  Result<std::string> Call(const ServiceCall& call, const std::atomic<bool>& stop) override;

 private:
  std::filesystem::path program_;
};

}  // namespace hone
