// SPDX-License-Identifier: Apache-2.0
// Rules of early stopping by non-dominated rank.
//
// Source: Schmucker, Donini, Zafar, Salinas, Archambeau 2021, "Multi-objective Asynchronous
// Successive Halving", arXiv 2106.12639 (non-dominated sorting in place of order); the rules
// themselves as in asha.cpp, medianstop.cpp and percentile.cpp. Differs from the paper in: trials
// of one front are equal, so that a front is kept whole.
#include "earlystop/front_rule.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "earlystop/units.h"

namespace hone {
namespace {

/// "loss = 0.4, seconds = 12", as they were reported.
class Words {
 public:
  explicit Words(const Objective& objective) {
    objectives_.emplace_back(objective.metric, objective.direction);
    for (const FurtherObjective& further : objective.further) {
      objectives_.emplace_back(further.metric, further.direction);
    }
  }
  [[nodiscard]] std::string Of(const Losses& losses) const {
    std::string text;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      const auto& [metric, direction] = objectives_[i];
      const double own = direction == Direction::kMinimize ? losses[i] : -losses[i];
      text.append(i == 0 ? "" : ", ").append(metric).append(" = ").append(FormatDouble(own));
    }
    return text;
  }

 private:
  std::vector<std::pair<std::string, Direction>> objectives_;
};

std::optional<Losses> LossesOf(Curves curves,
                               std::optional<double> (Curve::*value)(std::size_t) const,
                               std::size_t reports) {
  Losses losses;
  for (const Curve& curve : curves) {
    const std::optional<double> one = (curve.*value)(reports);
    if (!one) {
      return std::nullopt;
    }
    losses.push_back(*one);
  }
  return losses;
}

std::optional<Losses> BestBy(Curves curves, std::size_t reports) {
  return LossesOf(curves, &Curve::BestBy, reports);
}

std::string InFront(std::size_t front) {
  return "in front " + std::to_string(front);
}

class Asha final : public FrontRule {
 public:
  explicit Asha(const StopperContext& context)
      : words_(context.objective),
        min_resource_(static_cast<std::size_t>(context.settings.Int("min_resource"))),
        reduction_(static_cast<std::size_t>(context.settings.Int("reduction_factor"))) {}

  void Finished(TrialNumber /*trial*/, Curves /*curves*/) override {}
  void Reached(TrialNumber trial, const FrontRung& rung) override {
    rungs_[rung.level].Add(trial, rung.losses);
  }
  void Again(TrialNumber trial) override {
    for (auto& [level, fronts] : rungs_) {
      fronts.Erase(trial);
    }
  }

  [[nodiscard]] FrontJudgement Judge(TrialNumber trial, Curves mine) const override {
    FrontJudgement judgement;
    const std::size_t reports = std::min(mine.front().count(), Curve::kMost);
    for (std::size_t level = min_resource_; level <= reports && !judgement.stop;
         level *= reduction_) {
      const auto losses = BestBy(mine, level);
      const auto known = rungs_.find(static_cast<double>(level));
      if (!losses || (known != rungs_.end() && known->second.Has(trial))) {
        continue;
      }
      judgement.rungs.push_back({static_cast<double>(level), *losses});
      if (known != rungs_.end()) {
        judgement.stop = At(level, *losses, known->second);
      }
    }
    return judgement;
  }

 private:
  [[nodiscard]] std::optional<FrontVerdict> At(std::size_t level, const Losses& losses,
                                               const Fronts& others) const {
    const std::size_t all = others.size() + 1;
    const std::size_t kept = all / reduction_;
    const std::size_t front = others.FrontOf(losses);
    if (kept == 0 || others.Before(front) < kept) {
      return std::nullopt;
    }
    const std::size_t bar = others.FrontOfBest(kept);
    return FrontVerdict{front, bar,
                        words_.Of(losses) + ", the best up to the rung at report " +
                            std::to_string(level) + ", is " + InFront(front) + ", behind front " +
                            std::to_string(bar) + ", the last of the best " + std::to_string(kept) +
                            " of " + CountOf(all, "trial") + " there"};
  }

  Words words_;
  std::size_t min_resource_;
  std::size_t reduction_;
  std::map<double, Fronts> rungs_;  // by level
};

/// A trial goes on while no more than a share of the others are on better fronts.
struct Share {
  double share = 0;
  std::size_t min_trials = 0;
  /// @returns  how many of them may be, and one more
  [[nodiscard]] std::size_t Kept(std::size_t others) const {
    return static_cast<std::size_t>(share * static_cast<double>(others)) + 1;
  }
};

std::optional<FrontVerdict> Compare(const Share& share, const Losses& losses, const Fronts& others,
                                    const std::string& what) {
  if (others.size() < std::max<std::size_t>(share.min_trials, 1)) {
    return std::nullopt;
  }
  const std::size_t kept = share.Kept(others.size());
  const std::size_t front = others.FrontOf(losses);
  if (others.Before(front) < kept) {
    return std::nullopt;
  }
  const std::size_t bar = others.FrontOfBest(kept);
  return FrontVerdict{front, bar,
                      what + ", is " + InFront(front) + ", behind front " + std::to_string(bar) +
                          ", the last of the best " + std::to_string(kept) + " of " +
                          CountOf(others.size(), "finished trial")};
}

std::size_t Count(const StopperContext& context, const char* name) {
  return static_cast<std::size_t>(context.settings.Int(name));
}

class Median final : public FrontRule {
 public:
  explicit Median(const StopperContext& context)
      : words_(context.objective),
        share_{0.5, Count(context, "min_trials_required")},
        start_step_(Count(context, "start_step")) {}

  void Finished(TrialNumber trial, Curves curves) override {
    if (auto means = LossesOf(curves, &Curve::MeanBy, start_step_)) {
      means_.Add(trial, *std::move(means));
    }
  }
  [[nodiscard]] FrontJudgement Judge(TrialNumber /*trial*/, Curves mine) const override {
    const std::size_t reports = mine.front().count();
    const auto best = BestBy(mine, reports);
    if (reports < start_step_ || !best) {
      return {};
    }
    return {{},
            Compare(share_, *best, means_,
                    words_.Of(*best) + ", the best of " + CountOf(reports, "report") +
                        " beside the averages of the first " + std::to_string(start_step_))};
  }

 private:
  Words words_;
  Share share_;
  std::size_t start_step_;
  Fronts means_;
};

class Percentile final : public FrontRule {
 public:
  explicit Percentile(const StopperContext& context)
      : words_(context.objective),
        share_{context.settings.Real("percentile") / 100, Count(context, "min_trials_required")},
        start_step_(Count(context, "start_step")) {}

  void Finished(TrialNumber trial, Curves curves) override {
    const std::size_t reports = std::min(curves.front().count(), Curve::kMost);
    bests_.resize(std::max(bests_.size(), reports));
    for (std::size_t report = 1; report <= reports; ++report) {
      if (auto best = BestBy(curves, report)) {
        bests_[report - 1].Add(trial, *std::move(best));
      }
    }
  }
  [[nodiscard]] FrontJudgement Judge(TrialNumber /*trial*/, Curves mine) const override {
    const std::size_t report = mine.front().count();
    const auto best = BestBy(mine, report);
    if (report < start_step_ || report > bests_.size() || !best) {
      return {};
    }
    return {{},
            Compare(share_, *best, bests_[report - 1],
                    words_.Of(*best) + ", the best of " + CountOf(report, "report"))};
  }

 private:
  Words words_;
  Share share_;
  std::size_t start_step_;
  std::vector<Fronts> bests_;  // by report, from 1
};

}  // namespace

Result<std::unique_ptr<FrontRule>> AshaOfFronts(const StopperContext& context) {
  return std::make_unique<Asha>(context);
}

Result<std::unique_ptr<FrontRule>> MedianOfFronts(const StopperContext& context) {
  return std::make_unique<Median>(context);
}

Result<std::unique_ptr<FrontRule>> PercentileOfFronts(const StopperContext& context) {
  return std::make_unique<Percentile>(context);
}

}  // namespace hone
