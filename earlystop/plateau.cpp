// SPDX-License-Identifier: Apache-2.0
// Plateau: a trial is stopped when its own curve no longer gets better. Other trials play no role.
//
// Source: Prechelt 1998, "Early stopping, but when?", the third class of criteria (generalisation
// has not improved for s strips), with a strip of one report.
#include <algorithm>

#include "base/text.h"
#include "earlystop/registry.h"
#include "earlystop/units.h"

namespace hone {
namespace {

class Plateau final : public Stopper {
 public:
  explicit Plateau(const StopperContext& context)
      : units_(context.objective),
        patience_(static_cast<std::size_t>(context.settings.Int("patience"))),
        min_delta_(context.settings.Real("min_delta")),
        start_step_(static_cast<std::size_t>(context.settings.Int("start_step"))) {}

  static Result<std::unique_ptr<Stopper>> Create(const StopperContext& context) {
    return std::make_unique<Plateau>(context);
  }

  void Finished(TrialNumber /*trial*/, const Curve& /*curve*/) override {}

  [[nodiscard]] Judgement Judge(TrialNumber /*trial*/, const Curve& mine) const override {
    if (mine.count() < start_step_ || mine.count() <= patience_) {
      return {};
    }
    const auto before = mine.BestBy(mine.count() - patience_);
    const auto best = mine.Best();
    if (!before || !best || *before - *best > min_delta_) {
      return {};
    }
    const std::string least =
        min_delta_ > 0 ? " by more than " + FormatDouble(min_delta_) : std::string();
    const std::string reason = units_.metric + " = " + units_.Text(*best) + ", the best of " +
                               CountOf(mine.count(), "report") + ", is not better" + least +
                               " than " + units_.Text(*before) + ", which it was " +
                               CountOf(patience_, "report") + " before";
    return {{}, StopVerdict{units_.Own(*best), units_.Own(*before), reason}};
  }

 private:
  Units units_;
  std::size_t patience_;
  double min_delta_;
  std::size_t start_step_;
};

HONE_REGISTER_STOPPER(
    plateau, {.summary = "stops a trial that no longer gets better, whatever the others do",
              .source = "Prechelt 1998, third class of criteria",
              .settings = {IntSetting("patience", 10, {.min = 1},
                                      "reports without an improvement after which it is stopped"),
                           RealSetting("min_delta", 0, {.min = 0},
                                       "an improvement is more than this, in the metric's unit"),
                           IntSetting("start_step", 1, {.min = 1},
                                      "a trial is judged from this report of the objective on")},
              .create = &Plateau::Create});

}  // namespace
}  // namespace hone
