// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "algorithms/importance/fanova.h"
#include "algorithms/past_trials.h"
#include "base/result.h"

namespace hone {

enum class ImportanceMethod { kFanova, kPedAnova };

/// Trials with which importance says anything at all.
inline constexpr std::size_t kLeastForImportance = 10;

/// Which parameters an objective depends on, as a share of one: of its variance over the search
/// space (fANOVA), or of what tells the best trials from the others (PED-ANOVA).
struct ImportanceReport {
  struct Row {
    std::size_t parameter = 0;  ///< of the space
    importance::Share importance;
    std::optional<importance::Share> total{};  ///< with interactions; fANOVA only
  };
  std::vector<Row> rows;   ///< the most important first
  std::size_t trials = 0;  ///< those that were looked at
  /// fANOVA: left out, since a value at the end is not known. PED-ANOVA: none of the best.
  std::size_t stopped = 0;
  std::size_t infeasible = 0;  ///< likewise
  std::size_t best = 0;        ///< PED-ANOVA: how many trials count as the best
  std::optional<importance::Share> interactions{};  ///< fANOVA: share that is no parameter's alone
  /// fANOVA: how much of the variance the forest predicts for trials it has not seen. Below about a
  /// half, shares are hardly more than guesses.
  std::optional<double> explained{};
};

/// Parameters are uniform over their coordinates of SpaceEncoder (on a logarithm where they are),
/// whatever the algorithm made of it. Where a parameter is not active it plays no role. A function
/// of trials and seed, bit for bit.
/// @errors kFailedPrecondition: fewer than kLeastForImportance completed trials, or all have the
/// same
///         value; kInvalidArgument: values that are not of this space
Result<ImportanceReport> ImportanceOf(const Space& space, std::span<const PastTrial> trials,
                                      ImportanceMethod method, std::uint64_t seed);

}  // namespace hone
