// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "algorithms/sampling/blend.h"
#include "algorithms/tpe_blocks.h"
#include "algorithms/tpe_trials.h"

namespace hone::tpe {

/// What earlier tasks know, as Parzen estimators see it: for each a density of what was good there
/// and one of the rest, over each block of coordinates. They are blended with this task's own, and
/// weigh the more the more alike the tasks turn out to be.
/// @threads const calls are safe together
/// @source  task similarity as weights: Watanabe, Awad, Onishi, Hutter 2022, arXiv 2212.06751.
///          Differs in: likeness is a rank correlation with the results here (likeness.h), and the
///          task's own good ones are not put together with those of others
class Earlier {
 public:
  /// Of one block.
  struct Densities {
    sampling::Mixture good;
    sampling::Mixture bad;
    double goods = 0;  ///< sum of the weights of the results that the former are made of
    double bads = 0;
  };

  explicit Earlier(std::vector<Block> blocks) : blocks_(std::move(blocks)) {}

  /// One more task. @param densities  one of each block
  void Add(std::vector<Densities> densities) { tasks_.push_back(std::move(densities)); }

  /// A trial of this task that starts, and what comes of it.
  void Expect(const Known& known);
  void Found(TrialNumber trial, double loss);
  void Forget(TrialNumber trial) { trials_.erase(trial); }

  /// As how many trials of this task one of each earlier task counts: 0 to 1.
  [[nodiscard]] std::vector<double> Shares() const;

  /// Adds the densities of a block. @param shares  of Shares, or empty: none
  /// @param good, bad  valid as long as this
  void Blend(std::size_t block, const std::vector<double>& shares, sampling::Blend& good,
             sampling::Blend& bad) const;

 private:
  struct Trial {
    std::vector<double> expected;  // by each task, lower being better
    double loss = 0;
    bool completed = false;
  };

  std::vector<Block> blocks_;
  std::vector<std::vector<Densities>> tasks_;
  std::map<TrialNumber, Trial> trials_;  // empty without tasks
};

}  // namespace hone::tpe
