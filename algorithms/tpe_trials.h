// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "algorithms/pareto/front.h"
#include "base/result.h"
#include "core/ids.h"

/// Which trials Parzen estimators compare with which.
namespace hone::tpe {

/// A trial as the estimators see it.
struct Known {
  enum class State { kRunning, kCompleted, kViolated, kBad };
  TrialNumber number = 0;
  State state = State::kRunning;
  pareto::Losses losses;       // of a completed one, and of one that violates bounds if it has any
  std::vector<double> excess;  // of the same: beyond each bound; empty: there are no bounds
  std::vector<double> u;
  std::vector<bool> active;
  std::string key;                 // of its values
  std::vector<double> log_scales;  // of its kernel in each block, in densities that are full
};

/// Two sets of trials: what proposals should be like, never empty, and what not. By number, those
/// that have not started yet last.
struct Split {
  std::vector<const Known*> good;
  std::vector<const Known*> bad;
  bool by_objectives = false;  ///< else by a bound

  /// Of all of them.
  [[nodiscard]] double GoodShare() const {
    return static_cast<double>(good.size()) / static_cast<double>(good.size() + bad.size());
  }
};

/// How bounds of outcomes count.
enum class ByBounds {
  kEach,   ///< each has a split of its own, for densities of all parameters together
  kFirst,  ///< results within all bounds are good first, then the closest ones; the others are bad
};

/// How many of the results count as good: a tenth, or by hyperopt's rule gamma times the square
/// root; at most 25 either way.
std::size_t GoodCount(std::size_t results, std::optional<double> gamma);

/// Of results of one objective, in no order. Both sets are of the worst first, the best last, as if
/// the best were the newest.
Split SplitEarlier(const std::vector<Known>& results, std::optional<double> gamma);

/// The trials of an experiment, from its history.
/// @threads  const calls are safe together
class Trials {
 public:
  void Start(Known known);
  /// Completed, violating bounds, or bad (failed, stopped early).
  /// @errors kInternal: the trial was not started
  Status End(TrialNumber trial, Known::State state, pareto::Losses losses = {},
             std::vector<double> excess = {});
  /// As if it had never been.
  void Forget(TrialNumber trial);

  /// Null: it was not started, or is forgotten.
  [[nodiscard]] const Known* Find(TrialNumber trial) const;
  [[nodiscard]] std::size_t size() const { return trials_.size(); }
  [[nodiscard]] bool WasTried(const std::string& key) const { return tried_.contains(key); }

  /// One for the objectives, as soon as a result keeps all bounds, and one for each bound that some
  /// results do not keep. Empty: nothing can be learnt yet.
  ///
  /// Objectives: the best of the results that keep all bounds (several objectives: the best
  /// fronts), and those that are better still but violate bounds. The others are bad, as are
  /// running trials (constant liar), failed ones and those that were stopped early.
  /// A bound: the results that keep it, or the closest ones if they are too few.
  ///
  /// By densities of one parameter each, where the bounds lie cannot be seen, and what is better
  /// but violates them draws all proposals there. So there bounds come first, in one split.
  /// @param pending  proposed but not started: they run, too
  /// @source Watanabe, Hutter 2023, "c-TPE", arXiv 2211.14411; Ozaki et al. 2020 for several
  /// objectives
  [[nodiscard]] std::vector<Split> Splits(const std::vector<Known>& pending,
                                          std::optional<double> gamma,
                                          ByBounds by_bounds = ByBounds::kEach) const;

 private:
  [[nodiscard]] std::vector<std::size_t> GoodByObjectives(std::size_t count,
                                                          ByBounds by_bounds) const;
  [[nodiscard]] std::vector<std::size_t> BestWithin(std::size_t count) const;
  [[nodiscard]] std::vector<std::size_t> NoWorseThan(std::size_t count) const;
  [[nodiscard]] std::vector<std::size_t> BestFronts(std::size_t count) const;
  void AddClosest(std::size_t count, std::vector<std::size_t>& good) const;
  [[nodiscard]] std::optional<Split> SplitByBound(std::size_t bound, std::size_t count) const;

  std::vector<Known> trials_;  // by number
  // The best completed ones of a single objective, best first: loss and number.
  std::vector<std::pair<double, TrialNumber>> best_;
  std::size_t completed_ = 0;
  std::size_t violated_ = 0;
  std::size_t bounds_ = 0;
  std::unordered_multiset<std::string> tried_;
};

}  // namespace hone::tpe
