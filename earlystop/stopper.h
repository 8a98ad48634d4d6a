// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/objective.h"
#include "core/settings.h"
#include "earlystop/curve.h"

namespace hone {

/// What a rule is made from. References are valid during Create only.
struct StopperContext {
  const Settings& settings;  ///< checked against the registration's schema
  const Objective& objective;
};

/// What a trial reached at a rung; to be minimised. Recorded in the ledger before others are
/// compared with it.
struct Rung {
  double level = 0;
  double value = 0;
  bool operator==(const Rung&) const = default;
};

/// That a trial should end, and why. Numbers and words are the user's: a metric that is maximised
/// is not negated here.
struct StopVerdict {
  double value = 0;    ///< what was judged
  double bar = 0;      ///< what it had to keep up with
  std::string reason;  ///< a sentence without the rule's name, with the value and the bar
  bool operator==(const StopVerdict&) const = default;
};

/// What a rule makes of a trial's latest report.
struct Judgement {
  std::vector<Rung> rungs;  ///< that the trial has reached and that are not recorded yet, ascending
  std::optional<StopVerdict> stop;
  bool operator==(const Judgement&) const = default;
};

/// A bar that holds for every trial until the next one ends: what Katib's services call a rule.
struct StandingBar {
  double value = 0;  ///< in the user's direction; a trial whose best value is worse is stopped
  std::size_t start_step = 1;  ///< from this report on
  std::size_t trials = 0;      ///< that it was made of
};

/// A rule of early stopping. It is told what is in the ledger, in its order, and judges a trial by
/// its curve: a verdict is a function of (context, ledger so far, curve so far), bit for bit, so it
/// can be reached again from what is stored.
/// @threads  none of its own; like a container
class Stopper {
 public:
  virtual ~Stopper() = default;

  /// A trial succeeded, and this is all it reported. Those that ended otherwise are not told.
  virtual void Finished(TrialNumber trial, const Curve& curve) = 0;
  /// A rung result was recorded. Each rung of a trial once, unless Again comes between.
  virtual void Reached(TrialNumber /*trial*/, const Rung& /*rung*/) {}
  /// A trial starts again from its beginning: what it had reached does not count.
  virtual void Again(TrialNumber /*trial*/) {}

  /// Judges the latest report of a running trial. @param mine  at least one report, none beyond
  /// Curve::kMost
  /// @cost  at most O(n log n) of the curve, mostly O(1)
  [[nodiscard]] virtual Judgement Judge(TrialNumber trial, const Curve& mine) const = 0;

  /// The rule as a single bar, if it is of that kind and knows enough.
  [[nodiscard]] virtual std::optional<StandingBar> Standing() const { return std::nullopt; }
};

}  // namespace hone
