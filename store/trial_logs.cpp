// SPDX-License-Identifier: Apache-2.0
#include "store/trial_logs.h"

#include <algorithm>
#include <utility>

namespace hone {
namespace {

/// What Katib's collectors write for a line without a time.
constexpr Timestamp kNoTime = std::chrono::sys_days(std::chrono::year(1) / 1 / 1);

tl::unexpected<Error> OnlyRead() {
  return Fail(Code::kUnimplemented,
              "only tells what hone's own trials reported; 'hone db-manager' without --own-trials "
              "keeps what others do");
}

std::vector<LoggedMetric> Told(const std::vector<StoredRecord>& rows, const LogQuery& query) {
  Attempt last = 0;
  for (const StoredRecord& row : rows) {
    last = std::max(last, row.attempt);
  }
  std::vector<LoggedMetric> log;
  for (const StoredRecord& row : rows) {
    const Timestamp at = row.record.at.value_or(kNoTime);
    const bool asked_for =
        (!query.from || at >= *query.from) && (!query.until || at <= *query.until);
    if (row.attempt == last && asked_for) {
      log.push_back({at, row.record.metric, row.record.text});
    }
  }
  std::ranges::stable_sort(log, {}, &LoggedMetric::at);
  return log;
}

}  // namespace

void TrialLogs::Report(std::string trial, std::vector<LoggedMetric> metrics, Done done) {
  if (others_ == nullptr) {
    return done(OnlyRead());
  }
  others_->Report(std::move(trial), std::move(metrics), std::move(done));
}

Result<std::vector<LoggedMetric>> TrialLogs::Get(const LogQuery& query) {
  const auto trial = store_.FindTrial(query.trial);
  if (trial && (!admits_ || admits_(trial->experiment))) {
    HONE_ASSIGN_OR_RETURN(const auto rows, store_.ReadRecords(*trial, 0, query.metric));
    return Told(rows, query);
  }
  if (!trial && trial.error().code != Code::kNotFound) {
    return tl::make_unexpected(trial.error());
  }
  return others_ == nullptr ? std::vector<LoggedMetric>() : others_->Get(query);
}

void TrialLogs::Delete(std::string trial, Done done) {
  if (others_ == nullptr) {
    return done(OnlyRead());
  }
  others_->Delete(std::move(trial), std::move(done));
}

Status TrialLogs::Check() {
  if (const auto seen = store_.ChangeCounter(); !seen) {
    return tl::make_unexpected(seen.error());
  }
  return others_ == nullptr ? Status() : others_->Check();
}

}  // namespace hone
