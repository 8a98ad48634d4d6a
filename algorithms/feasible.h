// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "core/space.h"

namespace hone {

/// Points that are drawn for one trial before the feasible region counts as too small.
inline constexpr int kMostDraws = 10000;

inline tl::unexpected<Error> NothingFeasible(const std::string& tried) {
  return Fail(Code::kFailedPrecondition,
              tried +
                  " satisfied all constraints: the feasible region is empty or too small; "
                  "relax the constraints, or choose parameters and bounds that imply them",
              "spec.constraints");
}

/// The first feasible one of the assignments that `draw` makes, of at most kMostDraws.
/// @errors kFailedPrecondition: none was
template <class Draw>
Result<Assignment> DrawFeasible(const Space& space, Draw draw) {
  for (int i = 0; i < kMostDraws; ++i) {
    Assignment values = draw();
    if (space.Feasible(values)) {
      return values;
    }
  }
  return NothingFeasible("none of " + std::to_string(kMostDraws) + " points");
}

/// Points that are drawn for one trial, where nearly all are known, before it repeats one.
inline constexpr int kMostNewDraws = 1000;

/// The first feasible one of the assignments that `draw` makes that is new. @returns nothing: of
/// kMostNewDraws none was
template <class Draw, class IsNew>
std::optional<Assignment> DrawNew(const Space& space, Draw draw, IsNew is_new) {
  for (int i = 0; i < kMostNewDraws; ++i) {
    Assignment values = draw();
    if (space.Feasible(values) && is_new(values)) {
      return std::optional(std::move(values));
    }
  }
  return std::nullopt;
}

}  // namespace hone
