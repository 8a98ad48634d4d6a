// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <numbers>

#include "algorithms/gp/space.h"

namespace hone::gp {

/// Of a normal distribution.
struct Belief {
  double mean = 0;
  double variance = 1;
};

/// What is believed of the hyperparameters before there are results: normal distributions of their
/// logarithms, but for the additive share's Beta(1, additive).
///
/// Unless changed: lengthscale over the root of the number of dimensions LogNormal(sqrt 2, sqrt 3)
/// and noise variance LogNormal(-4, 1) (Hvarfner, Hellsten, Nardi 2024, arXiv 2402.02229); warp
/// LogNormal(0, 0.5); the kernel's variance LogNormal(0, 0.5), since the outputs are standardised
/// and the lengthscales' prior assumes 1; the linear variance LogNormal(-3, 1).
struct Priors {
  /// Numbers by their scale, categories, and categories that others depend on.
  enum Kind : std::size_t { kLinear, kLog, kInteger, kCategory, kBranch, kKinds };

  std::array<Belief, kKinds> log_length{kHvarfner, kHvarfner, kHvarfner, kHvarfner, kHvarfner};
  Belief log_noise{-4, 1};
  Belief log_linear{-3, 1};
  double additive = 9;
  double log_scale_sd = 0.5;
  double log_warp_sd = 0.5;

  /// From the tables of benchmarks/quality: learn_priors.py.
  static Priors Learned();

  static Kind KindOf(const Dimensions& dimensions, std::size_t d);
  /// Of a dimension's log lengthscale.
  [[nodiscard]] Belief LengthOf(const Dimensions& dimensions, std::size_t d) const;

 private:
  static constexpr Belief kHvarfner{std::numbers::sqrt2, 3};
};

}  // namespace hone::gp
