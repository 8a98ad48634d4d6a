// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "core/ids.h"

namespace hone {

/// One trial's objectives, all to be minimised. Finite; the same number for all trials.
using Losses = std::vector<double>;

/// Trials in fronts: none of the first is dominated by another trial, none of the second by one
/// that is not of the first, and so on. Kept up to date one trial after the other.
/// A value. @source Deb et al. 2002, NSGA-II (fronts); Li, Deb, Zhang, Kwong 2014 (one at a time)
class Fronts {
 public:
  /// A trial that is there already is replaced. @cost  O(n) if it moves no other one
  void Add(TrialNumber trial, Losses losses);
  void Erase(TrialNumber trial);

  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] bool Has(TrialNumber trial) const { return members_.contains(trial); }
  /// The front that such a trial would lie in, from 1. @cost O(n)
  [[nodiscard]] std::size_t FrontOf(std::span<const double> losses) const;
  /// Trials of the fronts before this one.
  [[nodiscard]] std::size_t Before(std::size_t front) const;
  /// The front of the k-th best trial, counted from 1. @param k  at most size()
  [[nodiscard]] std::size_t FrontOfBest(std::size_t k) const;

 private:
  struct Member {
    Losses losses;
    std::size_t front = 1;
  };
  std::map<TrialNumber, Member> members_;
  std::vector<std::size_t> sizes_;  // of the fronts
};

}  // namespace hone
