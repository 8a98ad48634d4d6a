// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

/// The normal distribution where it is needed millions of times: the truncation terms of kernels.
namespace hone::sampling {

/// Upper tails at equal distances, for cubic Hermite interpolation. The nodes are so close that its
/// error, step^4 / 384 times the fourth derivative, is below 1e-10, and below 1e-6 of the value.
struct TailTable {
  struct Node {
    double value;
    double slope;  ///< of one step
  };
  static constexpr double kEnd = 8.5;
  static constexpr std::size_t kSteps = 544;
  static constexpr double kPerUnit = static_cast<double>(kSteps) / kEnd;  // 64

  TailTable();
  std::array<Node, kSteps + 1> nodes;  ///< 8.7 kB: it stays in the processor's nearest cache
};
extern const TailTable kTails;

/// Probability that a standard normal number is above z, from the table.
/// @param z  >= 0
/// @returns  0 from 8.5 on, where the true value is below 1e-17
inline double UpperTail(double z) {
  if (z >= TailTable::kEnd) {
    return 0;
  }
  const double at = z * TailTable::kPerUnit;
  const auto i = static_cast<std::size_t>(at);
  const double t = at - static_cast<double>(i);
  const TailTable::Node& a = kTails.nodes[i];
  const TailTable::Node& b = kTails.nodes[i + 1];
  const double rise = b.value - a.value;
  const double s = 1 - t;
  return s * a.value + t * b.value + t * s * (s * (a.slope - rise) - t * (b.slope - rise));
}

/// Probability of the interval from `low` to `high` under a standard normal distribution.
/// @param low, high  low <= high
double NormalMass(double low, double high);

/// What a kernel has inside of the bounds. @param below, above  distances of its mean from them, in
/// standard deviations, >= 0
inline double MassInside(double below, double above) {
  return 1 - UpperTail(below) - UpperTail(above);
}

/// A normal distribution truncated to [0, 1], by inversion. @param mean  in [0, 1]
/// @param uniform  in [0, 1)
double SampleTruncated(double mean, double sd, double uniform);

}  // namespace hone::sampling
