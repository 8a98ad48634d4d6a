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

struct SuggestionOptions {
  ListenOptions grpc;
  std::string trial_data;  ///< folder; empty: none
};

struct ServeOptions {
  ListenOptions grpc;
  std::string http;  ///< empty: none
  bool require_tokens = false;
  std::string tls_certificate;  ///< files of PEM; empty: none
  std::string tls_key;
  std::string tls_client_ca;
  std::optional<std::uint32_t> rate;              ///< requests a second of a token
  std::optional<std::uint32_t> most_streams;      ///< of a token
  std::optional<std::uint32_t> most_experiments;  ///< of a namespace
  std::optional<std::uint32_t> most_message;      ///< MiB of a request
  std::optional<std::uint32_t> adopted_lease;     ///< seconds
  std::optional<std::uint32_t> lease;             ///< seconds
  std::optional<std::uint32_t> lost_after;        ///< seconds
  bool until_input_closes = false;
};
// What `hone serve` allows if nobody says otherwise.
inline constexpr std::uint32_t kMostRate = 2000;
inline constexpr std::uint32_t kMostStreams = 1000;
inline constexpr std::uint32_t kMostExperiments = 10'000;
/// The engine of the data folder, for clients. @errors kFailedPrecondition: another one holds it
Result<int> ServeDaemon(const Config& config, const ServeOptions& options);
Result<int> ServeSuggestion(const Config& config, const SuggestionOptions& options);
Result<int> ServeEarlyStop(const Config& config, const ListenOptions& options);
struct DbManagerOptions {
  ListenOptions grpc;
  bool own_trials = false;
  bool until_input_closes = false;
};
/// One process for a data folder, but for those of own trials.
/// @errors kFailedPrecondition: another one keeps it
Result<int> ServeDbManager(const Config& config, const DbManagerOptions& options);

}  // namespace hone::cli
