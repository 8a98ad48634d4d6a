// SPDX-License-Identifier: Apache-2.0
#include "earlystop/recheck.h"

#include <algorithm>
#include <limits>

#include "earlystop/early_stop.h"

namespace hone {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

/// Walks a ledger as the engine once did.
class Walk {
 public:
  Walk(EarlyStop& rule, const StoredCurves& curves) : rule_(rule), curves_(curves) {}

  void operator()(const event::TrialStopRequested& stop) {
    if (!stop.ruling.rule.empty()) {
      Add(stop.trial, stop.attempt, stop.ruling.report);
      Compare(stop);
    }
  }
  void operator()(const event::TrialSucceeded& end) {
    Add(end.outcome.trial, end.outcome.attempt, kAll);
  }
  template <class Other>
  void operator()(const Other& /*event*/) {}

  [[nodiscard]] const VerdictReport& report() const { return report_; }

 private:
  /// Tells the first reports of an attempt; those told before are no news.
  void Add(TrialNumber trial, Attempt attempt, std::size_t reports) {
    const auto found = curves_.find(trial);
    const std::size_t known = found == curves_.end() ? 0 : found->second.size();
    for (std::size_t i = 0; i < std::min(reports, known); ++i) {
      static_cast<void>(rule_.Add(trial, attempt, i + 1, found->second[i]));
    }
  }

  void Compare(const event::TrialStopRequested& recorded) {
    ++report_.compared;
    const std::vector<Input> inputs = rule_.Judge(recorded.trial);
    const auto* verdict = inputs.empty() ? nullptr : std::get_if<input::Verdict>(&inputs.front());
    if (verdict != nullptr && verdict->reason == recorded.reason &&
        verdict->ruling == recorded.ruling) {
      return;
    }
    ++report_.different;
    if (!report_.first) {
      report_.first = {recorded.trial, recorded.reason, verdict != nullptr ? verdict->reason : ""};
    }
  }

  EarlyStop& rule_;
  const StoredCurves& curves_;
  VerdictReport report_;
};

}  // namespace

Result<VerdictReport> RecheckVerdicts(const ExperimentSpec& spec, std::span<const Recorded> ledger,
                                      const StoredCurves& curves) {
  if (!spec.early_stopping) {
    return VerdictReport{};
  }
  HONE_ASSIGN_OR_RETURN(const auto rule, EarlyStop::Create(spec));
  Walk walk(*rule, curves);
  for (const Recorded& recorded : ledger) {
    std::visit(walk, recorded.event);
    rule->Observe(recorded);
  }
  return walk.report();
}

}  // namespace hone
