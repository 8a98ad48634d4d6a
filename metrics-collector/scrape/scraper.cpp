// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/scrape/scraper.h"

#include <utility>

namespace hone {

Duration ScrapeInterval(Duration running) {
  if (running < std::chrono::seconds(10)) {
    return std::chrono::milliseconds(100);
  }
  return running < std::chrono::minutes(1) ? std::chrono::milliseconds(250)
                                           : std::chrono::milliseconds(1000);
}

Scraper::Scraper(std::vector<SampleSelector> metrics, PushedFile file, Ask ask, const Clock& clock)
    : metrics_(std::move(metrics)), file_(std::move(file)), ask_(std::move(ask)), clock_(clock) {}

std::string Scraper::Look() {
  ++looks_;
  const Status taken = Take();
  const std::string before = std::exchange(problem_, taken ? "" : taken.error().message);
  if (taken) {
    return "";
  }
  ++failed_;
  last_problem_ = problem_;
  return problem_ == before ? "" : problem_;
}

Status Scraper::Take() {
  HONE_ASSIGN_OR_RETURN(const std::string answer, ask_());
  HONE_ASSIGN_OR_RETURN(Exposition exposition, ReadExposition(answer, metrics_));
  const Timestamp now = clock_.Now();
  std::map<std::string, Last> seen = last_;
  std::vector<MetricRecord> fresh;
  for (MetricRecord& record : exposition.records) {
    const Last look{record.text, record.at};
    const auto [place, is_first] = seen.try_emplace(record.metric, look);
    if (is_first || place->second != look) {
      place->second = look;
      record.at = record.at.value_or(now);
      fresh.push_back(std::move(record));
    }
  }
  HONE_RETURN_IF_ERROR(file_.Append(fresh));
  last_ = std::move(seen);
  values_ += fresh.size();
  if (!exposition.ambiguous.empty()) {
    return Fail(Code::kFailedPrecondition, exposition.ambiguous);
  }
  return {};
}

std::string Scraper::Summary() const {
  std::string text = "the endpoint was asked " + std::to_string(looks_) + " times, " +
                     std::to_string(failed_) + " times in vain, and gave " +
                     std::to_string(values_) + " values";
  return last_problem_.empty() ? text : text + "; what was wrong last: " + last_problem_;
}

}  // namespace hone
