// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <set>

#include "algorithms/gp/space.h"
#include "algorithms/new_points.h"
#include "base/rng.h"

namespace hone {

/// One value of a category, or of a parameter that others depend on.
struct Choice {
  std::size_t dimension = 0;
  std::size_t value = 0;
  /// Whether a point has it. @param dimensions  those it was drawn from
  [[nodiscard]] bool IsAt(const gp::Dimensions& dimensions, const gp::VectorXd& point) const;
};

/// A choice that the best point does not have, at random, the likelier the more seldom it was
/// tried. A model that has come to believe that a choice is bad, or that nothing matters under it,
/// never looks there again by itself.
/// @param best  canonical, like those tried
/// @returns  nothing: the space has no choices where the best point is
std::optional<Choice> OtherChoice(const gp::Dimensions& dimensions, const gp::VectorXd& best,
                                  const std::multiset<gp::VectorXd, Lexicographic>& tried, Rng rng);

}  // namespace hone
