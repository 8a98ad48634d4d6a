// SPDX-License-Identifier: Apache-2.0
// Wilcoxon: the reports of a trial are results on instances (folds of a cross-validation, problem
// instances) in a fixed order. A trial is stopped when the instances it shares with the best
// finished trial say that it is worse: a one-sided signed-rank test of the paired differences.
//
// Source: Wilcoxon 1945; differences of zero as in Pratt 1959 (they are ranked, and count for
// neither side). The rule is that of Optuna's WilcoxonPruner, the idea that of racing (Birattari et
// al. 2002). Exact up to 50 differences, ties included, then the normal approximation.
// Differs from Optuna in: zeros by Pratt, not split; the best trial is that of the best mean.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/text.h"
#include "earlystop/registry.h"
#include "earlystop/units.h"

namespace hone {
namespace {

constexpr std::size_t kMostExact = 50;

/// Twice the mid-ranks of the absolute values, so that they are whole.
std::vector<std::size_t> DoubledRanks(const std::vector<double>& differences) {
  const auto size_of = [&](std::size_t i) { return std::abs(differences[i]); };
  std::vector<std::size_t> order(differences.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, size_of);
  std::vector<std::size_t> ranks(differences.size());
  for (std::size_t from = 0; from < order.size();) {
    std::size_t to = from;
    while (to < order.size() && size_of(order[to]) == size_of(order[from])) {
      ++to;
    }
    for (std::size_t i = from; i < to; ++i) {
      ranks[order[i]] = from + 1 + to;  // twice the mean of from + 1 .. to
    }
    from = to;
  }
  return ranks;
}

/// The share of all sign patterns whose positive ranks sum to `sum` or more.
double ExactTail(const std::vector<std::size_t>& ranks, std::size_t sum) {
  std::vector<double> chance{1.0};  // by sum
  for (const std::size_t rank : ranks) {
    std::vector<double> next(chance.size() + rank, 0.0);
    for (std::size_t s = 0; s < chance.size(); ++s) {
      next[s] += chance[s] / 2;
      next[s + rank] += chance[s] / 2;
    }
    chance = std::move(next);
  }
  return std::accumulate(chance.begin() + static_cast<std::ptrdiff_t>(std::min(sum, chance.size())),
                         chance.end(), 0.0);
}

double NormalTail(const std::vector<std::size_t>& ranks, std::size_t sum) {
  double mean = 0;
  double variance = 0;
  for (const std::size_t rank : ranks) {
    const auto r = static_cast<double>(rank);
    mean += r / 2;
    variance += r * r / 4;
  }
  return std::erfc((static_cast<double>(sum) - mean) / std::sqrt(2 * variance)) / 2;
}

/// How probable differences as positive as these are if either sign is as likely.
double SignedRankTest(const std::vector<double>& differences) {
  const std::vector<std::size_t> all = DoubledRanks(differences);
  std::vector<std::size_t> ranks;
  std::size_t positive = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (differences[i] != 0) {
      ranks.push_back(all[i]);
    }
    positive += differences[i] > 0 ? all[i] : 0;
  }
  if (ranks.empty()) {
    return 1;
  }
  return ranks.size() <= kMostExact ? ExactTail(ranks, positive) : NormalTail(ranks, positive);
}

class WilcoxonStop final : public Stopper {
 public:
  explicit WilcoxonStop(const StopperContext& context)
      : units_(context.objective),
        threshold_(context.settings.Real("p_threshold")),
        start_step_(static_cast<std::size_t>(context.settings.Int("start_step"))) {
    if (context.settings.Has("metric")) {
      units_.metric = context.settings.Text("metric");
    }
  }

  static Result<std::unique_ptr<Stopper>> Create(const StopperContext& context) {
    return std::make_unique<WilcoxonStop>(context);
  }

  void Finished(TrialNumber trial, const Curve& curve) override {
    const auto mean = curve.MeanBy(Curve::kMost);
    if (mean && (best_ == 0 || *mean < best_mean_)) {
      best_ = trial;
      best_mean_ = *mean;
      best_curve_ = curve;
    }
  }

  [[nodiscard]] Judgement Judge(TrialNumber /*trial*/, const Curve& mine) const override {
    std::vector<double> differences;
    double sum = 0;
    for (std::size_t i = 1; i <= mine.count(); ++i) {
      const auto own = mine.Value(i);
      const auto theirs = best_curve_.Value(i);
      if (own && theirs) {
        differences.push_back(*own - *theirs);
        sum += differences.back();
      }
    }
    // Worse on average as well: a trial that is far better on a few instances is worth its end.
    if (differences.empty() || differences.size() < start_step_ || sum <= 0) {
      return {};
    }
    const double p = SignedRankTest(differences);
    if (p >= threshold_) {
      return {};
    }
    const std::string reason = "on " + CountOf(differences.size(), "instance") + " " +
                               units_.metric + " is worse than that of trial number " +
                               std::to_string(best_) +
                               ", the best finished one, with p = " + FormatDouble(p) + ", below " +
                               FormatDouble(threshold_) + " (signed-rank test)";
    return {{}, StopVerdict{p, threshold_, reason}};
  }

 private:
  Units units_;
  double threshold_;
  std::size_t start_step_;
  TrialNumber best_ = 0;  // 0: none has finished
  double best_mean_ = 0;
  Curve best_curve_;
};

SettingSpec MetricSetting() {
  SettingSpec metric;
  metric.name = "metric";
  metric.doc =
      "the metric that has one value for each instance, an additional one of the objective's type; "
      "unset: the objective";
  return metric;
}

HONE_REGISTER_STOPPER(
    wilcoxon,
    {.summary = "for cross-validation: stops a trial that is worse than the best one on the same "
                "folds or instances",
     .source = "Wilcoxon 1945; Pratt 1959; racing: Birattari et al. 2002",
     .settings = {RealSetting("p_threshold", 0.1,
                              {.min = 0, .max = 1, .open_min = true, .open_max = true},
                              "a trial is stopped when chance would make it look so bad more "
                              "rarely than this; smaller: fewer are stopped"),
                  IntSetting("start_step", 2, {.min = 1},
                             "a trial is judged from this many instances on"),
                  MetricSetting()},
     .create = &WilcoxonStop::Create});

}  // namespace
}  // namespace hone
