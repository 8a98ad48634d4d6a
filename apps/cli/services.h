// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apps/cli/args.h"
#include "apps/cli/config.h"
#include "base/result.h"

/// Katib's services, each run alone in this process until it is told to end. `hone` has in their
/// place code that becomes the program hone-services, which has them; without gRPC (HONE_GRPC,
/// docs/building.md) all of them are kUnimplemented.
namespace hone::cli {

struct ListenOptions {
  std::string listen;
  bool insecure = false;
};
/// @param default_listen  Katib's port on the loopback
void DeclareListen(Args& args, ListenOptions& options, const std::string& default_listen);

struct ServeOptions {
  ListenOptions grpc;
  std::string http;                            ///< empty: none
  std::optional<std::uint32_t> adopted_lease;  ///< seconds
  bool until_input_closes = false;
};
/// The engine of the data folder, for clients. @errors kFailedPrecondition: another one holds it
Result<int> ServeDaemon(const Config& config, const ServeOptions& options);
Result<int> ServeSuggestion(const Config& config, const ListenOptions& options);
Result<int> ServeEarlyStop(const Config& config, const ListenOptions& options);
/// One process for a data folder. @errors kFailedPrecondition: another one keeps it
Result<int> ServeDbManager(const Config& config, const ListenOptions& options);

}  // namespace hone::cli
