// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <vector>

/// What the kernels of a Parzen estimator weigh and how wide they are.
namespace hone::sampling {

/// Weights by age, the oldest first: the 25 newest ones count fully, the older ones linearly less.
/// @returns shape (n), in (0, 1]
/// @source Bergstra, Yamins, Cox 2013, "Making a science of model search"
Eigen::ArrayXd WeightsByAge(std::size_t n);

/// Spreads of the kernels of one coordinate: the distance to the farther neighbour, the prior's
/// mean and the bounds being neighbours, too.
/// @param points  shape (n), in [0, 1]  @returns shape (n)
/// @source Bergstra, Bardenet, Bengio, Kegl 2011
Eigen::ArrayXd NeighbourSpreads(const Eigen::ArrayXd& points, double prior_mean);

/// A coordinate of a point that is known by its number.
struct Placed {
  double value;
  Eigen::Index point;
};
/// Into an ascending list.
void Insert(std::vector<Placed>& placed, Placed one);
/// The same of points in ascending order of their values. @param placed  numbers from 0 to n - 1
Eigen::ArrayXd NeighbourSpreads(std::vector<Placed> placed, double prior_mean);

}  // namespace hone::sampling
