// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"

namespace hone::cli {

/// A setting as it holds, and where it comes from.
struct EffectiveValue {
  std::string key;
  std::string value;   ///< as written; of a secret: "***"
  std::string source;  ///< "flag --cpus", "environment HONE_CPUS", "FILE:LINE", "default"
  bool operator==(const EffectiveValue&) const = default;
};

/// Everything that can be set from outside, resolved by ResolveConfig (settings.h): flag over
/// environment over file over default. docs/configuration.md lists it.
struct Config {
  std::filesystem::path data_dir;             ///< absolute
  std::string store_url;                      ///< of PostgreSQL, a secret; empty: DataFile()
  std::string server;                         ///< address of a daemon; empty: none
  std::string token;                          ///< for it, a secret; empty: none
  std::filesystem::path server_ca;            ///< PEM; empty: what this machine trusts
  std::string name_space = "default";         ///< of the experiments that commands name
  std::optional<std::uint32_t> cpus;          ///< slots offered to trials; nothing: all cores
  std::optional<std::uint32_t> gpus;          ///< nothing: what the driver tells
  Duration grace = std::chrono::seconds(10);  ///< from TERM to KILL when trials are ended
  /// Bytes that the log of an attempt may take of the disk; 0: any.
  std::uint64_t log_quota = std::uint64_t{256} << 20;
  LogLevel log_level = LogLevel::kWarn;
  LogFormat log_format = LogFormat::kLogfmt;
  std::vector<EffectiveValue> effective;  ///< of every setting, in the order of the table

  /// Where experiments are, for people.
  [[nodiscard]] std::string Place() const {
    if (!server.empty()) {
      return "the daemon at " + server;
    }
    return store_url.empty() ? data_dir.string() : "the database of --store";
  }
  [[nodiscard]] std::filesystem::path DataFile() const { return data_dir / "hone.db"; }
  [[nodiscard]] std::filesystem::path LockFile() const { return data_dir / "engine.lock"; }
  [[nodiscard]] std::filesystem::path CrashFolder() const { return data_dir / "crashes"; }
};

/// What reading commands print on stdout.
enum class OutputFormat { kTable, kJson, kYaml };

// Exit codes; clients rely on them.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 130;

}  // namespace hone::cli
