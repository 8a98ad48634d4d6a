// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "algorithms/searcher.h"
#include "core/problem.h"

namespace hone {

/// Whether bayesianoptimization's base_estimator is a forest.
bool UsesForest(const Settings& settings);

/// Bayesian optimisation with a forest instead of a Gaussian process: base_estimator RF, ET, or
/// GBRT, which is taken as RF. Reads the settings of bayesianoptimization.
/// @param context  one that CheckForestSearch finds no fault with
Result<std::unique_ptr<Searcher>> CreateForestSearch(const SearchContext& context);
void CheckForestSearch(const SearchContext& context, Problems& problems);

}  // namespace hone
