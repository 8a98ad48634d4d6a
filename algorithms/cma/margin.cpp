// SPDX-License-Identifier: Apache-2.0
#include "algorithms/cma/margin.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>

#include "base/check.h"

namespace hone::cma {
namespace {

/// P(a standard normal number exceeds x).
double Above(double x) {
  return boost::math::cdf(boost::math::complement(boost::math::normal_distribution<>(), x));
}

/// The inverse of Above. (The paper writes it as the root of a chi-squared quantile.)
double Exceeded(double probability) {
  constexpr double kSmallest = 1e-10;
  const double p = std::clamp(probability, kSmallest, 0.5 - kSmallest);
  return boost::math::quantile(boost::math::complement(boost::math::normal_distribution<>(), p));
}

}  // namespace

Stepped KeepMargin(Stepped now, const Cell& cell, double alpha) {
  HONE_CHECK(cell.low || cell.high, "a stepped coordinate has two cells or more");
  if (!cell.low || !cell.high) {  // an outermost cell: the mean comes nearer to its only edge
    const double nearest = now.deviation * Exceeded(alpha);
    now.mean = cell.high ? std::max(now.mean, *cell.high - nearest)
                         : std::min(now.mean, *cell.low + nearest);
    return now;
  }
  const double least = alpha / 2;
  double below = Above((now.mean - *cell.low) / now.deviation);
  double above = Above((*cell.high - now.mean) / now.deviation);
  if (below >= least && above >= least) {
    return now;
  }
  const double within = 1 - below - above;
  below = std::max(below, least);
  above = std::max(above, least);
  // What was added is taken away again in proportion to the excess of each part.
  const double rest = 1 - below - above - within;
  const double excess = below + above + within - 3 * least;
  const double lower = Exceeded(below + rest * (below - least) / excess);
  const double upper = Exceeded(above + rest * (above - least) / excess);
  now.deviation = (*cell.high - *cell.low) / (lower + upper);
  now.mean = *cell.low + now.deviation * lower;
  return now;
}

}  // namespace hone::cma
