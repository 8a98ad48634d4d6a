// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "algorithms/sampling/kernels.h"
#include "algorithms/tpe_trials.h"

namespace hone::tpe {

/// By the number of a trial: its place among some trials, or -1.
using Rows = std::vector<std::int32_t>;

/// What a density is made from.
struct Weighted {
  std::vector<const Known*> trials;  ///< by number, those that have not started yet last
  Eigen::ArrayXd weights;
  Rows rows{};  ///< of the trials, if they are to be sorted
};

/// At most so many of some trials in the order of their age: the newest half stay, of the older
/// ones the newest of each group of neighbours stands for its group.
Weighted Merged(std::vector<const Known*> trials, std::size_t most);

Rows RowsOf(const std::vector<const Known*>& trials);

/// All trials in the order of each coordinate, kept up to date one by one, so that none has to be
/// sorted for a proposal.
class Sorted {
 public:
  explicit Sorted(std::size_t dimensions) : coordinates_(dimensions) {}

  void Add(const Known& known);
  void Remove(const Known& known);

  /// Some trials by one coordinate, ascending, each with its row.
  /// @param trials  the last of them may not have been added yet
  [[nodiscard]] std::vector<sampling::Placed> Of(std::size_t d,
                                                 const std::vector<const Known*>& trials,
                                                 const Rows& rows) const;

 private:
  struct Entry {
    double value;
    TrialNumber trial;
  };
  std::vector<std::vector<Entry>> coordinates_;
};

}  // namespace hone::tpe
