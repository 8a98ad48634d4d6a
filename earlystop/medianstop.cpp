// SPDX-License-Identifier: Apache-2.0
// Median stopping as Katib has it: a trial is stopped when its best value so far is worse than the
// median of what the trials that succeeded had on average over their first reports.
//
// Source: Golovin et al. 2017, "Google Vizier", section 3.2.1 (median stopping), in Katib's form.
// Differs from Katib in:
//   - the median is one; Katib's is the mean of the averages, which statistic: mean gives
//   - judged at every report from start_step on; Katib judges at exactly that report
#include <algorithm>
#include <vector>

#include "base/text.h"
#include "earlystop/registry.h"
#include "earlystop/units.h"

namespace hone {
namespace {

double MedianOf(const std::vector<double>& sorted) {
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

double MeanOf(const std::vector<double>& sorted) {
  double sum = 0;
  for (const double value : sorted) {
    sum += value;
  }
  return sum / static_cast<double>(sorted.size());
}

class MedianStop final : public Stopper {
 public:
  explicit MedianStop(const StopperContext& context)
      : units_(context.objective),
        min_trials_(static_cast<std::size_t>(context.settings.Int("min_trials_required"))),
        start_step_(static_cast<std::size_t>(context.settings.Int("start_step"))),
        statistic_(context.settings.Text("statistic")) {}

  static Result<std::unique_ptr<Stopper>> Create(const StopperContext& context) {
    return std::make_unique<MedianStop>(context);
  }

  void Finished(TrialNumber /*trial*/, const Curve& curve) override {
    if (const auto mean = curve.MeanBy(start_step_)) {
      averages_.insert(std::ranges::upper_bound(averages_, *mean), *mean);
      bar_ = statistic_ == "mean" ? MeanOf(averages_) : MedianOf(averages_);
    }
  }

  [[nodiscard]] Judgement Judge(TrialNumber /*trial*/, const Curve& mine) const override {
    const auto best = mine.Best();
    if (averages_.size() < min_trials_ || mine.count() < start_step_ || !best || *best <= bar_) {
      return {};
    }
    const std::string reason = units_.metric + " = " + units_.Text(*best) + ", the best of " +
                               CountOf(mine.count(), "report") + ", is worse than " +
                               units_.Text(bar_) + ", the " + statistic_ + " of " +
                               CountOf(averages_.size(), "finished trial") + " over their first " +
                               CountOf(start_step_, "report");
    return {{}, StopVerdict{units_.Own(*best), units_.Own(bar_), reason}};
  }

  [[nodiscard]] std::optional<StandingBar> Standing() const override {
    if (averages_.size() < min_trials_) {
      return std::nullopt;
    }
    return StandingBar{units_.Own(bar_), start_step_, averages_.size()};
  }

 private:
  Units units_;
  std::size_t min_trials_;
  std::size_t start_step_;
  std::string statistic_;
  std::vector<double> averages_;  // of finished trials, sorted
  double bar_ = 0;                // meaningful if there are any
};

HONE_REGISTER_STOPPER(
    medianstop,
    {.summary = "stops a trial whose best value is worse than the median of the finished ones",
     .source = "Golovin et al. 2017, section 3.2.1; settings and rule are Katib's",
     .settings = {IntSetting("min_trials_required", 3, {.min = 1},
                             "trials that must have succeeded before any is stopped"),
                  IntSetting("start_step", 4, {.min = 1},
                             "a trial is judged from this report of the objective on, and the "
                             "others are averaged up to it"),
                  ChoiceSetting("statistic", "median", {"median", "mean"},
                                "of the averages of the finished trials; mean is what Katib "
                                "computes"),
                  CountBySetting()},
     .stands = true,
     .create = &MedianStop::Create,
     .create_for_several = &MedianOfFronts});

}  // namespace
}  // namespace hone
