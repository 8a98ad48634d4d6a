// SPDX-License-Identifier: Apache-2.0
// Asynchronous successive halving, stopping type: at the reports min_resource * reduction_factor^k
// (the rungs) a trial goes on if it is among the best 1/reduction_factor of those that have been
// there; else it ends. No trial waits for another one.
//
// Source: Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", arXiv
// 1810.05934, section 3.2; the stopping type as in Syne Tune (Salinas et al. 2022). Differs from
// the paper in: nobody is paused and promoted later; the first reduction_factor - 1 trials at a
// rung go on, since a share of them is less than one trial.
#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "base/text.h"
#include "earlystop/registry.h"
#include "earlystop/units.h"

namespace hone {
namespace {

class Asha final : public Stopper {
 public:
  explicit Asha(const StopperContext& context)
      : units_(context.objective),
        min_resource_(static_cast<std::size_t>(context.settings.Int("min_resource"))),
        reduction_(static_cast<std::size_t>(context.settings.Int("reduction_factor"))) {}

  static Result<std::unique_ptr<Stopper>> Create(const StopperContext& context) {
    return std::make_unique<Asha>(context);
  }

  void Finished(TrialNumber /*trial*/, const Curve& /*curve*/) override {}
  void Reached(TrialNumber trial, const Rung& rung) override {
    rungs_[rung.level].insert_or_assign(trial, rung.value);
  }
  void Again(TrialNumber trial) override {
    for (auto& [level, results] : rungs_) {
      results.erase(trial);
    }
  }

  [[nodiscard]] Judgement Judge(TrialNumber trial, const Curve& mine) const override {
    Judgement judgement;
    for (std::size_t level = min_resource_; level <= mine.count() && level <= Curve::kMost;
         level *= reduction_) {
      const auto value = mine.BestBy(level);
      const auto known = rungs_.find(static_cast<double>(level));
      if (!value || (known != rungs_.end() && known->second.contains(trial))) {
        continue;
      }
      judgement.rungs.push_back({static_cast<double>(level), *value});
      judgement.stop = At(level, *value, known == rungs_.end() ? nullptr : &known->second);
      if (judgement.stop) {
        break;
      }
    }
    return judgement;
  }

 private:
  using Results = std::map<TrialNumber, double>;

  /// @param others  of the same rung; may be null
  [[nodiscard]] std::optional<StopVerdict> At(std::size_t level, double value,
                                              const Results* others) const {
    std::vector<double> all{value};
    if (others != nullptr) {
      for (const auto& [trial, result] : *others) {
        all.push_back(result);
      }
    }
    if (all.size() < reduction_) {
      return std::nullopt;
    }
    const std::size_t kept = all.size() / reduction_;
    std::ranges::nth_element(all, all.begin() + static_cast<std::ptrdiff_t>(kept) - 1);
    const double bar = all[kept - 1];
    if (value <= bar) {
      return std::nullopt;
    }
    const std::string reason =
        units_.metric + " = " + units_.Text(value) + ", the best up to the rung at report " +
        std::to_string(level) + ", is worse than " + units_.Text(bar) + ", the last of the best " +
        std::to_string(kept) + " of " + CountOf(all.size(), "trial") + " there";
    return StopVerdict{units_.Own(value), units_.Own(bar), reason};
  }

  Units units_;
  std::size_t min_resource_;
  std::size_t reduction_;
  std::map<double, Results> rungs_;  // by level
};

HONE_REGISTER_STOPPER(
    asha,
    {.summary = "asynchronous successive halving: at each rung the best share of all trials goes "
                "on",
     .source = "Li et al. 2020, arXiv 1810.05934, in its stopping form",
     .settings = {IntSetting("min_resource", 1, {.min = 1},
                             "the first rung: this report of the objective"),
                  IntSetting("reduction_factor", 3, {.min = 2, .max = 1000},
                             "each rung is this many times as far as the one before, and one in "
                             "so many trials goes on"),
                  CountBySetting()},
     .create = &Asha::Create,
     .create_for_several = &AshaOfFronts});

}  // namespace
}  // namespace hone
