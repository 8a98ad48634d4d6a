// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/observation.h"

namespace hone {

/// The metrics that the rule of an experiment follows.
struct FollowedMetrics {
  std::vector<std::string> names;  ///< empty: there is no rule
  /// Each value is a report by itself; else a report is there once all metrics have one more.
  bool one_by_one = false;
};

/// What an attempt reported at once of the metrics that a rule follows.
struct MetricReport {
  std::vector<std::string> texts;          ///< one for each metric, in the rule's order
  std::optional<double> step{};            ///< that was told with the first metric
  std::optional<std::size_t> of_metric{};  ///< one by one: `texts` is the one of this metric
  bool operator==(const MetricReport&) const = default;
};

/// What attempts reported, in order.
using StoredCurves = std::map<TrialNumber, std::vector<MetricReport>>;

/// Puts the values of several metrics together: the k-th value of each is the k-th report, which is
/// there once all of them are.
/// A value; bounded: a metric that is ahead of the others by more than kMostAhead is not kept, and
/// no report after that is put together.
class ReportFold {
 public:
  static constexpr std::size_t kMostAhead = 10000;

  ReportFold() = default;
  explicit ReportFold(FollowedMetrics metrics)
      : metrics_(std::move(metrics)), ahead_(metrics_.names.size()) {}

  /// The next record of the log. @returns  the report that it makes whole, if any
  std::optional<MetricReport> Add(const MetricRecord& record);

 private:
  struct One {
    std::string text;
    std::optional<double> step;
  };
  FollowedMetrics metrics_;
  std::vector<std::deque<One>> ahead_;  // by metric: of reports that are not whole yet
  bool broken_ = false;
};

}  // namespace hone
