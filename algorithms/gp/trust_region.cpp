// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/trust_region.h"

#include <algorithm>
#include <cmath>

namespace hone::gp {
namespace {

using Eigen::Index;

// The paper's: first, longest and shortest side, successes that double it, and the share of the
// best value that an improvement must have.
constexpr double kFirst = 0.8;
constexpr double kLongest = 1.6;
constexpr double kShortest = 1.0 / 128;
constexpr std::size_t kSuccesses = 3;
constexpr std::size_t kLeastFailures = 4;
constexpr double kImprovement = 1e-3;

}  // namespace

void TrustRegion::Observe(double value) {
  const bool better = count_ == 0 || value < best_ - kImprovement * std::abs(best_);
  best_ = count_ == 0 ? value : std::min(best_, value);
  if (++count_ <= kFrom) {
    length_ = kFirst;
    return;
  }
  if (global_ > 0) {
    global_ = better ? 0 : global_ - 1;
    return;
  }
  successes_ = better ? successes_ + 1 : 0;
  failures_ = better ? 0 : failures_ + 1;
  if (successes_ == kSuccesses) {
    length_ = std::min(2 * length_, kLongest);
    successes_ = 0;
  }
  if (failures_ == std::max(kLeastFailures, dimensions_)) {
    length_ /= 2;
    failures_ = 0;
  }
  if (length_ < kShortest) {
    length_ = kFirst;
    global_ = 2 * dimensions_ + 1;
  }
}

std::optional<double> TrustRegion::length() const {
  return count_ >= kFrom && global_ == 0 ? std::optional(length_) : std::nullopt;
}

Box TrustRegion::Around(const VectorXd& centre, const Dimensions& dimensions,
                        const VectorXd& log_length) const {
  Box box{VectorXd::Zero(centre.size()), VectorXd::Ones(centre.size())};
  std::vector<Index> numbers;
  double mean = 0;
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    if (!IsChoice(dimensions[d])) {
      numbers.push_back(static_cast<Index>(d));
      mean += log_length[numbers.back()];
    }
  }
  mean /= static_cast<double>(std::max<std::size_t>(numbers.size(), 1));
  for (const Index d : numbers) {
    const double half = 0.5 * length().value_or(2) * std::exp(log_length[d] - mean);
    box.low[d] = std::max(centre[d] - half, 0.0);
    box.high[d] = std::min(centre[d] + half, 1.0);
  }
  return box;
}

}  // namespace hone::gp
