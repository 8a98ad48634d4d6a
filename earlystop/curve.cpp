// SPDX-License-Identifier: Apache-2.0
#include "earlystop/curve.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hone {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::optional<double> At(const std::vector<double>& all, std::size_t report) {
  const bool known = report >= 1 && report <= all.size() && !std::isnan(all[report - 1]);
  return known ? std::optional(all[report - 1]) : std::nullopt;
}

}  // namespace

void Curve::Add(std::optional<double> value) {
  ++count_;
  if (count_ > kMost) {
    return;
  }
  const double best = bests_.empty() ? kNone : bests_.back();
  values_.push_back(value.value_or(kNone));
  bests_.push_back(std::fmin(best, values_.back()));  // of a number and NaN: the number
}

std::optional<double> Curve::Value(std::size_t report) const {
  return At(values_, report);
}

std::optional<double> Curve::BestBy(std::size_t report) const {
  return At(bests_, report);
}

std::optional<double> Curve::MeanBy(std::size_t reports) const {
  double sum = 0;
  double count = 0;
  for (std::size_t i = 0; i < std::min(reports, values_.size()); ++i) {
    if (!std::isnan(values_[i])) {
      sum += values_[i];
      count += 1;
    }
  }
  return count > 0 ? std::optional(sum / count) : std::nullopt;
}

}  // namespace hone
