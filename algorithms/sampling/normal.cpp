// SPDX-License-Identifier: Apache-2.0
#include "algorithms/sampling/normal.h"

#include <algorithm>
#include <boost/math/policies/policy.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numbers>

namespace hone::sampling {
namespace {

double Below(double z) {
  return z < 0 ? UpperTail(-z) : 1 - UpperTail(z);
}

// Not through long double, as Boost would otherwise.
using InDouble = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

double Quantile(double p) {
  return -std::numbers::sqrt2 *
         boost::math::erfc_inv(2 * std::clamp(p, 1e-300, 1 - 1e-16), InDouble());
}

}  // namespace

TailTable::TailTable() {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const double z = static_cast<double>(i) / kPerUnit;
    nodes[i].value = 0.5 * std::erfc(z / std::numbers::sqrt2);
    nodes[i].slope = -std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi) / kPerUnit;
  }
}

const TailTable kTails;

double NormalMass(double low, double high) {
  // From the tail that both bounds are in, so that small differences keep their digits.
  if (low > 0) {
    return UpperTail(low) - UpperTail(high);
  }
  return high < 0 ? UpperTail(-high) - UpperTail(-low) : 1 - UpperTail(-low) - UpperTail(high);
}

double SampleTruncated(double mean, double sd, double uniform) {
  const double low = Below(-mean / sd);
  const double high = Below((1 - mean) / sd);
  return std::clamp(mean + sd * Quantile(low + uniform * (high - low)), 0.0, 1.0);
}

}  // namespace hone::sampling
