// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"

namespace hone::cli {

/// Everything that can be set from outside: flag over environment over default. Parsed once, in
/// options.cpp; `hone --help` lists it.
struct Config {
  std::filesystem::path data_dir;      ///< --data-dir, HONE_DATA_DIR; see DefaultDataDir
  std::string name_space = "default";  ///< --namespace; of the experiments that commands name
  std::optional<std::uint32_t> cpus;   ///< --cpus; slots offered to trials; nothing: all cores
  std::optional<std::uint32_t> gpus;   ///< --gpus; nothing: what the driver tells
  Duration grace = std::chrono::seconds(10);  ///< --grace; from TERM to KILL when trials are ended
  LogLevel log_level = LogLevel::kWarn;       ///< --log-level
  LogFormat log_format = LogFormat::kLogfmt;  ///< --log-format

  [[nodiscard]] std::filesystem::path DataFile() const { return data_dir / "hone.db"; }
  [[nodiscard]] std::filesystem::path LockFile() const { return data_dir / "engine.lock"; }
  [[nodiscard]] std::filesystem::path CrashFolder() const { return data_dir / "crashes"; }
};

/// $XDG_DATA_HOME/hone, else ~/.local/share/hone, else ./hone-data.
std::filesystem::path DefaultDataDir();

/// What reading commands print on stdout.
enum class OutputFormat { kTable, kJson, kYaml };

// Exit codes; clients rely on them.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 130;

}  // namespace hone::cli
