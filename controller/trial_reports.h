// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "core/ids.h"
#include "earlystop/report.h"

namespace hone {

/// Stored reports of an attempt, in the order of its log.
struct TrialReports {
  TrialNumber trial = 0;
  Attempt attempt = 0;
  std::size_t first = 1;    ///< number of the first one, from 1
  bool from_store = false;  ///< what an engine before this one recorded, or what is told once more
  std::vector<MetricReport> all;
};

/// Who wants to hear of them, and of which metrics.
struct ReportsWanted {
  FollowedMetrics metrics;  ///< of none, if there are no names
  std::function<void(TrialReports)> on_reports;
};

}  // namespace hone
