// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace hone {

/// A value as a trial of Katib's reported it. The text is kept verbatim.
struct LoggedMetric {
  Timestamp at;
  std::string metric;
  std::string value;
  bool operator==(const LoggedMetric&) const = default;
};

struct LogQuery {
  std::string trial;
  std::string metric;             ///< empty: all
  std::optional<Timestamp> from;  ///< inclusive, as `until`
  std::optional<Timestamp> until;
};

/// What Katib's trials reported, by name: they belong to experiments that hone does not run, so
/// there is no ledger behind them.
/// @threads  safe; `done` runs on a thread of the store's and must not wait
class ObservationLogs {
 public:
  using Done = std::function<void(Status)>;
  virtual ~ObservationLogs() = default;

  /// Adds all or nothing; what is reported twice is there twice. Success survives a power cut.
  virtual void Report(std::string trial, std::vector<LoggedMetric> metrics, Done done) = 0;
  /// By time, then in the order of reporting. Empty for an unknown trial.
  virtual Result<std::vector<LoggedMetric>> Get(const LogQuery& query) = 0;
  /// Success for an unknown trial, too.
  virtual void Delete(std::string trial, Done done) = 0;
  /// Whether the store can be asked.
  virtual Status Check() = 0;
};

}  // namespace hone
