// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/ids.h"
#include "earlystop/curve.h"
#include "earlystop/fronts.h"
#include "earlystop/stopper.h"

namespace hone {

/// One curve for each objective, in the experiment's order and of equal length.
using Curves = std::span<const Curve>;

/// What a trial reached at a rung; to be minimised.
struct FrontRung {
  double level = 0;
  Losses losses;
  bool operator==(const FrontRung&) const = default;
};

/// That a trial should end: the front that it lies in, and the last one that goes on.
struct FrontVerdict {
  std::size_t front = 0;
  std::size_t bar = 0;
  std::string reason;  ///< a sentence without the rule's name
  bool operator==(const FrontVerdict&) const = default;
};

struct FrontJudgement {
  std::vector<FrontRung> rungs;  ///< as Judgement::rungs
  std::optional<FrontVerdict> stop;
  bool operator==(const FrontJudgement&) const = default;
};

/// A rule of early stopping for several objectives: as Stopper, but trials are compared by the
/// front that they lie in (non-dominated rank). With a single objective it would say what the rule
/// of the same name says, but for quantiles between two trials.
/// A trial stands for the best value that it has had so far in each objective; that is never worse
/// than what it has at once, so the rules err on the side of going on.
/// @threads  none of its own; like a container
class FrontRule {
 public:
  virtual ~FrontRule() = default;

  /// As Stopper.
  virtual void Finished(TrialNumber trial, Curves curves) = 0;
  virtual void Reached(TrialNumber /*trial*/, const FrontRung& /*rung*/) {}
  virtual void Again(TrialNumber /*trial*/) {}
  /// @cost  O(n) comparisons with other trials
  [[nodiscard]] virtual FrontJudgement Judge(TrialNumber trial, Curves mine) const = 0;
};

/// The rules that are there for several objectives, for the registration of the one of that name.
Result<std::unique_ptr<FrontRule>> AshaOfFronts(const StopperContext& context);
Result<std::unique_ptr<FrontRule>> MedianOfFronts(const StopperContext& context);
Result<std::unique_ptr<FrontRule>> PercentileOfFronts(const StopperContext& context);

}  // namespace hone
