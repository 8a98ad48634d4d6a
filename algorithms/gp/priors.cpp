// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/priors.h"

#include <cmath>

namespace hone::gp {

Priors Priors::Learned() {
  constexpr double kSpread = 1.0;
  Priors priors;
  priors.log_length[kLinear] = {-1.06, kSpread};
  priors.log_length[kLog] = {-1.57, kSpread};
  priors.log_length[kInteger] = {-1.22, kSpread};
  priors.log_length[kCategory] = {-0.64, kSpread};
  priors.log_length[kBranch] = {-0.91, kSpread};
  priors.log_noise = {-6.87, 1.86 * 1.86};
  priors.log_linear.mean = -3.80;
  priors.additive = 7.1;
  priors.log_scale_sd = 0.36;
  priors.log_warp_sd = 0.47;
  return priors;
}

Priors::Kind Priors::KindOf(const Dimensions& dimensions, std::size_t d) {
  if (HasChildren(dimensions, d)) {
    return kBranch;
  }
  if (dimensions[d].categorical) {
    return kCategory;
  }
  switch (dimensions[d].scale) {
    case Scale::kLinear:
      return kLinear;
    case Scale::kLog:
      return kLog;
    case Scale::kInteger:
      return kInteger;
  }
  return kLinear;
}

Belief Priors::LengthOf(const Dimensions& dimensions, std::size_t d) const {
  Belief belief = log_length[KindOf(dimensions, d)];
  belief.mean += 0.5 * std::log(static_cast<double>(dimensions.size()));
  return belief;
}

}  // namespace hone::gp
