// SPDX-License-Identifier: Apache-2.0
#include "apps/push/pushed_logs.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "core/push_line.h"

namespace hone {
namespace {

constexpr std::size_t kShown = 100;

bool Fits(const LogQuery& query, const LoggedMetric& metric) {
  return (query.metric.empty() || query.metric == metric.metric) &&
         (!query.from || metric.at >= *query.from) && (!query.until || metric.at <= *query.until);
}

}  // namespace

void PushedLogs::Report(std::string trial, std::vector<LoggedMetric> metrics, Done done) {
  const Status taken = Take(trial, metrics);
  counts_.WithLock([&](Counts& counts) {
    if (taken) {
      counts.values += metrics.size();
    } else {
      ++counts.refused;
      counts.why = taken.error().message;
    }
  });
  done(taken);
}

Status PushedLogs::Take(const std::string& trial, const std::vector<LoggedMetric>& metrics) {
  HONE_RETURN_IF_ERROR(CheckTrial(trial));
  std::vector<MetricRecord> records;
  records.reserve(metrics.size());
  for (const LoggedMetric& metric : metrics) {
    records.push_back({metric.metric, metric.value, metric.at, std::nullopt});
  }
  return file_.WithLock([&](PushedFile& file) { return file.Append(records); });
}

Result<std::vector<LoggedMetric>> PushedLogs::Get(const LogQuery& query) {
  HONE_RETURN_IF_ERROR(CheckTrial(query.trial));
  HONE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path_));
  std::vector<LoggedMetric> found;
  for (const std::string_view line : Split(text, '\n')) {
    const auto record = ParsePushLine(line);
    if (!record) {
      continue;
    }
    LoggedMetric metric{record->at.value_or(Timestamp{}), record->metric, record->text};
    if (Fits(query, metric)) {
      found.push_back(std::move(metric));
    }
  }
  std::ranges::stable_sort(found, {}, &LoggedMetric::at);
  return found;
}

void PushedLogs::Delete(std::string trial, Done done) {
  const Status own = CheckTrial(trial);
  done(own ? Fail(Code::kFailedPrecondition,
                  "what a trial has reported stays until its experiment is deleted")
           : own);
}

std::string PushedLogs::Summary() const {
  return counts_.WithLock([](const Counts& counts) {
    std::string text = std::to_string(counts.values) + " values were reported";
    if (counts.refused > 0) {
      text += ", and " + std::to_string(counts.refused) +
              " reports refused; the last one because " + counts.why;
    }
    return text;
  });
}

Status PushedLogs::CheckTrial(const std::string& trial) const {
  if (trial == trial_) {
    return {};
  }
  return Fail(Code::kPermissionDenied,
              "this address is for trial " + trial_ + " alone, not for " + Printable(trial, kShown),
              "trial_name");
}

}  // namespace hone
