// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "algorithms/sampling/mixture.h"

namespace hone::sampling {

/// A weighted sum of mixtures over the same coordinates; of one mixture it is that mixture, draw by
/// draw.
class Blend {
 public:
  /// @param weight  > 0
  Blend(Mixture first, double weight) : first_(std::move(first)), weight_(weight), total_(weight) {}
  /// @param mixture  must live as long @param weight  > 0
  void Add(const Mixture& mixture, double weight) {
    others_.push_back({&mixture, weight});
    total_ += weight;
  }

  /// As those of Mixture.
  [[nodiscard]] Eigen::ArrayXd LogDensity(const Eigen::ArrayXXd& x) const;
  [[nodiscard]] Eigen::ArrayXXd Sample(Eigen::Index count, Rng& rng) const;

 private:
  struct Part {
    const Mixture* mixture = nullptr;
    double weight = 0;
  };
  Mixture first_;
  double weight_;
  std::vector<Part> others_;
  double total_;
};

}  // namespace hone::sampling
