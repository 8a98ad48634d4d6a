// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace hone {

/// What one attempt of a trial has reported, in the order of its log; to be minimised. Reports are
/// counted from 1, as `hone metrics` lists them. One that is no finite number counts and has no
/// value.
/// A value; bounded: no rule looks at reports beyond the first kMost.
class Curve {
 public:
  static constexpr std::size_t kMost = 10000;

  /// The next report.
  void Add(std::optional<double> value);

  [[nodiscard]] std::size_t count() const { return count_; }
  /// More than rules look at.
  [[nodiscard]] bool IsBeyond() const { return count_ > kMost; }
  /// Of one report. Nothing: it had no value, or there is no such report (kept).
  [[nodiscard]] std::optional<double> Value(std::size_t report) const;
  /// The best value of the first reports, this one included; nothing if none of them had a value.
  [[nodiscard]] std::optional<double> BestBy(std::size_t report) const;
  [[nodiscard]] std::optional<double> Best() const { return BestBy(values_.size()); }
  /// Mean of the values of the first `reports`; nothing if none of them had a value. @cost O(n)
  [[nodiscard]] std::optional<double> MeanBy(std::size_t reports) const;

 private:
  std::vector<double> values_;  // NaN: none
  std::vector<double> bests_;   // NaN: none yet
  std::size_t count_ = 0;
};

}  // namespace hone
