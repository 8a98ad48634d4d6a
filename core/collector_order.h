// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/problem.h"
#include "core/spec.h"

namespace hone {

/// What runs beside a trial to take its metrics, for the collectors that need a process for it.
struct CollectorOrder {
  CollectorKind kind = CollectorKind::kStdOut;
  std::vector<std::string> metrics;  ///< names, objective first
  std::int64_t port = 0;             ///< PrometheusMetric: of httpGet, as it is written
  std::uint16_t own_port = 0;        ///< filled in by a runner: where this attempt is asked or told
  std::string http_path;             ///< PrometheusMetric
  std::string container;             ///< Custom: JSON text of customCollector
  bool folder = false;               ///< Custom: its fileSystemPath is a folder

  /// Whether trials are read by a process of their own, which writes PushLines.
  [[nodiscard]] bool NeedsProcess() const;
  bool operator==(const CollectorOrder&) const = default;
};

/// From the experiment's document.
CollectorOrder OrderOf(const ExperimentSpec& spec);

/// What of `source.httpGet` cannot be done on one machine: only plain HTTP of this machine is
/// asked, without headers of one's own.
void CheckHttpGet(const ExperimentSpec& spec, Problems& problems);

}  // namespace hone
