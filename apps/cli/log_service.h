// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "apps/cli/config.h"
#include "base/file.h"
#include "base/process.h"
#include "base/result.h"

namespace hone::cli {

/// A DBManager of Katib's wire beside this engine, for the early-stopping services that its
/// experiments name: `hone db-manager --own-trials` on the loopback, started when it is needed
/// first and ended with this process, however that ends.
///
/// Services may remember the address that they were told first, as Katib's do, so the port is kept
/// in the data folder and taken again by the next engine if it is free.
/// @threads  safe; a call may wait for the program to start
class LogService {
 public:
  explicit LogService(const Config& config);
  ~LogService();
  LogService(const LogService&) = delete;
  LogService& operator=(const LogService&) = delete;

  /// HOST:PORT. Started again if it has ended meanwhile.
  /// @errors kFailedPrecondition: this installation has none; kUnavailable: it did not start
  Result<std::string> Address();

 private:
  Result<std::string> Start(const std::string& listen);
  void End();

  const std::filesystem::path program_;
  const std::filesystem::path data_dir_;
  const std::string store_url_;
  std::mutex mutex_;  // not Guarded: held while the program starts
  std::optional<Child> child_;
  UniqueFd input_;  // the program ends when this closes
  std::string address_;
};

}  // namespace hone::cli
