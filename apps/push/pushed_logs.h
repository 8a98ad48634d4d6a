// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "metrics-collector/pushed_file.h"
#include "store/observation_logs.h"

namespace hone {

/// The observation log of one trial, as Katib's DBManager serves it, over a PushedFile. Other
/// trials' names are refused with kPermissionDenied.
/// @threads  safe; `done` is called at once
class PushedLogs final : public ObservationLogs {
 public:
  PushedLogs(std::string trial, std::filesystem::path path, PushedFile file)
      : trial_(std::move(trial)), path_(std::move(path)), file_(std::move(file)) {}

  /// @errors (to done) kResourceExhausted: too much, or the disk is full
  void Report(std::string trial, std::vector<LoggedMetric> metrics, Done done) override;
  Result<std::vector<LoggedMetric>> Get(const LogQuery& query) override;
  /// The engine has read it by then: kFailedPrecondition.
  void Delete(std::string trial, Done done) override;
  Status Check() override { return {}; }

  /// What all reports came to, in one line.
  [[nodiscard]] std::string Summary() const;

 private:
  struct Counts {
    std::size_t values = 0;
    std::size_t refused = 0;
    std::string why;  // of the last refusal
  };
  Status CheckTrial(const std::string& trial) const;
  Status Take(const std::string& trial, const std::vector<LoggedMetric>& metrics);

  std::string trial_;
  std::filesystem::path path_;
  Guarded<PushedFile> file_;
  Guarded<Counts> counts_;
};

}  // namespace hone
