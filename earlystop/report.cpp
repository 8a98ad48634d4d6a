// SPDX-License-Identifier: Apache-2.0
#include "earlystop/report.h"

#include <algorithm>
#include <utility>

namespace hone {

std::optional<MetricReport> ReportFold::Add(const MetricRecord& record) {
  const auto metric = std::ranges::find(metrics_.names, record.metric);
  if (metric == metrics_.names.end() || broken_) {
    return std::nullopt;
  }
  const auto place = static_cast<std::size_t>(metric - metrics_.names.begin());
  if (metrics_.one_by_one) {
    return MetricReport{{record.text}, record.step, place};
  }
  if (metrics_.names.size() == 1) {
    return MetricReport{{record.text}, record.step};
  }
  std::deque<One>& mine = ahead_[place];
  mine.push_back({record.text, record.step});
  broken_ = mine.size() > kMostAhead;
  if (std::ranges::any_of(ahead_, [](const std::deque<One>& one) { return one.empty(); })) {
    return std::nullopt;
  }
  MetricReport report{{}, ahead_.front().front().step};
  for (std::deque<One>& one : ahead_) {
    report.texts.push_back(std::move(one.front().text));
    one.pop_front();
  }
  return report;
}

}  // namespace hone
