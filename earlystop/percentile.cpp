// SPDX-License-Identifier: Apache-2.0
// Percentile stopping: a trial goes on while its best value so far is among the best share of what
// the trials that succeeded had reached by the same report.
//
// Source: the percentile rule of Vizier-like services; Golovin et al. 2017, section 3.2.1.
// Differs from Optuna's PercentilePruner in: the others count with their best value up to that
// report, as the trial itself does, not with the value of that very report.
#include <algorithm>
#include <cmath>
#include <vector>

#include "base/text.h"
#include "earlystop/registry.h"
#include "earlystop/units.h"

namespace hone {
namespace {

/// Linear between the two nearest ranks. @param share  0 to 1
double Quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - std::floor(place));
}

class Percentile final : public Stopper {
 public:
  explicit Percentile(const StopperContext& context)
      : units_(context.objective),
        percentile_(context.settings.Real("percentile")),
        min_trials_(static_cast<std::size_t>(context.settings.Int("min_trials_required"))),
        start_step_(static_cast<std::size_t>(context.settings.Int("start_step"))) {}

  static Result<std::unique_ptr<Stopper>> Create(const StopperContext& context) {
    return std::make_unique<Percentile>(context);
  }

  void Finished(TrialNumber /*trial*/, const Curve& curve) override {
    const std::size_t reports = std::min(curve.count(), Curve::kMost);
    bests_.resize(std::max(bests_.size(), reports));
    for (std::size_t i = 0; i < reports; ++i) {
      if (const auto best = curve.BestBy(i + 1)) {
        std::vector<double>& there = bests_[i];
        there.insert(std::ranges::upper_bound(there, *best), *best);
      }
    }
  }

  [[nodiscard]] Judgement Judge(TrialNumber /*trial*/, const Curve& mine) const override {
    const std::size_t report = mine.count();
    const auto best = mine.Best();
    if (report < start_step_ || report > bests_.size() || !best) {
      return {};
    }
    const std::vector<double>& others = bests_[report - 1];
    if (others.size() < min_trials_) {
      return {};
    }
    const double bar = Quantile(others, percentile_ / 100);
    if (*best <= bar) {
      return {};
    }
    const std::string reason = units_.metric + " = " + units_.Text(*best) + ", the best of " +
                               CountOf(report, "report") + ", is worse than " + units_.Text(bar) +
                               ", which the best " + FormatDouble(percentile_) + " % of " +
                               CountOf(others.size(), "finished trial") + " had reached by then";
    return {{}, StopVerdict{units_.Own(*best), units_.Own(bar), reason}};
  }

 private:
  Units units_;
  double percentile_;
  std::size_t min_trials_;
  std::size_t start_step_;
  std::vector<std::vector<double>> bests_;  // by report, from 1: of finished trials, sorted
};

HONE_REGISTER_STOPPER(
    percentile,
    {.summary = "keeps trials that are among the best share of the finished ones at that report",
     .source = "Golovin et al. 2017, section 3.2.1, with another quantile than the median",
     .settings = {RealSetting("percentile", 25, {.min = 0, .max = 100, .open_min = true},
                              "the best share, in per cent, that goes on"),
                  IntSetting("min_trials_required", 5, {.min = 1},
                             "finished trials that must have reported as often before any is "
                             "stopped"),
                  IntSetting("start_step", 1, {.min = 1},
                             "a trial is judged from this report of the objective on"),
                  CountBySetting()},
     .create = &Percentile::Create,
     .create_for_several = &PercentileOfFronts});

}  // namespace
}  // namespace hone
