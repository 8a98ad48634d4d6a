// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "algorithms/forest/regression_forest.h"

namespace hone::importance {

/// A share of the variance: mean of the trees, and their standard deviation.
struct Share {
  double mean = 0;
  double spread = 0;
};

/// The functional analysis of variance of a forest's trees, exact for each tree.
struct Fanova {
  std::vector<Share> main;   ///< of each coordinate alone
  std::vector<Share> total;  ///< with all its interactions
  Share interactions;        ///< what no coordinate does alone
};

/// Coordinates are independent and uniform, categories equally probable. A tree without a split
/// says nothing and is left out; if all are, everything is 0.
/// @source  Hutter, Hoos, Leyton-Brown 2014, "An efficient approach for assessing hyperparameter
///          importance", algorithm 2; total effects: Homma, Saltelli 1996
/// @cost    O(trees * coordinates * leaves^2)
Fanova DecomposeVariance(const forest::Forest& forest);

}  // namespace hone::importance
